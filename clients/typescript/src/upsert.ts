import type { CarnetClient } from "./client.js";
import { Deadline } from "./deadline.js";
import { syncToTheEnd } from "./jobs.js";
import type { Options, Snapshot, SyncResult } from "./types.js";

/** The lists of a snapshot. */
export type Kind = {
  [Name in keyof Snapshot & keyof SyncResult]: NonNullable<Snapshot[Name]> extends unknown[]
    ? Name
    : never;
}[keyof Snapshot & keyof SyncResult];

/** A row of such a list. */
export type Row<K extends Kind> = NonNullable<Snapshot[K]>[number];

/** What became of the rows: `items` has each one, by its `index`. */
export type UpsertResult = NonNullable<SyncResult[Kind]>;

export interface UpsertProgress {
  /** Rows that are done. */
  done: number;
  /** Of how many, where that is known before the last one. */
  total: number | undefined;
}

/** What each of the syncs takes; `timeout` is of one of them. */
export interface UpsertOptions extends Omit<Options<"syncTrip">, "prefer"> {
  /** Told how far it is, at least after each request. */
  onProgress?: ((progress: UpsertProgress) => void) | undefined;
}

/** Rows of a request: far less than a server takes by default, whatever their size. */
const CHUNK_ROWS = 2_000;
const CHUNK_CHARACTERS = 4_000_000;
/** Milliseconds in which a key may make so many requests. */
const WINDOW = 60_000;

/**
 * Upserts any number of rows, by as many syncs as it takes. Where the key has no request left in
 * the window, it waits for the next one. With an `idempotencyKey` each request has that key and
 * its number, so that the same rows given again after a failure go on where it was.
 */
export async function upsertAll<K extends Kind>(
  client: CarnetClient,
  tripId: string,
  kind: K,
  rows: Iterable<Row<K>> | AsyncIterable<Row<K>>,
  { onProgress, idempotencyKey, ...options }: UpsertOptions,
): Promise<UpsertResult> {
  const total = Array.isArray(rows) ? rows.length : undefined;
  const sum: UpsertResult = { created: 0, updated: 0, unchanged: 0, errors: 0, items: [] };
  const whole = new Deadline(Infinity, options.signal);
  const window = new Window();
  let number = 0;
  try {
    for await (const chunk of chunks(rows)) {
      await whole.sleep(window.wait);
      const done = sum.items.length;
      const key = idempotencyKey && `${idempotencyKey}-${number++}`;
      const { data, response } = await syncToTheEnd(
        client,
        tripId,
        { [kind]: chunk },
        {
          ...options,
          idempotencyKey: key,
          onProgress: (job) => onProgress?.({ done: done + job.progress.done, total }),
        },
      );
      window.see(response.headers);
      add(sum, data[kind] as UpsertResult);
      onProgress?.({ done: done + chunk.length, total });
    }
  } finally {
    whole.end();
  }
  return sum;
}

/** Adds what became of the next rows. */
function add(sum: UpsertResult, next: UpsertResult): void {
  const before = sum.items.length;
  for (const count of ["created", "updated", "unchanged", "errors"] as const) {
    sum[count] += next[count];
  }
  for (const item of next.items) {
    sum.items.push({ ...item, index: before + item.index });
  }
}

/** The rows in groups that one request can take. */
async function* chunks<R>(rows: Iterable<R> | AsyncIterable<R>): AsyncGenerator<R[]> {
  let chunk: R[] = [];
  let characters = 0;
  for await (const row of rows) {
    const more = JSON.stringify(row).length;
    if (chunk.length === CHUNK_ROWS || (chunk.length && characters + more > CHUNK_CHARACTERS)) {
      yield chunk;
      chunk = [];
      characters = 0;
    }
    chunk.push(row);
    characters += more;
  }
  if (chunk.length) {
    yield chunk;
  }
}

/** What responses tell of the rate limit's window. */
class Window {
  #left = Infinity;
  #ends = 0;

  /** Milliseconds until another request may be made; at worst a whole window. */
  get wait(): number {
    return this.#left > 0 ? 0 : this.#ends - performance.now();
  }

  see(headers: Headers): void {
    const left = Number(headers.get("X-RateLimit-Remaining") ?? Infinity);
    if (left >= this.#left || this.#ends === 0) {
      this.#ends = performance.now() + WINDOW; // it is a new one, which began before this
    }
    this.#left = left;
  }
}
