import type { ApiErrorCode, ErrorDetail } from "./types.js";

/** What an answer without a code is, of a program in between, by its status. */
const CODES: Record<number, ApiErrorCode> = {
  400: "VALIDATION_ERROR",
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  405: "METHOD_NOT_ALLOWED",
  409: "CONFLICT",
  410: "GONE",
  412: "PRECONDITION_FAILED",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  429: "RATE_LIMITED",
  500: "INTERNAL",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "UNAVAILABLE",
};

/**
 * What went wrong: a code of the API; or, where there was no answer of a Carnet,
 * `CONNECTION_FAILED` (none came), `TIMEOUT` (not in time) or `UNEXPECTED_ANSWER` (another
 * program's).
 */
export type ErrorCode = ApiErrorCode | "CONNECTION_FAILED" | "TIMEOUT" | "UNEXPECTED_ANSWER";

interface About {
  status?: number | undefined;
  details?: ErrorDetail[] | undefined;
  requestId?: string | undefined;
  headers?: Headers | undefined;
  cause?: unknown;
}

/** Why a call failed. */
export class CarnetError extends Error {
  readonly code: ErrorCode;
  /** Of the response; undefined where there was none. */
  readonly status: number | undefined;
  readonly details: ErrorDetail[];
  /** What the server's log knows the request by. */
  readonly requestId: string | undefined;
  readonly headers: Headers | undefined;

  constructor(code: ErrorCode, message: string, about: About = {}) {
    super(message, "cause" in about ? { cause: about.cause } : undefined);
    this.name = "CarnetError";
    this.code = code;
    this.status = about.status;
    this.details = about.details ?? [];
    this.requestId = about.requestId;
    this.headers = about.headers;
  }
}

/** No whole answer came: the network, or a server that is not there. */
export class ConnectionError extends CarnetError {
  declare readonly code: "CONNECTION_FAILED";

  constructor(cause: unknown) {
    super("CONNECTION_FAILED", `No answer came: ${reason(cause)}`, { cause });
  }
}

/** `fetch` hides why it failed in the cause of its error. */
function reason(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string } };
  return cause?.message || message || String(error);
}

/** The answer did not come within the call's `timeout`. */
export class TimeoutError extends CarnetError {
  declare readonly code: "TIMEOUT";

  constructor(milliseconds: number) {
    super("TIMEOUT", `No answer within ${milliseconds} ms`);
  }
}

/** The error that a response tells; one of a program in between goes by its status. */
export function errorOf(response: Response, text: string): CarnetError {
  const { status, headers } = response;
  let told: Partial<About & { code: ErrorCode; message: string }> | undefined;
  try {
    told = JSON.parse(text).error;
  } catch {
    // Not of this API.
  }
  if (told?.code) {
    return new CarnetError(told.code, told.message ?? told.code, { ...told, status, headers });
  }
  const code = CODES[status] ?? "UNEXPECTED_ANSWER";
  const requestId = headers.get("X-Request-Id") ?? undefined;
  return new CarnetError(code, unexpected(response), { status, headers, requestId });
}

/** What to say of an answer that is no Carnet's. */
export function unexpected({ status, type, headers }: Response): string {
  if (type === "opaqueredirect" || headers.has("Location")) {
    const target = headers.get("Location") ?? "another address";
    return `The server redirects to ${target}: give the address it points to as baseUrl`;
  }
  return `The answer (${status}) is not Carnet's: does baseUrl name one?`;
}
