import { Deadline } from "./deadline.js";
import { CarnetError, ConnectionError, errorOf, unexpected } from "./errors.js";
import { type Operation, type Request, prepare } from "./request.js";
import type { Call, Reply } from "./types.js";

/** How a server is spoken to. */
export interface Settings {
  /** The server's address, with or without `/api/v1`. */
  baseUrl: string;
  /** Milliseconds that a call may take, with all its attempts; 120,000 if not given. */
  timeout?: number | undefined;
  /** How many times a call is tried again; 2 if not given. */
  maxRetries?: number | undefined;
  /** What to use in place of the global `fetch`. */
  fetch?: typeof fetch | undefined;
}

const API = "/api/v1";
/** Milliseconds. A longer `Retry-After` is not waited for: the error is the answer. */
const LONGEST_RETRY_AFTER = 60_000;

/** Sends the requests of one caller to one server. */
export class Transport {
  readonly #base: string;
  readonly #authorization: Record<string, string>;
  readonly #timeout: number;
  readonly #maxRetries: number;
  readonly #fetch: typeof fetch;

  constructor(settings: Settings, key?: string) {
    this.#base = base(settings.baseUrl);
    this.#authorization = key === undefined ? {} : { Authorization: `Bearer ${key}` };
    this.#timeout = settings.timeout ?? 120_000;
    this.#maxRetries = settings.maxRetries ?? 2;
    this.#fetch = settings.fetch ?? ((url, init) => fetch(url, init));
  }

  /** Calls an operation with its arguments: the ids of its path, its body, its options. */
  call<T>(operation: Operation, args: readonly unknown[]): Call<T> {
    return call(this.#call<T>(operation, args));
  }

  async #call<T>(operation: Operation, args: readonly unknown[]): Promise<Reply<T>> {
    const [request, { signal, timeout, maxRetries }] = prepare(operation, args);
    const deadline = new Deadline(timeout ?? this.#timeout, signal);
    try {
      const read = (response: Response): Promise<string> => response.text();
      const { data, response } = await this.send(request, deadline, read, maxRetries);
      return { data: parsed(data, response) as T, response };
    } finally {
      deadline.end();
    }
  }

  /** Sends a request until there is an answer that `read` can read. */
  async send<T>(
    { method, target, headers, body }: Request,
    deadline: Deadline,
    read: (response: Response) => T | Promise<T>,
    maxRetries = this.#maxRetries,
  ): Promise<Reply<T>> {
    const { signal } = deadline;
    const init: RequestInit = {
      method,
      headers: { ...headers, ...this.#authorization },
      body: (body as BodyInit | undefined) ?? null,
      signal,
      redirect: "manual", // followed, a POST would become a GET
    };
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      let failure: CarnetError;
      try {
        // Not as a method: a browser's `fetch` wants no object of ours as `this`.
        const response = await (0, this.#fetch)(this.#base + target, init);
        if (response.ok || response.status === 304) {
          return { data: await read(response), response };
        }
        failure = errorOf(response, await response.text());
      } catch (error) {
        signal.throwIfAborted();
        failure = new ConnectionError(error);
      }
      const pause = retryAfter(failure) ?? backoff(attempt);
      if (attempt >= maxRetries || !isPassing(failure) || pause > deadline.left) {
        throw failure;
      }
      await deadline.sleep(pause);
    }
  }
}

/** The promise of what a reply holds, which can give the response too. */
export function call<T>(reply: Promise<Reply<T>>): Call<T> {
  const data = reply.then((found) => found.data);
  const withResponse = (): Promise<Reply<T>> => {
    data.catch(() => {}); // the caller has the other promise, which fails with the same
    return reply;
  };
  return Object.assign(data, { withResponse });
}

/** Whether the same request may succeed later. Never a 409: it is the answer. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof CarnetError) || (retryAfter(error) ?? 0) > LONGEST_RETRY_AFTER) {
    return false;
  }
  const { code, status = 0 } = error;
  return code === "CONNECTION_FAILED" || status === 408 || status === 429 || status >= 500;
}

/** Milliseconds that the server asks to wait, by seconds or a date (RFC 9110, section 10.2.3). */
export function retryAfter({ headers }: CarnetError): number | undefined {
  const told = headers?.get("Retry-After");
  if (!told) {
    return undefined;
  }
  const milliseconds = /^\d+$/.test(told) ? Number(told) * 1000 : Date.parse(told) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

/**
 * Milliseconds to wait after a failure, longer after each one before, and by chance: clients that
 * failed together do not come back together.
 */
export function backoff(failuresBefore: number, longest = 8_000): number {
  return Math.min(longest, 400 * 2 ** failuresBefore) * (0.5 + Math.random() / 2);
}

/** What a response holds: JSON, text of another kind (a calendar), or nothing. */
function parsed(text: string, response: Response): unknown {
  if (!text) {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const type = response.headers.get("Content-Type") ?? "";
    if (type.startsWith("text/") && !type.startsWith("text/html")) {
      return text;
    }
    const { status, headers } = response;
    throw new CarnetError("UNEXPECTED_ANSWER", unexpected(response), { status, headers, cause });
  }
}

/** The root of the API; `TypeError` for what is no address. */
function base(baseUrl: string): string {
  // A page may name its own server by a path.
  const { protocol, host, pathname } = new URL(baseUrl, globalThis.location?.href);
  if (!/^https?:$/.test(protocol)) {
    throw new TypeError(`baseUrl must begin with http:// or https://, not ${protocol}`);
  }
  const path = pathname.replace(/\/+$/, "").replace(/\/api\/v1$/, "");
  return `${protocol}//${host}${path}${API}`;
}
