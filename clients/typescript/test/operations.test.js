import assert from "node:assert/strict";
import { test } from "node:test";
import { CarnetClient, OsotoClient, SharedTripClient } from "@carnet/api-client";
import { prepare } from "../dist/esm/request.js";
import { all, json, LEG, madeUp, newClient, newTrip, PIN, world } from "./world.js";

test("the snippet of the reference page runs", async () => {
  const client = new OsotoClient({ apiKey: world.apiKey, baseUrl: `${world.url}/api/v1` });
  const me = await client.me();
  const { _id: tripId } = await client.createTrip({
    groupId: me.defaultGroupId,
    title: "Cotswolds",
    startDate: "2026-07-15",
    endDate: "2026-07-22",
  });
  await client.createLeg(tripId, LEG);
  for await (const leg of client.iterateLegs(tripId)) {
    assert.equal(leg.title, LEG.title);
  }
});

test("OsotoClient is CarnetClient", () => assert.equal(OsotoClient, CarnetClient));

test("202 and 207 are data, 204 is undefined", async () => {
  const client = newClient();
  const tripId = await newTrip();
  const items = [PIN, { name: "Nowhere" }];
  const some = await client.upsertMapPins(tripId, { items }).withResponse();
  assert.equal(some.response.status, 207);
  assert.deepEqual([some.data.created, some.data.errors], [1, 1]);
  const later = await client
    .syncTrip(tripId, { mapPins: [PIN] }, { prefer: "respond-async" })
    .withResponse();
  assert.equal(later.response.status, 202);
  assert.match(later.response.headers.get("Location"), new RegExp(`/jobs/${later.data._id}$`));
  assert.equal(await client.deleteMapPin(tripId, some.data.results[0]._id), undefined);
});

test("what was not changed is undefined", async () => {
  const client = newClient();
  const tripId = await newTrip();
  const first = await client.getTrip(tripId).withResponse();
  const again = await client
    .getTrip(tripId, { ifNoneMatch: first.response.headers.get("ETag") })
    .withResponse();
  assert.deepEqual([again.data, again.response.status], [undefined, 304]);
});

test("headers and the query are options, the rest of the arguments ids and body", async () => {
  const client = newClient();
  const tripId = await newTrip();
  const leg = await client.createLeg(tripId, LEG);
  await client.updateLeg(tripId, leg._id, { title: "Kyoto" });
  await assert.rejects(client.updateLeg(tripId, leg._id, { title: "Nara" }, { ifMatch: '"old"' }), {
    code: "PRECONDITION_FAILED",
  });
  const tried = await client.syncTrip(tripId, { legs: [LEG] }, { dryRun: true });
  assert.equal(tried.dryRun, true);
  const list = await client.listLegs(tripId, { limit: 1, cursor: undefined });
  assert.deepEqual([list.items.length, list.items[0].title], [1, "Kyoto"]);
  await assert.rejects(client.listLegs(tripId, { limt: 1 }), { code: "VALIDATION_ERROR" });
});

test("a file is sent as it is", async () => {
  const operation = ["POST", "/trips/{tripId}/import", "file"];
  for (const file of ["a,b\n", new Blob(["{}"]), new Uint8Array(3)]) {
    const [{ target, body, headers }] = prepare(operation, ["t1", file, { filename: "a b.csv" }]);
    assert.deepEqual([target, body], ["/trips/t1/import?filename=a+b.csv", file]);
    assert.equal(headers["Content-Type"], "application/octet-stream");
  }
  const [{ headers }] = prepare(operation, ["t1", new Blob([], { type: "text/csv" })]);
  assert.equal(headers["Content-Type"], "text/csv");
});

test("a file is read by the server", async () => {
  const client = newClient();
  const tripId = await newTrip();
  const csv = new Blob(["name,lat,lng\nSensō-ji,35.7148,139.7967\nNowhere,,\n"], { type: "text/csv" });
  const tried = await client.importFile(tripId, csv, { filename: "places.csv", dryRun: true });
  assert.deepEqual([tried.dryRun, tried.mapPins.created, tried.rejects.length], [true, 1, 1]);
  assert.equal((await client.importFile(tripId, await csv.arrayBuffer())).mapPins.created, 1);
  assert.equal((await client.importFile(tripId, await csv.text())).mapPins.unchanged, 1);
});

test("a calendar comes as text", async () => {
  const client = newClient();
  const tripId = await newTrip();
  const { data, response } = await client.getCalendar(tripId).withResponse();
  assert.match(data, /^BEGIN:VCALENDAR\r\n/);
  assert.match(response.headers.get("Content-Type"), /^text\/calendar/);
  const token = /calendars\/(\w+)\.ics$/.exec((await client.createCalendarToken()).url)[1];
  assert.match(await client.getCalendarFeed(token), /^BEGIN:VCALENDAR\r\n/);
  assert.equal(await client.deleteCalendarToken(), undefined);
});

test("a share token reads what it opens, and sends no key", async () => {
  const client = newClient();
  const tripId = await newTrip();
  await client.createLeg(tripId, LEG);
  const { token } = await client.createShareToken(tripId);
  const keys = [];
  const shared = new SharedTripClient({
    baseUrl: world.url,
    token,
    fetch: (url, init) => {
      keys.push(new Headers(init.headers).get("Authorization"));
      return fetch(url, init);
    },
  });
  assert.equal((await shared.getSharedTrip()).trip.title, "Cotswolds");
  const { data, response } = await shared.exportSharedTrip().withResponse();
  assert.deepEqual([data.legs[0].title, response.status], [LEG.title, 200]);
  assert.deepEqual(keys, [null, null]);
  assert.equal(shared.listLegs, undefined);
});

for (const suffix of ["", "/", "/api/v1", "/api/v1/", "/carnet", "/carnet/api/v1//"]) {
  test(`the address may end in "${suffix}"`, async () => {
    const { asked, fetch } = madeUp(() => json({}));
    await newClient({ baseUrl: `http://carnet.lan${suffix}`, fetch }).me();
    const prefix = suffix.startsWith("/carnet") ? "/carnet" : "";
    assert.equal(asked[0].url, `http://carnet.lan${prefix}/api/v1/me`);
  });
}

test("what is no address, key or token is refused at once", () => {
  for (const baseUrl of ["", "carnet.lan", "localhost:8080", undefined]) {
    assert.throws(() => newClient({ baseUrl }), TypeError);
  }
  for (const apiKey of ["", undefined, "two words", "né"]) {
    assert.throws(() => newClient({ apiKey }), { name: "TypeError", message: /^apiKey / });
  }
  assert.throws(() => new SharedTripClient({ baseUrl: world.url }), { message: /^token / });
});

test("an id that names nothing is refused before any request", async () => {
  const { asked, fetch } = madeUp(() => json({ items: [], nextCursor: null }));
  const client = newClient({ fetch });
  for (const id of ["", undefined, null, ".", ".."]) {
    await assert.rejects(client.getTrip(id), { name: "TypeError", message: /^tripId / });
    await assert.rejects(client.deleteLeg("t1", id), { name: "TypeError", message: /^legId / });
    await assert.rejects(all(client.iterateLegs(id)), TypeError);
    await assert.rejects(all(client.changes(id)), TypeError);
    await assert.rejects(all(client.events(id)), TypeError);
  }
  assert.equal(asked.length, 0);
  await client.getTrip("a/../b?c");
  assert.equal(asked[0].url, `${world.url}/api/v1/trips/a%2F..%2Fb%3Fc`);
});
