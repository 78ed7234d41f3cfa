export type { Changes, ChangesOptions } from "./changes.js";
export {
  CarnetClient,
  type CarnetClientOptions,
  // The name that clients of the same API elsewhere know it by.
  CarnetClient as OsotoClient,
  SharedTripClient,
  type SharedTripClientOptions,
} from "./client.js";
export {
  CarnetError,
  ConnectionError,
  type ErrorCode,
  TimeoutError,
} from "./errors.js";
export type { EventsOptions, TripEvent } from "./events.js";
export type { SyncOptions, WaitOptions } from "./jobs.js";
export type { components, operations, paths } from "./schema.js";
export type * from "./types.js";
export type { Kind, Row, UpsertOptions, UpsertProgress, UpsertResult } from "./upsert.js";
