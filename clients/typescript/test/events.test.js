import assert from "node:assert/strict";
import { test } from "node:test";
import { all, LEG, newClient, newProxy, newTrip } from "./world.js";

/** The next event of a type. */
async function next(stream, type) {
  for (;;) {
    const { value, done } = await stream.next();
    assert.ok(!done, "the stream has ended");
    if (value.type === type) {
      return value;
    }
  }
}

test("changes come as they are made, none twice and none missing where it is cut", async () => {
  const proxy = await newProxy();
  const client = newClient();
  const tripId = await newTrip();
  const stream = newClient({ baseUrl: proxy.url }).events(tripId);
  const { id: since, data } = await next(stream, "hello");
  assert.equal(data.rev, since);
  const leg = await client.createLeg(tripId, LEG);
  const created = await next(stream, "change");
  assert.equal(created.id, since + 1);
  assert.equal(created.data.items[0]._id, leg._id);
  assert.equal(created.data.by.name, "Olga");

  proxy.cut();
  await client.updateLeg(tripId, leg._id, { title: "Kyoto" });
  await client.deleteLeg(tripId, leg._id);
  assert.equal((await next(stream, "hello")).id, since + 1);
  assert.equal((await next(stream, "change")).id, since + 2);
  assert.equal((await next(stream, "change")).id, since + 3);
  await stream.return();

  const [first, second] = proxy.requests;
  assert.match(first.url, /\/events$/);
  assert.match(second.url, new RegExp(`/events\\?since=${since + 1}$`));
  assert.match(second.headers.authorization, /^Bearer osk_/);
  assert.equal(second.headers["last-event-id"], undefined);
});

test("it begins after a revision that is known", async () => {
  const client = newClient();
  const tripId = await newTrip();
  const { rev: since } = await client.exportTrip(tripId);
  await client.createLeg(tripId, LEG);
  const stream = client.events(tripId, { since });
  assert.equal((await next(stream, "change")).id, since + 1);
  await stream.return();
});

test("what is no longer kept is told by a reset, and it goes on from there", async () => {
  const client = newClient();
  const tripId = await newTrip();
  const stream = client.events(tripId, { since: 1_000 });
  const { id, data } = await next(stream, "reset");
  assert.deepEqual(data, { rev: id });
  await client.createLeg(tripId, LEG);
  assert.equal((await next(stream, "change")).id, id + 1);
  await stream.return();
});

test("it ends when it is aborted: before, while it waits for an event, and between", async () => {
  const client = newClient();
  const tripId = await newTrip();
  assert.deepEqual(await all(client.events(tripId, { signal: AbortSignal.abort() })), []);
  const stop = new AbortController();
  const stream = client.events(tripId, { signal: stop.signal });
  await next(stream, "hello");
  const waiting = stream.next();
  stop.abort();
  assert.deepEqual(await waiting, { value: undefined, done: true });
});

test("the first opening fails as any call does", async () => {
  const client = newClient();
  await assert.rejects(all(client.events("nothere")), { code: "NOT_FOUND" });
});
