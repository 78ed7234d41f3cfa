// Compiled, not run: each line below `@ts-expect-error` must be one, and no other.
import {
  CarnetClient,
  CarnetError,
  OsotoClient,
  SharedTripClient,
  type BatchResult,
  type Call,
  type Job,
  type Leg,
  type Reply,
  type SyncResult,
  type TripChange,
} from "@carnet/api-client";

const client = new OsotoClient({
  apiKey: process.env.OSOTO_API_KEY!,
  baseUrl: "https://carnet.example.org/api/v1",
});

const me = await client.me();
const { _id: tripId } = await client.createTrip({
  groupId: me.defaultGroupId!,
  title: "Cotswolds",
  startDate: "2026-07-15",
  endDate: "2026-07-22",
});

for await (const leg of client.iterateLegs(tripId)) {
  console.log(leg.title);
}

/** Takes only what is of just this type. */
function exactly<Expected>() {
  return <Given>(
    _given: (<T>() => T extends Expected ? 1 : 2) extends <T>() => T extends Given ? 1 : 2
      ? Given
      : never,
  ): void => {};
}

const same: CarnetClient = client;

// @ts-expect-error there is no server without an address
new CarnetClient({ apiKey: "osk_" });
// @ts-expect-error a title is required
same.createTrip({ groupId: "g1", startDate: "2026-07-15", endDate: "2026-07-22" });
// @ts-expect-error it is one of three
same.createActionItem("t1", { text: "Book", urgency: "soon" });
// @ts-expect-error no such field
same.updateLeg("t1", "l1", { titel: "Bath" });
// @ts-expect-error a trip has no id of a leg
same.deleteLeg("t1");
// @ts-expect-error a revision is a number
same.undo("t1", "12");
// @ts-expect-error no such parameter
same.listLegs("t1", { limt: 5 });
// @ts-expect-error reads have no Idempotency-Key
same.listLegs("t1", { idempotencyKey: "k" });
// @ts-expect-error only what is imported can be answered later
same.createLeg("t1", {} as never, { prefer: "respond-async" });
// @ts-expect-error no such list
same.upsertAll("t1", "messages", []);
// What merges into a row need not be whole; what is there has its type.
same.upsertAll("t1", "mapPins", [{ clientRef: "baths", name: "Baths" }]);
// @ts-expect-error a degree is a number
same.upsertAll("t1", "mapPins", [{ name: "Baths", lat: "51.38", lng: -2.36 }]);

exactly<Leg>()((await same.listLegs("t1")).items[0]!);
exactly<undefined>()(await same.deleteLeg("t1", "l1"));
exactly<BatchResult | Job>()(await same.upsertLegs("t1", { items: [] }, { prefer: "wait=1" }));
exactly<SyncResult | Job>()(await same.sync("t1", {}));
exactly<SyncResult>()(await same.sync("t1", {}, { onProgress: (job) => job.progress.done }));
exactly<Reply<Job>>()(await same.getJob("j1").withResponse());

// What was read can be sent back.
await same.sync("t1", await same.exportTrip("t2"));
for await (const pin of same.iterateMapPins("t1")) {
  await same.updateMapPin("t1", pin._id, pin);
}

const conditional = await same.getTrip("t1", { ifNoneMatch: '"tag"', signal: AbortSignal.abort() });
// @ts-expect-error it may not have changed
conditional.title;
conditional?.title;
const always: Call<{ title: string }> = same.getTrip("t1", { timeout: 1 });

for await (const event of same.events("t1", { since: 1 })) {
  if (event.type === "change") {
    exactly<TripChange>()(event.data);
  } else {
    exactly<{ rev: number }>()(event.data);
    // @ts-expect-error only changes have items
    event.data.items;
  }
}

const shared = new SharedTripClient({ baseUrl: "https://carnet.example.org", token: "t" });
const title: string | undefined = (await shared.getSharedTrip()).trip.title;
// @ts-expect-error a share token opens no list
shared.listLegs("t1");

try {
  await always;
} catch (error) {
  if (error instanceof CarnetError && error.code === "NOT_FOUND") {
    exactly<number | undefined>()(error.status);
    const said: string | undefined = error.details[0]?.message ?? error.requestId ?? title;
    console.log(said, error.headers?.get("Retry-After"));
  }
  // @ts-expect-error no such code
  error instanceof CarnetError && error.code === "NOTFOUND";
}
