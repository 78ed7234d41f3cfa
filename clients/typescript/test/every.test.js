import assert from "node:assert/strict";
import { test } from "node:test";
import { OPERATIONS } from "../dist/esm/operations.js";
import { newClient, world } from "./world.js";

test("the methods are those of the server's operations", () => {
  const names = world.calls.map(({ operation }) => operation);
  assert.deepEqual(Object.keys(OPERATIONS).sort(), names.sort(), "run make generate");
});

for (const { operation, args, refused } of world.calls) {
  test(`${operation} is a method, and does what it says`, async () => {
    const client = newClient();
    if (operation === "events") {
      const stream = client.events(...args);
      assert.equal((await stream.next()).value.type, "hello");
      await stream.return();
      return;
    }
    if (refused) {
      await assert.rejects(client[operation](...args), (error) => error.status < 500);
      return;
    }
    const { data, response } = await client[operation](...args).withResponse();
    assert.ok(response.ok, operation);
    assert.equal(data === undefined, response.status === 204);
    if (operation.startsWith("list")) {
      const first = await client[operation.replace("list", "iterate")](...args).next();
      assert.equal(first.done, data.items.length === 0);
    }
  });
}
