import { OPERATIONS } from "./operations.js";
import { rows } from "./pages.js";
import type { Operation } from "./request.js";
import type { Call } from "./types.js";

type Method<Client> = (this: Client, ...args: unknown[]) => unknown;

/**
 * Gives a class the operations below a path as methods, and each list as an iterator too. What it
 * has a method for already stays as it is.
 */
export function addMethods<Client>(
  prototype: object,
  below: string,
  call: (client: Client, operation: Operation, args: unknown[]) => Call<any>,
): void {
  const add = (name: string, method: Method<Client>): void => {
    if (!(name in prototype)) {
      Object.defineProperty(prototype, name, { value: method, writable: true });
    }
  };
  for (const [name, operation] of Object.entries<Operation>(OPERATIONS)) {
    if (!operation[1].startsWith(below)) {
      continue;
    }
    add(name, function (...args) {
      return call(this, operation, args);
    });
    if (name.startsWith("list")) {
      const ids = operation[1].split("{").length - 1;
      add(name.replace("list", "iterate"), function (...args) {
        const { cursor: first, ...options } = (args[ids] ?? {}) as { cursor?: string };
        return rows(
          (cursor) => call(this, operation, [...args.slice(0, ids), { ...options, cursor }]),
          first,
        );
      });
    }
  }
}
