import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { CarnetError, ConnectionError, TimeoutError } from "@carnet/api-client";
import { json, LEG, madeUp, newClient, newProxy, newTrip } from "./world.js";

const ONCE_MORE = { status: 503, headers: { "Retry-After": "0" } };

for (const fault of ["before", "within", "after", ONCE_MORE, { status: 408 }, { status: 502 }]) {
  const name = fault.status ?? `cut ${fault}`;
  test(`${name}: the same request is sent again, and nothing is done twice`, async () => {
    const proxy = await newProxy();
    const client = newClient({ baseUrl: proxy.url });
    const tripId = await newTrip();
    proxy.faults = [fault, fault];
    const leg = await client.createLeg(tripId, LEG);
    assert.equal(proxy.requests.length, 3);
    const { method, url, body, headers } = proxy.requests[0];
    assert.match(headers["idempotency-key"], /^[0-9a-f]{32}$/);
    for (const again of proxy.requests) {
      assert.deepEqual([again.method, again.url, again.body], [method, url, body]);
      assert.equal(again.headers["idempotency-key"], headers["idempotency-key"]);
    }
    assert.deepEqual((await client.listLegs(tripId)).items, [leg]);
    assert.equal(proxy.requests.at(-1).headers["idempotency-key"], undefined);
  });
}

test("each call has a key of its own, or the one it is given", async () => {
  const proxy = await newProxy();
  const client = newClient({ baseUrl: proxy.url });
  const tripId = await newTrip();
  const first = await client.createLeg(tripId, LEG);
  const second = await client.createLeg(tripId, LEG);
  assert.notEqual(first._id, second._id);
  const given = { idempotencyKey: "mine" };
  const one = await client.createLeg(tripId, LEG, given);
  const { data, response } = await client.createLeg(tripId, LEG, given).withResponse();
  assert.deepEqual([data, response.headers.get("Idempotency-Replayed")], [one, "true"]);
  const keys = new Set(proxy.requests.map(({ headers }) => headers["idempotency-key"]));
  assert.equal(keys.size, 3);
});

const HTML = { headers: { "Content-Type": "text/html" } };
const MOVED = { status: 301, headers: { Location: "https://carnet.lan" } };
const TOO_LONG = { "Retry-After": "61" };

for (const [what, answer, code] of [
  ["a 409", () => json({ error: { code: "CONFLICT", message: "No" } }, 409), "CONFLICT"],
  ["a 400", () => json({ error: { code: "VALIDATION_ERROR" } }, 400), "VALIDATION_ERROR"],
  ["a Retry-After of more than a minute", () => json({}, 429, TOO_LONG), "RATE_LIMITED"],
  ["another program's page", () => new Response("<html>", HTML), "UNEXPECTED_ANSWER"],
  ["a redirection", () => new Response(null, MOVED), "UNEXPECTED_ANSWER"],
]) {
  test(`${what} is not tried again`, async () => {
    const { asked, fetch } = madeUp(answer);
    await assert.rejects(newClient({ fetch }).createTrip({}), { name: "CarnetError", code });
    assert.equal(asked.length, 1);
  });
}

test("it gives up after so many times, and says why", async () => {
  const proxy = await newProxy();
  const client = newClient({ baseUrl: proxy.url });
  proxy.faults = Array(3).fill("before");
  await assert.rejects(client.me(), (error) => {
    assert.ok(error instanceof ConnectionError && error instanceof CarnetError);
    assert.deepEqual([error.code, error.status], ["CONNECTION_FAILED", undefined]);
    assert.match(error.message, /^No answer came: \w/);
    return true;
  });
  assert.equal(proxy.requests.length, 3);
  proxy.faults = [{ status: 503 }];
  await assert.rejects(client.me({ maxRetries: 0 }), { code: "UNAVAILABLE", status: 503 });
  assert.equal(proxy.requests.length, 4);
});

test("the deadline is of the whole call", async () => {
  const { asked, fetch } = madeUp(
    (_, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  );
  await assert.rejects(newClient({ fetch }).me({ timeout: 50 }), (error) => {
    assert.ok(error instanceof TimeoutError && error instanceof CarnetError);
    assert.deepEqual([error.code, error.message], ["TIMEOUT", "No answer within 50 ms"]);
    return true;
  });
  assert.equal(asked.length, 1);
  const proxy = await newProxy();
  const client = newClient({ baseUrl: proxy.url });
  proxy.faults = ["hang"];
  await assert.rejects(client.me({ timeout: 50 }), TimeoutError);
});

test("a pause that would outlast the deadline is not begun", async () => {
  const { asked, fetch } = madeUp(() => json({}, 503, { "Retry-After": "60" }));
  await assert.rejects(newClient({ fetch }).me({ timeout: 20_000 }), { code: "UNAVAILABLE" });
  assert.equal(asked.length, 1);
});

test("a call can be aborted before it is sent, while it is, and while it waits", async () => {
  const proxy = await newProxy();
  const client = newClient({ baseUrl: proxy.url });
  const reason = new Error("enough");
  await assert.rejects(client.me({ signal: AbortSignal.abort(reason) }), reason);
  assert.equal(proxy.requests.length, 0);
  for (const fault of ["hang", { status: 503, headers: { "Retry-After": "60" } }]) {
    const stop = new AbortController();
    proxy.faults = [fault];
    const call = client.me({ signal: stop.signal });
    proxy.requests.length = 0;
    while (!proxy.requests.length) {
      await new Promise(setImmediate);
    }
    stop.abort(reason);
    await assert.rejects(call, reason);
  }
});

test("many calls at once may have the same signal, and all end with it", async () => {
  const { fetch } = madeUp(() => json({}, 503, { "Retry-After": "60" }));
  const client = newClient({ fetch });
  const stop = new AbortController();
  const listening = mock.method(stop.signal, "addEventListener");
  const calls = Array.from({ length: 20 }, () => client.me({ signal: stop.signal }));
  // Node warns of more than ten.
  assert.equal(listening.mock.callCount(), 1);
  const reason = new Error("enough");
  stop.abort(reason);
  assert.ok((await Promise.allSettled(calls)).every((ended) => ended.reason === reason));
});

test("an error has all that was told", async () => {
  const client = newClient();
  await assert.rejects(client.createTrip({ title: "" }), (error) => {
    assert.ok(error instanceof CarnetError);
    assert.deepEqual([error.code, error.status], ["VALIDATION_ERROR", 400]);
    assert.match(error.message, /^Missing required fields: groupId, /);
    const { reason, message } = error.details.find(({ path }) => path === "title");
    assert.deepEqual([reason, message.length > 0], ["empty", true]);
    assert.match(error.requestId, /^req_/);
    assert.equal(error.headers.get("X-Request-Id"), error.requestId);
    return true;
  });
  const wrong = newClient({ apiKey: "osk_unknown" }).me();
  await assert.rejects(wrong.withResponse(), { code: "UNAUTHORIZED", status: 401 });
});
