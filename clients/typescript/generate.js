// Writes src/operations.ts, the methods of the clients, from docs/openapi.json; with --check it
// writes nothing, and the exit code is 1 where the file is not as it would be.
import { readFileSync, writeFileSync } from "node:fs";

const SOURCE = new URL("../../docs/openapi.json", import.meta.url);
const TARGET = new URL("src/operations.ts", import.meta.url);
const SHARED = "/shared/trips/{token}";

const description = JSON.parse(readFileSync(SOURCE, "utf8"));
const operations = Object.entries(description.paths).flatMap(([path, item]) =>
  ["get", "post", "put", "patch", "delete"]
    .filter((method) => item[method])
    .map((method) => read(method.toUpperCase(), path, item, item[method])),
);

/** An object, or what stands in its place by reference. */
function at(value) {
  const names = value?.$ref?.slice("#/".length).split("/") ?? [];
  return names.length ? names.reduce((found, name) => found[name], description) : value;
}

/** What the methods of an operation are made of. */
function read(method, path, item, { operationId, summary, parameters, requestBody, responses }) {
  const known = [...(item.parameters ?? []), ...(parameters ?? [])].map(at);
  const ids = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    const { schema } = known.find((parameter) => parameter.name === name);
    return `${name}: ${at(schema).type === "integer" ? "number" : "string"}`;
  });
  const taken = Object.keys(at(requestBody)?.content ?? {});
  const json = taken.every((media) => media === "application/json");
  const media = Object.keys(at(responses[200])?.content ?? {});
  return {
    ...{ method, path, name: operationId, summary, ids },
    body: taken.length && (json ? "json" : "file"),
    conditional: "304" in responses,
    stream: media.includes("text/event-stream"),
  };
}

function row({ name, method, path, body }) {
  const parts = [method, path, body].filter(Boolean).map((part) => JSON.stringify(part));
  return `  ${name}: [${parts.join(", ")}],\n`;
}

/** The signatures of an operation; one that follows pages too, where it reads a list. */
function signatures({ name, method, path, summary, ids, body, conditional }) {
  const said = `  /** ${summary}: \`${method} ${path}\`. */\n`;
  const args = [...ids, ...(body ? [`body: Body<"${name}">`] : [])];
  const signature = (options, result, as = name) =>
    `  ${as}(${[...args, options].join(", ")}): ${result};\n`;
  const options = `Options<"${name}">${conditional ? " & Unconditional" : ""}`;
  let text = said + signature(`options?: ${options}`, `Call<Result<"${name}">>`);
  if (conditional) {
    text += signature(`options: Options<"${name}">`, `Call<Result<"${name}"> | undefined>`);
  }
  if (name.startsWith("list")) {
    text += `  /** ${summary}, page after page: \`${method} ${path}\`. */\n`;
    text += signature(
      `options?: PageOptions<"${name}">`,
      `AsyncIterableIterator<Item<"${name}">>`,
      name.replace("list", "iterate"),
    );
  }
  return text;
}

const callable = operations.filter((operation) => !operation.stream);
const shared = callable
  .filter(({ path }) => path.startsWith(SHARED))
  .map((operation) => ({ ...operation, ids: operation.ids.slice(1) }));

const text = `// Written by generate.js from docs/openapi.json.
import type {
  Body,
  Call,
  Item,
  Options,
  PageOptions,
  Result,
  Unconditional,
} from "./types.js";

/** By name: the method, the path and, where there is a body, what it is. */
export const OPERATIONS = {
${operations.map(row).join("")}} as const;

/** The operations as methods, and each list as an iterator. */
export interface Operations {
${callable.map(signatures).join("")}}

/** Those that a share token opens. */
export interface SharedOperations {
${shared.map(signatures).join("")}}
`;

if (!process.argv.includes("--check")) {
  writeFileSync(TARGET, text);
} else if (readFileSync(TARGET, "utf8") !== text) {
  console.error("clients/typescript/src/operations.ts: run make generate");
  process.exitCode = 1;
}
