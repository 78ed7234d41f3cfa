// The server that the tests are run against, as tests/clients/test_typescript.py started it.
import { readFileSync } from "node:fs";
import { after } from "node:test";
import { CarnetClient } from "@carnet/api-client";
import { FaultyProxy } from "./proxy.js";

/** `url`, `apiKey`, `groupId`, `samples` by kind; `calls`, of each operation, for one file. */
export const world = JSON.parse(readFileSync(process.env.CARNET_WORLD, "utf8"));

export const LEG = world.samples.leg;
export const PIN = world.samples.mapPin;

export function newClient(options = {}) {
  return new CarnetClient({ apiKey: world.apiKey, baseUrl: world.url, ...options });
}

/** A trip of the test's own. */
export async function newTrip(client = newClient()) {
  const dates = { startDate: "2026-07-15", endDate: "2026-07-22" };
  const trip = await client.createTrip({ groupId: world.groupId, title: "Cotswolds", ...dates });
  return trip._id;
}

/** A proxy before the server, that ends with the tests of the file. */
export async function newProxy() {
  const proxy = await new FaultyProxy(world.url).start();
  after(() => proxy.stop());
  return proxy;
}

/** A server that is made up: it answers what a function gives, and remembers what was asked. */
export function madeUp(answer) {
  const asked = [];
  return {
    asked,
    fetch: async (url, init) => {
      asked.push({ url, ...init });
      return answer(asked.length, init);
    },
  };
}

export function json(body, status = 200, headers = {}) {
  return Response.json(body, { status, headers });
}

export async function all(iterator) {
  const found = [];
  for await (const each of iterator) {
    found.push(each);
  }
  return found;
}
