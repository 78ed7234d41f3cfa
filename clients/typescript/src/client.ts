import { type Changes, type ChangesOptions, changes } from "./changes.js";
import { type EventsOptions, type TripEvent, events } from "./events.js";
import { type SyncOptions, type WaitOptions, syncToTheEnd, waitForJob } from "./jobs.js";
import { addMethods } from "./methods.js";
import type { Operations, SharedOperations } from "./operations.js";
import { type Settings, Transport, call } from "./transport.js";
import type { Call, Job, Snapshot, SyncResult } from "./types.js";
import { type Kind, type Row, type UpsertOptions, type UpsertResult, upsertAll } from "./upsert.js";

export interface CarnetClientOptions extends Settings {
  apiKey: string;
}

export interface SharedTripClientOptions extends Settings {
  /** Of a share link: what comes last in it. */
  token: string;
}

/** Calls the API with a key. Its methods are the operations of the API, and those below. */
export class CarnetClient {
  readonly #transport: Transport;

  static {
    addMethods<CarnetClient>(this.prototype, "/", (client, operation, args) =>
      client.#transport.call(operation, args),
    );
  }

  constructor({ apiKey, ...settings }: CarnetClientOptions) {
    this.#transport = new Transport(settings, text("apiKey", apiKey));
  }

  /** `syncTrip`; with `onProgress` a 202 is followed to its end. */
  sync(
    tripId: string,
    snapshot: Snapshot,
    options: SyncOptions & { onProgress: (job: Job) => void },
  ): Call<SyncResult>;
  sync(tripId: string, snapshot: Snapshot, options?: SyncOptions): Call<SyncResult | Job>;
  sync(tripId: string, snapshot: Snapshot, options: SyncOptions = {}): Call<SyncResult | Job> {
    return options.onProgress
      ? call(syncToTheEnd(this, tripId, snapshot, options))
      : this.syncTrip(tripId, snapshot, options);
  }

  /** Waits until a job has succeeded; rejects with the error of one that has failed. */
  waitForJob(jobId: string, options: WaitOptions = {}): Promise<Job> {
    return waitForJob(this, jobId, options);
  }

  /**
   * What changed in a trip since a revision, each row once, in its latest state; its `rev` tells
   * how far that goes. `GONE` when the revision is too old: read the export anew.
   */
  changes(tripId: string, options: ChangesOptions = {}): Changes {
    return changes(this, tripId, options);
  }

  /**
   * Follows a trip: `GET /trips/{tripId}/events`. Goes on by itself where a connection is lost,
   * and ends when the signal is aborted.
   */
  events(tripId: string, options: EventsOptions = {}): AsyncGenerator<TripEvent, void, undefined> {
    return events(this.#transport, tripId, options);
  }

  /** Upserts any number of rows, by as many syncs as it takes, within the rate limit. */
  upsertAll<K extends Kind>(
    tripId: string,
    kind: K,
    rows: Iterable<Row<K>> | AsyncIterable<Row<K>>,
    options: UpsertOptions = {},
  ): Promise<UpsertResult> {
    return upsertAll(this, tripId, kind, rows, options);
  }
}
export interface CarnetClient extends Operations {}

/** Reads what a share token opens, without a key. */
export class SharedTripClient {
  readonly #transport: Transport;
  readonly #token: string;

  static {
    const below = "/shared/trips/{token}";
    addMethods<SharedTripClient>(this.prototype, below, (client, operation, args) =>
      client.#transport.call(operation, [client.#token, ...args]),
    );
  }

  constructor({ token, ...settings }: SharedTripClientOptions) {
    this.#transport = new Transport(settings);
    this.#token = text("token", token);
  }
}
export interface SharedTripClient extends SharedOperations {}

/** A key or a token; `TypeError` for what can be none, such as a variable that is not set. */
function text(name: string, value: unknown): string {
  if (typeof value !== "string" || !/^[!-~]+$/.test(value)) {
    throw new TypeError(`${name} must be text of visible ASCII characters`);
  }
  return value;
}
