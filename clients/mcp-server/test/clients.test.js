// The official clients, over HTTP and over the bridges, against the Carnet that CARNET_URL names.
// The tests of the server start this with a trip in CARNET_TRIP and the program in CARNET_PROGRAM.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OldStdio } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as OldHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { CARNET_URL, CARNET_API_KEY, CARNET_TRIP: trip, CARNET_PROGRAM } = process.env;
const INFO = { name: "carnet-test", version: "1.0.0" };
const BRIDGES = {
  "npm program": [process.execPath, [fileURLToPath(new URL("../server.js", import.meta.url))]],
  "carnet mcp": [CARNET_PROGRAM, ["mcp"]],
};

function http(Transport, key = CARNET_API_KEY) {
  const requestInit = { headers: { Authorization: `Bearer ${key}` } };
  return new Transport(new URL(`${CARNET_URL}/mcp`), { requestInit });
}

function stdio(Transport, bridge, key = CARNET_API_KEY) {
  const [command, args] = BRIDGES[bridge];
  return new Transport({ command, args, env: { CARNET_URL, CARNET_API_KEY: key }, stderr: "pipe" });
}

const oldClient = () => new OldClient(INFO);
const legacy = () => new Client(INFO);
const modern = () => new Client(INFO, { versionNegotiation: { mode: "auto" } });

const WAYS = [
  ["sdk 1, HTTP", oldClient, (key) => http(OldHttp, key)],
  ["client 2, HTTP", legacy, (key) => http(StreamableHTTPClientTransport, key)],
  ["client 2, HTTP, newest", modern, (key) => http(StreamableHTTPClientTransport, key)],
  ...Object.keys(BRIDGES).flatMap((bridge) => [
    [`sdk 1, ${bridge}`, oldClient, (key) => stdio(OldStdio, bridge, key)],
    [`client 2, ${bridge}`, legacy, (key) => stdio(StdioClientTransport, bridge, key)],
    [`client 2, ${bridge}, newest`, modern, (key) => stdio(StdioClientTransport, bridge, key)],
  ]),
];

for (const [name, make, transport] of WAYS) {
  test(name, async () => {
    const client = make();
    await client.connect(transport());
    try {
      await everyTool(client);
      await theRest(client);
      await severalAtOnce(client);
    } finally {
      await client.close();
    }
  });

  test(`${name}: a key that is unknown`, async () => {
    const client = make();
    const connecting = client.connect(transport(`osk_${"x".repeat(40)}`));
    // Probing for the newest revision, the client keeps the server's words to itself.
    await assert.rejects(connecting, /unknown, revoked or expired|requires authorization/);
    await client.close();
  });
}

async function everyTool(client) {
  const { tools } = await client.listTools();
  assert.equal(tools.length, 22);
  const called = new Set();
  const call = async (tool, args = {}) => {
    called.add(tool);
    const result = await client.callTool({ name: tool, arguments: args });
    assert.ok(!result.isError, result.content[0].text);
    assert.equal(result.content[0].type, "text");
    return result.structuredContent;
  };
  await call("whoami");
  await call("list_trips");
  await call("get_trip", { trip });
  const title = `Trip ${Math.random()}`;
  await call("create_trip", { title, startDate: "2026-07-15", endDate: "2026-07-22" });
  await call("update_trip", { trip: title, status: "active" });
  const legs = [
    {
      clientRef: "l",
      order: 0,
      title: "Tokyo",
      destination: "Tokyo",
      startDate: "2026-07-15",
      endDate: "2026-07-20",
      timezone: "Asia/Tokyo",
      accommodation: { name: "Hotel" },
    },
  ];
  await call("upsert_legs", { trip: title, items: legs });
  await call("upsert_stays", { trip: title, items: [{ name: "Ryokan", legRef: "l" }] });
  const pins = [{ name: "Sensō-ji", lat: 35.7148, lng: 139.7967 }];
  const { results } = await call("upsert_pins", { trip: title, items: pins });
  const items = [{ text: "Book the train", urgency: "now" }];
  await call("upsert_action_items", { trip: title, items });
  const dinner = { title: "Dinner", startDate: "2026-07-16", category: "dinner", legRef: "l" };
  await call("upsert_commitments", { trip: title, items: [dinner] });
  const day = await call("get_day", { trip: title, date: "2026-07-16" });
  assert.equal(day.items[0].name, "Hotel");
  const found = await call("find_in_trip", { trip: title, query: "senso" });
  assert.equal(found.items[0]._id, results[0]._id);
  await call("list_items", { trip: title, kind: "mapPin" });
  const { rev } = await call("delete_items", { trip: title, ids: [results[0]._id] });
  await call("history", { trip: title });
  await call("undo", { trip: title, rev });
  await call("sync_trip", { trip: title, mapPins: pins });
  await call("post_message", { trip: title, content: "Bonjour à tous" });
  const { items: messages } = await call("list_messages", { trip: title });
  assert.equal(messages[0].content, "Bonjour à tous");
  await call("share_trip", { trip: title });
  await call("archive_trip", { trip: title });
  const job = await client.callTool({ name: "get_job", arguments: { jobId: "nothing" } });
  called.add("get_job");
  assert.ok(job.isError);
  assert.deepEqual([...called].sort(), tools.map((tool) => tool.name).sort());
}

async function theRest(client) {
  const wrong = await client.callTool({ name: "get_day", arguments: { trip, day: "2026-07-16" } });
  assert.ok(wrong.isError);
  assert.match(wrong.content[0].text, /did you mean date\?/);
  await assert.rejects(client.callTool({ name: "nothing", arguments: {} }), /Unknown tool/);
  const { resources } = await client.listResources();
  const uri = `carnet://trips/${trip}`;
  assert.ok(resources.some((resource) => resource.uri === uri));
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.equal(resourceTemplates[0].uriTemplate, "carnet://trips/{id}");
  const { contents } = await client.readResource({ uri });
  assert.equal(JSON.parse(contents[0].text).trip._id, trip);
  await assert.rejects(client.readResource({ uri: "carnet://trips/nothing" }));
  const { prompts } = await client.listPrompts();
  assert.deepEqual(
    prompts.map((prompt) => prompt.name),
    ["plan_day", "trip_briefing"],
  );
  const args = { trip, date: "2026-07-16" };
  const { messages } = await client.getPrompt({ name: "plan_day", arguments: args });
  assert.equal(messages.length, 2);
}

async function severalAtOnce(client) {
  const days = Array.from({ length: 10 }, (_, n) => `2026-07-${n + 10}`);
  const calls = days.map((date) =>
    client.callTool({ name: "get_day", arguments: { trip, date } }),
  );
  const told = await Promise.all(calls);
  assert.deepEqual(
    told.map((each) => each.structuredContent.date),
    days,
  );
}
