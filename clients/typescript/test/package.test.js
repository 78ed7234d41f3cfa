// The package as it would be published, by somebody who has installed it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { world } from "./world.js";

const run = promisify(execFile);
const BIN = join(import.meta.dirname, "../../node_modules/.bin");
const LARGEST_BUNDLE = 6_000;

let folder, tarball, installed;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "carnet-package-"));
  const packed = await run("npm", ["pack", "--json", "--pack-destination", folder]);
  tarball = join(folder, JSON.parse(packed.stdout)[0].filename);
  installed = join(folder, "node_modules/@carnet/api-client");
  await mkdir(installed, { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
});

after(() => rm(folder, { recursive: true }));

/** Runs a program; what it says belongs to the failure. */
async function succeeds(program, args, options) {
  await assert.doesNotReject(
    run(program, args, options).catch(({ stdout, stderr, message }) => {
      throw new Error(`${message}\n${stdout}\n${stderr}`);
    }),
  );
}

test("publint finds nothing", () => succeeds(join(BIN, "publint"), ["run", "--strict", tarball]));

test("the types are found by every kind of program", () => succeeds(join(BIN, "attw"), [tarball]));

test("the types say what they should", () =>
  succeeds(join(BIN, "tsc"), ["--project", join(import.meta.dirname, "tsconfig.json")]));

test("it needs no other package, and has nothing but itself", async () => {
  const { stdout } = await run("tar", ["-tzf", tarball]);
  const names = stdout.trim().split("\n");
  const wanted = /^package\/(dist\/(esm|cjs)\/|package\.json$|README\.md$|LICENSE$)/;
  assert.deepEqual(names.filter((name) => !wanted.test(name)), []);
  const described = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
  assert.equal(described.dependencies, undefined);
});

test("all of it is small", async () => {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: 'export * from "@carnet/api-client"', resolveDir: folder },
    ...{ bundle: true, minify: true, write: false, format: "esm", target: "es2022" },
  });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  assert.ok(size <= LARGEST_BUNDLE, `${size} bytes`);
});

for (const [how, code] of [
  ["require", 'const { CarnetClient } = require("@carnet/api-client")'],
  ["import", 'const { CarnetClient } = await import("@carnet/api-client")'],
]) {
  test(`it works by ${how}`, async () => {
    const name = join(folder, how === "require" ? "program.cjs" : "program.mjs");
    const options = JSON.stringify({ apiKey: world.apiKey, baseUrl: world.url });
    const use = `new CarnetClient(${options}).me().then((me) => console.log(me.user.name))`;
    await writeFile(name, `${code}; ${use}`);
    assert.equal((await run("node", [name])).stdout, "Olga\n");
  });
}

test("the examples of the README compile and run", async () => {
  const readme = await readFile(join(installed, "README.md"), "utf8");
  const code = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block).join("");
  const source = join(folder, "readme.ts");
  await writeFile(source, code);
  const modules = join(import.meta.dirname, "../../node_modules");
  await succeeds(join(BIN, "tsc"), [
    // Of Node's types alone, without a browser's.
    ...["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022"],
    ...["--module", "nodenext", "--typeRoots", join(modules, "@types"), "--types", "node", source],
  ]);
  const { code: script } = await esbuild.transform(code, { loader: "ts" });
  await writeFile(join(folder, "readme.js"), script);
  const env = { ...process.env, CARNET_URL: world.url, CARNET_API_KEY: world.apiKey };
  const { stdout } = await run("node", [join(folder, "readme.js")], { env });
  const lines = ["Bath Spa", "NOT_FOUND 404", "1 of 1", "1 0", "leg", "known up to", "Cotswolds"];
  for (const told of lines) {
    assert.match(stdout, new RegExp(`^.*${told}`, "m"));
  }
});
