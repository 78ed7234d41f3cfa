import assert from "node:assert/strict";
import { test } from "node:test";
import { json, madeUp, newClient, newProxy, newTrip, PIN } from "./world.js";

const pins = (count) =>
  Array.from({ length: count }, (_, number) => ({ ...PIN, clientRef: `pin-${number}` }));

test("a job is waited for, and tells how far it is", async () => {
  const client = newClient();
  const tripId = await newTrip();
  const { _id } = await client.syncTrip(tripId, { mapPins: pins(3) }, { prefer: "respond-async" });
  const seen = [];
  const job = await client.waitForJob(_id, { onProgress: (now) => seen.push(now) });
  assert.equal(job.status, "succeeded");
  assert.equal(job.result.mapPins.created, 3);
  assert.deepEqual(seen.at(-1), job);
});

const jobs = (...states) =>
  madeUp((n) => json({ _id: "j1", progress: { done: n, total: 3 }, ...states[n - 1] }));

test("a job that fails is an error of its code", async () => {
  const error = { code: "PAYLOAD_TOO_LARGE", message: "Too much", details: [] };
  const { fetch } = jobs({ status: "queued" }, { status: "failed", error });
  await assert.rejects(newClient({ fetch }).waitForJob("j1"), { name: "CarnetError", ...error });
});

test("waiting for a job ends at its deadline, and when it is aborted", async () => {
  const { fetch } = madeUp(() => json({ _id: "j1", status: "running", progress: { done: 0 } }));
  const client = newClient({ fetch });
  await assert.rejects(client.waitForJob("j1", { timeout: 20 }), { code: "TIMEOUT" });
  const stop = new AbortController();
  const reason = new Error("enough");
  const options = { signal: stop.signal, onProgress: () => stop.abort(reason) };
  await assert.rejects(client.waitForJob("j1", options), reason);
});

test("a sync with onProgress gives the result, whether by a job or not", async () => {
  const client = newClient();
  const tripId = await newTrip();
  const seen = [];
  const onProgress = (job) => seen.push(job.status);
  const options = { prefer: "respond-async", onProgress };
  const { data, response } = await client
    .sync(tripId, { mapPins: pins(2) }, options)
    .withResponse();
  assert.deepEqual([data.mapPins.created, response.status], [2, 202]);
  assert.equal(seen.at(-1), "succeeded");
  const again = await client.sync(tripId, { mapPins: pins(2) }, { onProgress });
  assert.equal(again.mapPins.unchanged, 2);
  const job = await client.sync(tripId, {}, { prefer: "respond-async" });
  assert.ok(job._id);
});

test("an import is taken back", async () => {
  const client = newClient();
  const tripId = await newTrip();
  await client.sync(tripId, { mapPins: pins(3) });
  const { items } = await client.listHistory(tripId, { limit: 1 });
  const tried = await client.undo(tripId, items[0].rev, { dryRun: true });
  assert.deepEqual([tried.dryRun, tried.mapPins.deleted], [true, 3]);
  assert.equal((await client.undo(tripId, items[0].rev)).mapPins.deleted, 3);
  assert.deepEqual((await client.listMapPins(tripId)).items, []);
});

test("any number of rows is upserted, on a bad connection too; twice is unchanged", async () => {
  const proxy = await newProxy();
  const client = newClient({ baseUrl: proxy.url });
  const tripId = await newTrip();
  const rows = pins(4_500);
  rows[4_200] = { name: "Nowhere" };
  proxy.faults = ["after", undefined, "within", { status: 503 }, undefined, "before"];
  const seen = [];
  const first = await client.upsertAll(tripId, "mapPins", rows, {
    onProgress: (progress) => seen.push(progress),
  });
  assert.deepEqual([first.created, first.errors, first.items.length], [4_499, 1, 4_500]);
  assert.deepEqual(first.items.map(({ index }) => index), rows.map((_, index) => index));
  assert.equal(first.items[4_200].status, "error");
  assert.deepEqual(seen.at(-1), { done: 4_500, total: 4_500 });

  async function* later() {
    yield* rows;
  }
  const second = await client.upsertAll(tripId, "mapPins", later(), { dryRun: true });
  assert.deepEqual([second.unchanged, second.errors], [4_499, 1]);
});

test("no rows are no request; large rows go by few", async () => {
  const { asked, fetch } = madeUp((_, { body }) => {
    const { mapPins } = JSON.parse(body);
    const items = mapPins.map((_, index) => ({ index, status: "created" }));
    return json({ mapPins: { created: items.length, updated: 0, unchanged: 0, errors: 0, items } });
  });
  const client = newClient({ fetch });
  assert.equal((await client.upsertAll("t1", "mapPins", [])).created, 0);
  assert.equal(asked.length, 0);
  const rows = Array(5).fill({ ...PIN, notes: "x".repeat(1_500_000) });
  const { created } = await client.upsertAll("t1", "mapPins", rows, { idempotencyKey: "mine" });
  assert.equal(created, 5);
  const keys = asked.map(({ headers }) => headers["Idempotency-Key"]);
  assert.deepEqual(keys, ["mine-0", "mine-1", "mine-2"]);
});

test("where the window has no request left, the next one is waited for", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const left = ["2", "0", "9"];
  const { asked, fetch } = madeUp((n) =>
    json({ mapPins: { created: 1, updated: 0, unchanged: 0, errors: 0, items: [] } }, 200, {
      "X-RateLimit-Remaining": left[n - 1],
    }),
  );
  const settled = async () => {
    for (let turns = 0; turns < 20; turns++) {
      await new Promise(setImmediate);
      t.mock.timers.tick(0);
    }
  };
  const work = newClient({ fetch }).upsertAll("t1", "mapPins", pins(6_000));
  await settled();
  assert.equal(asked.length, 2);
  t.mock.timers.tick(59_000);
  await settled();
  assert.equal(asked.length, 2);
  t.mock.timers.tick(1_000);
  await settled();
  assert.equal(asked.length, 3);
  assert.equal((await work).created, 3);
});
