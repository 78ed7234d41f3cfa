import assert from "node:assert/strict";
import { test } from "node:test";
import { all, json, LEG, madeUp, newClient, newProxy, newTrip, PIN } from "./world.js";

const pin = (number) => ({ ...PIN, name: `Pin ${number}`, clientRef: `pin-${number}` });
const pins = (count) => Array.from({ length: count }, (_, number) => pin(number));

test("an iterator reads every page, over a connection that is cut too", async () => {
  const proxy = await newProxy();
  const client = newClient({ baseUrl: proxy.url });
  const tripId = await newTrip();
  await client.sync(tripId, { mapPins: pins(7) });
  proxy.requests.length = 0;
  proxy.faults = [undefined, "within", undefined, "after"];
  const found = await all(client.iterateMapPins(tripId, { limit: 3 }));
  assert.deepEqual(found.map(({ name }) => name), pins(7).map(({ name }) => name));
  assert.equal(proxy.requests.length, 5);
  assert.ok(proxy.requests.every(({ url }) => /\/map-pins\?limit=3(&cursor=|$)/.test(url)));
});

test("an iterator begins at a cursor, and reads no page that is not asked for", async () => {
  const proxy = await newProxy();
  const client = newClient({ baseUrl: proxy.url });
  const tripId = await newTrip();
  await client.sync(tripId, { mapPins: pins(4) });
  const { nextCursor } = await client.listMapPins(tripId, { limit: 1 });
  proxy.requests.length = 0;
  for await (const { name } of client.iterateMapPins(tripId, { limit: 2, cursor: nextCursor })) {
    assert.equal(name, "Pin 1");
    break;
  }
  assert.equal(proxy.requests.length, 1);
});

test("an iterator ends where a cursor comes again", async () => {
  const { asked, fetch } = madeUp((n) => json({ items: [n], nextCursor: n % 2 ? "a" : "b" }));
  assert.deepEqual(await all(newClient({ fetch }).iterateTrips()), [1, 2, 3]);
  assert.equal(asked.length, 3);
});

test("an iterator is aborted like a call", async () => {
  const stop = new AbortController();
  const { fetch } = madeUp((n) => json({ items: [n], nextCursor: `${n}` }));
  const seen = [];
  await assert.rejects(async () => {
    for await (const each of newClient({ fetch }).iterateTrips({ signal: stop.signal })) {
      seen.push(each);
      stop.abort();
    }
  }, { name: "AbortError" });
  assert.deepEqual(seen, [1]);
});

test("changes are each row once, and tell how far they go", async () => {
  const client = newClient();
  const tripId = await newTrip();
  const { rev: since } = await client.exportTrip(tripId);
  const leg = await client.createLeg(tripId, LEG);
  await client.sync(tripId, { mapPins: pins(3) });
  await client.updateLeg(tripId, leg._id, { title: "Kyoto" });
  const changes = client.changes(tripId, { since, limit: 2 });
  assert.equal(changes.rev, since);
  const found = await all(changes);
  assert.deepEqual(found.map(({ kind }) => kind), ["mapPin", "mapPin", "mapPin", "leg"]);
  assert.equal(found[3].document.title, "Kyoto");
  assert.equal(changes.rev, since + 3);
  assert.deepEqual(await all(client.changes(tripId, { since: changes.rev })), []);
  assert.ok((await all(client.changes(tripId))).length > 4);
});

test("changes that were left go on from what was whole", async () => {
  const client = newClient();
  const tripId = await newTrip();
  const { rev: since } = await client.exportTrip(tripId);
  await client.createLeg(tripId, LEG);
  await client.sync(tripId, { mapPins: pins(3) });
  const changes = client.changes(tripId, { since });
  await changes.next();
  assert.equal(changes.rev, since);
  await changes.next(); // the first pin of three: the leg is done, they are not
  assert.equal(changes.rev, since + 1);
  await changes.return();
  assert.equal((await all(client.changes(tripId, { since: changes.rev }))).length, 3);
});

test("a revision that is not there is an error of its code", async () => {
  const tripId = await newTrip();
  await assert.rejects(all(newClient().changes(tripId, { since: 1_000_000 })), {
    code: "VALIDATION_ERROR",
  });
});
