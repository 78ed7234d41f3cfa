import { TimeoutError } from "./errors.js";

/** What `setTimeout` takes at most; more would be at once. */
const LONGEST = 2 ** 31 - 1;

/** What to stop, by signal: Node warns of a leak where one has more than ten listeners. */
const stops = new WeakMap<AbortSignal, Set<() => void>>();

/** Has something stopped when a signal is aborted, by the one listener that it has for all. */
function onAbort(signal: AbortSignal, stop: () => void): void {
  const all = stops.get(signal) ?? new Set();
  if (!stops.has(signal)) {
    stops.set(signal, all);
    signal.addEventListener("abort", () => all.forEach((each) => each()), { once: true });
  }
  all.add(stop);
}

/** Until when something may go on: at most so long, and until its caller aborts it. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #given: AbortSignal | undefined;
  readonly #milliseconds: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ends = Infinity;

  constructor(milliseconds: number, given?: AbortSignal) {
    this.#milliseconds = milliseconds;
    this.#given = given;
    if (given?.aborted) {
      this.#giveUp();
    } else if (given) {
      onAbort(given, this.#giveUp);
    }
    this.renew();
  }

  /** Aborted by the caller with the caller's reason, else with a `TimeoutError`. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Milliseconds. */
  get left(): number {
    return this.#ends - performance.now();
  }

  /** Begins the time anew. */
  renew(): void {
    clearTimeout(this.#timer);
    this.#ends = performance.now() + this.#milliseconds;
    if (this.#milliseconds <= LONGEST) {
      this.#timer = setTimeout(
        () => this.#controller.abort(new TimeoutError(this.#milliseconds)),
        this.#milliseconds,
      );
    }
  }

  /** Ends whatever goes on, and lets go of the caller's signal. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#given) {
      stops.get(this.#given)?.delete(this.#giveUp);
    }
    this.#controller.abort();
  }

  /** Waits; rejects with the signal's reason as soon as it is aborted. */
  sleep(milliseconds: number): Promise<void> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", stop);
        resolve();
      }, milliseconds);
      if (signal.aborted) {
        stop();
      } else {
        signal.addEventListener("abort", stop);
      }
    });
  }

  readonly #giveUp = (): void => this.#controller.abort(this.#given?.reason);
}
