// What the methods take and give, by the name of the operation, from the API's own description.
import type { components, operations } from "./schema.js";

type Name = keyof operations;
type Responses<N extends Name> = operations[N]["responses"];

/** JSON as it is described; text of another kind (a calendar) is a string, no content undefined. */
type Content<Response> = Response extends { content: infer Media }
  ? Media extends { "application/json": infer Json }
    ? Json
    : string
  : undefined;

type Success = 200 | 201 | 202 | 204 | 207;

/** What an operation gives: whatever it answers when it succeeds, 202 and 207 too. */
export type Result<N extends Name> = {
  [Status in keyof Responses<N> & Success]: Content<Responses<N>[Status]>;
}[keyof Responses<N> & Success];

/** A file, whole: it is sent again when it has to be. */
export type FileBody = string | Blob | ArrayBuffer | ArrayBufferView;

/** What an operation takes. */
export type Body<N extends Name> = operations[N] extends { requestBody: { content: infer Media } }
  ? keyof Media extends "application/json"
    ? Media["application/json" & keyof Media]
    : FileBody
  : never;

/** What any call takes beside ids and body. */
export interface CallOptions {
  /** Ends the call, also while it waits; it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds that the whole call may take, with all its attempts and the pauses between. */
  timeout?: number | undefined;
  /** How many times it is tried again. */
  maxRetries?: number | undefined;
}

interface OptionOf {
  "Idempotency-Key": "idempotencyKey";
  "If-Match": "ifMatch";
  "If-None-Match": "ifNoneMatch";
  Prefer: "prefer";
}

type Parameters<N extends Name, In extends "query" | "header"> =
  operations[N]["parameters"] extends { [Key in In]?: infer Known extends object } ? Known : {};
type Query<N extends Name> = {
  [Key in keyof Parameters<N, "query">]?: Parameters<N, "query">[Key] | undefined;
};
type Header<N extends Name> = Parameters<N, "header">;

/** What an operation takes beside ids and body: its headers and its query, by name. */
export type Options<N extends Name> = CallOptions &
  Query<N> & {
    [Key in keyof Header<N> & keyof OptionOf as OptionOf[Key]]?: string | undefined;
  };

/** Without `ifNoneMatch` a read is answered with what it reads, else perhaps with undefined. */
export interface Unconditional {
  ifNoneMatch?: undefined;
}

/** What an iterator over a list takes; `limit` is the size of a page, `timeout` of each page. */
export type PageOptions<N extends Name> = CallOptions & Query<N>;

/** A row of a list. */
export type Item<N extends Name> =
  Result<N> extends { items: (infer Row)[] } ? Row : never;

/** A response whose body has been read. */
export interface Reply<T> {
  data: T;
  response: Response;
}

/** The promise of what an operation gives. */
export interface Call<T> extends Promise<T> {
  /** The same with the response: its status and its headers. */
  withResponse(): Promise<Reply<T>>;
}

type Failure = Content<Responses<"me">[401]>["error"];
/** The codes of the API. */
export type ApiErrorCode = Failure["code"];
/** One thing that is wrong with a request; `message` says how to mend it. */
export type ErrorDetail = NonNullable<Failure["details"]>[number];

type Json<N extends Name, Status extends keyof Responses<N>> = Content<Responses<N>[Status]>;

export type Me = Result<"me">;
export type Trip = Result<"getTrip">;
export type Leg = Item<"listLegs">;
export type Stay = Item<"listStays">;
export type MapPin = Item<"listMapPins">;
export type ActionItem = Item<"listActionItems">;
export type Commitment = Item<"listCommitments">;
export type Channel = Item<"listChannels">;
export type Message = Item<"listMessages">;
export type Member = Item<"listMembers">;
export type TripExport = Result<"exportTrip">;
export type Snapshot = Body<"syncTrip">;
export type SyncResult = Json<"syncTrip", 200>;
export type BatchResult = Json<"upsertLegs", 200>;
export type UndoResult = Json<"undo", 200>;
export type Job = Result<"getJob">;
export type Change = Item<"listChanges">;
export type Changeset = Item<"listHistory">;
export type Webhook = Item<"listWebhooks">;
export type Delivery = Item<"listDeliveries">;
export type SharedTrip = Result<"getSharedTrip">;

/** A changeset as a stream of events tells it; one of many rows has `more` instead of `items`. */
export type TripChange = components["schemas"]["ChangesetEvent"];
