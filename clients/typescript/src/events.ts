import { Deadline } from "./deadline.js";
import { CarnetError, ConnectionError, TimeoutError, unexpected } from "./errors.js";
import { type Block, blocks } from "./event-stream.js";
import { OPERATIONS } from "./operations.js";
import { prepare } from "./request.js";
import { type Transport, backoff, isPassing, retryAfter } from "./transport.js";
import type { TripChange } from "./types.js";

export interface EventsOptions {
  /** The `rev` that is known; what came after it comes first. From now on if not given. */
  since?: number | undefined;
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
  /**
   * Milliseconds without a sign of life after which the stream is opened anew; 45,000 if not
   * given. The server gives one each 15 seconds.
   */
  timeout?: number | undefined;
}

/**
 * What a stream tells: `hello` each time it begins, `change` of each changeset, in order and once;
 * `reset` when what came between is no longer kept: read the export anew.
 */
export type TripEvent =
  | { type: "hello" | "reset"; id: number; data: { rev: number } }
  | { type: "change"; id: number; data: TripChange };

const LONGEST_PAUSE = 30_000;

/**
 * Follows a trip. The stream is opened as any call is made; once it has begun, it is opened anew
 * after whatever may pass, from where it was, until the signal is aborted.
 */
export async function* events(
  transport: Transport,
  tripId: string,
  { since, signal, timeout = 45_000 }: EventsOptions,
): AsyncGenerator<TripEvent, void, undefined> {
  const whole = new Deadline(Infinity, signal);
  let position = since;
  let begun = false;
  let failures = 0;
  let retry = 1_000;
  try {
    for (;;) {
      let pause: number | undefined;
      try {
        const quiet = new Deadline(timeout, whole.signal);
        const retries = begun ? 0 : undefined;
        for await (const block of stream(transport, tripId, position, quiet, retries)) {
          retry = block.retry ?? retry;
          const event = eventOf(block);
          if (event && !(event.type === "change" && event.id <= (position ?? -1))) {
            begun = true;
            failures = 0;
            position = event.id;
            yield event;
          }
        }
      } catch (error) {
        if (!begun || !(isPassing(error) || error instanceof TimeoutError)) {
          throw error;
        }
        pause = retryAfter(error as CarnetError);
      }
      await whole.sleep(pause ?? retry + backoff(failures++, LONGEST_PAUSE));
    }
  } catch (error) {
    if (!signal?.aborted) {
      throw error;
    }
  } finally {
    whole.end();
  }
}

/** One stream, until it ends or nothing comes for too long. */
async function* stream(
  transport: Transport,
  tripId: string,
  since: number | undefined,
  quiet: Deadline,
  maxRetries: number | undefined,
): AsyncGenerator<Block, void, undefined> {
  try {
    // A page of another origin may not send `Last-Event-ID`; `since` does the same.
    const [request] = prepare(OPERATIONS.events, [tripId, { since }]);
    const { response } = await transport.send(request, quiet, () => undefined, maxRetries);
    const { status, headers, body } = response;
    if (!body || !headers.get("Content-Type")?.startsWith("text/event-stream")) {
      throw new CarnetError("UNEXPECTED_ANSWER", unexpected(response), { status, headers });
    }
    try {
      yield* blocks(body, () => quiet.renew());
    } catch (error) {
      quiet.signal.throwIfAborted();
      throw new ConnectionError(error);
    }
  } finally {
    quiet.end();
  }
}

function eventOf({ event, id, data }: Block): TripEvent | undefined {
  return data ? ({ type: event, id: Number(id), data: JSON.parse(data) } as TripEvent) : undefined;
}
