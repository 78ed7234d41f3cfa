import type { CallOptions, FileBody } from "./types.js";

/** An operation: its method, its path and, where it has a body, what that is. */
export type Operation = readonly [method: string, path: string, body?: "json" | "file"];

/** A request, the same in each of its attempts. */
export interface Request {
  method: string;
  /** Below the API's base, with the query. */
  target: string;
  headers: Record<string, string>;
  body: FileBody | undefined;
}

/** What a call has beside ids and body; what is none of these goes into the query. */
interface Given extends CallOptions {
  idempotencyKey?: string;
  ifMatch?: string;
  ifNoneMatch?: string;
  prefer?: string;
  [parameter: string]: unknown;
}

/**
 * What is sent for a call, and how long and often; its arguments are the ids of the path, the body
 * and the options. `TypeError` for an id that names nothing.
 */
export function prepare(
  [method, path, kind]: Operation,
  args: readonly unknown[],
): [Request, CallOptions] {
  let next = 0;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => segment(name, args[next++]));
  const content = kind && args[next++];
  const { signal, timeout, maxRetries, ...rest } = (args[next] ?? {}) as Given;
  const { idempotencyKey, ifMatch, ifNoneMatch, prefer, ...query } = rest;
  const headers = defined({
    "Content-Type": kind && (kind === "json" ? "application/json" : mediaType(content)),
    "Idempotency-Key": method === "GET" ? undefined : (idempotencyKey ?? newKey()),
    "If-Match": ifMatch,
    "If-None-Match": ifNoneMatch,
    Prefer: prefer,
  });
  const search = String(new URLSearchParams(defined(query)));
  return [
    {
      method,
      target: search ? `${filled}?${search}` : filled,
      headers,
      body: kind === "json" ? JSON.stringify(content) : (content as FileBody | undefined),
    },
    { signal, timeout, maxRetries },
  ];
}

/** An id in a path. An empty one would name the list, and a dot what is above. */
function segment(name: string, id: unknown): string {
  const text = String(id ?? "");
  if (!text || text === "." || text === "..") {
    throw new TypeError(`${name} must be an id, not ${JSON.stringify(id)}`);
  }
  return encodeURIComponent(text);
}

function mediaType(content: unknown): string {
  return (content instanceof Blob && content.type) || "application/octet-stream";
}

/** Pages on plain http, of a home network, have no `crypto.randomUUID`. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What has a value, as text. */
function defined(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined || value === null ? [] : [[name, String(value)]],
    ),
  );
}
