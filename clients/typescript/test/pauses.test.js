// What the client does over time; the servers are made up, since connections have timers too.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blocks } from "../dist/esm/event-stream.js";
import { all, json, madeUp, newClient } from "./world.js";

/** Lets the client's pauses be over at once, deadlines apart; what they were. */
function withoutPauses(t) {
  const pauses = [];
  const { setTimeout } = globalThis;
  t.mock.method(globalThis, "setTimeout", (work, milliseconds) => {
    if (milliseconds === DEADLINE) {
      return setTimeout(work, milliseconds);
    }
    pauses.push(milliseconds);
    return setTimeout(work, 0);
  });
  return pauses;
}

/** Milliseconds, of calls and streams. */
const DEADLINE = 1_234_567;

function streamOf(...texts) {
  return new ReadableStream({
    start(controller) {
      for (const text of texts) {
        controller.enqueue(typeof text === "string" ? new TextEncoder().encode(text) : text);
      }
      controller.close();
    },
  });
}

function answerOf(...texts) {
  return new Response(streamOf(...texts), { headers: { "Content-Type": "text/event-stream" } });
}

const hello = (id) => `event: hello\nid: ${id}\ndata: {"rev":${id}}\n\n`;
const change = (rev) => `event: change\nid: ${rev}\ndata: {"rev":${rev}}\n\n`;

test("pauses grow; Retry-After, in seconds or as a date, goes before them", async (t) => {
  const pauses = withoutPauses(t);
  t.mock.method(Math, "random", () => 1);
  const date = new Date(Date.now() + 30_000).toUTCString();
  const answers = [{}, {}, {}, { "Retry-After": "60" }, { "Retry-After": date }];
  const { fetch } = madeUp((n) => (answers[n - 1] ? json({}, 503, answers[n - 1]) : json({ n })));
  const client = newClient({ fetch, timeout: DEADLINE, maxRetries: 5 });
  assert.deepEqual(await client.me(), { n: 6 });
  assert.deepEqual(pauses.slice(0, 4), [400, 800, 1600, 60_000]);
  assert.ok(pauses[4] > 0 && pauses[4] <= 30_000);
});

test("leaving the loop closes the connection", async () => {
  let cancelled;
  const closed = new Promise((resolve) => (cancelled = resolve));
  const { fetch } = madeUp((_, { signal }) => {
    signal.addEventListener("abort", cancelled);
    return answerOf(hello(1));
  });
  for await (const _ of newClient({ fetch }).events("t1")) {
    break;
  }
  await closed;
});

test("a page of another program is no stream", async () => {
  const html = () => new Response("<html>", { headers: { "Content-Type": "text/html" } });
  const { asked, fetch } = madeUp(html);
  await assert.rejects(all(newClient({ fetch }).events("t1")), { code: "UNEXPECTED_ANSWER" });
  assert.equal(asked.length, 1);
});

test("it comes back after what may pass, later each time, and fails at what may not", async (t) => {
  const pauses = withoutPauses(t);
  t.mock.method(Math, "random", () => 0);
  const answers = [
    () => answerOf(hello(1), change(2), "retry: 3000\n\n"),
    () => new Response("", { status: 503 }),
    () => {
      throw new TypeError("fetch failed");
    },
    () => new Response("", { status: 429, headers: { "Retry-After": "7" } }),
    () => answerOf(hello(2), change(2), change(3)),
    () => json({ error: { code: "FORBIDDEN", message: "No" } }, 403),
  ];
  const { asked, fetch } = madeUp((n) => answers[n - 1]());
  const seen = [];
  await assert.rejects(async () => {
    for await (const { type, id } of newClient({ fetch }).events("t1", { timeout: DEADLINE })) {
      seen.push([type, id]);
    }
  }, { code: "FORBIDDEN" });
  assert.deepEqual(seen, [["hello", 1], ["change", 2], ["hello", 2], ["change", 3]]);
  assert.deepEqual(pauses, [3200, 3400, 3800, 7000, 3200]);
  assert.match(asked.at(-1).url, /\?since=3$/);
});

test("a stream that has gone quiet is opened anew", async () => {
  const quiet = () =>
    new ReadableStream({ start: (made) => made.enqueue(new TextEncoder().encode(hello(1))) });
  const { asked, fetch } = madeUp((n, { signal }) => {
    const body = n === 1 ? quiet() : streamOf(hello(1), change(2));
    const reader = body.getReader();
    const passed = new ReadableStream({
      start: (made) => signal.addEventListener("abort", () => made.error(signal.reason)),
      pull: async (made) => {
        const { value, done } = await reader.read();
        return done ? made.close() : made.enqueue(value);
      },
    });
    return new Response(passed, { headers: { "Content-Type": "text/event-stream" } });
  });
  const seen = [];
  for await (const { type } of newClient({ fetch }).events("t1", { timeout: 20 })) {
    seen.push(type);
    if (type === "change") {
      break;
    }
  }
  assert.deepEqual(seen, ["hello", "hello", "change"]);
  assert.equal(asked.length, 2);
});

test("a stream is read as the standard says, wherever it is parted", async () => {
  const text =
    "\uFEFF: comment\n\nid: 1\r\nevent: a\r\ndata: é\r\ndata:  two\r\n\r\nretry: 9\rdata\rdata\r\r" +
    "retry: x\nnonsense: 1\ndata:☃\n\ndata: cut off";
  const expected = [
    { event: "message", data: "" },
    { event: "a", id: "1", data: "é\n two" },
    { event: "message", retry: 9, data: "" },
    { event: "message", data: "☃" },
  ];
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const parts = [];
    for (let start = 0; start < bytes.length; start += size) {
      parts.push(bytes.slice(start, start + size));
    }
    let heard = 0;
    assert.deepEqual(await all(blocks(streamOf(...parts), () => heard++)), expected);
    assert.equal(heard, parts.length);
  }
});
