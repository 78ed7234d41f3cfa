#!/usr/bin/env node
// From MCP on standard input and output to MCP over HTTP: a line is a request, and its answer one.
// Nothing is looked into but what HTTP has to be told, so that all revisions of MCP pass.

import { request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

const REFUSED = -32000;
const PATIENCE_MS = 600_000;
// While a server is restarted, it refuses connections.
const PAUSES_MS = [200, 500, 1000, 2000];
const NAMES = { "tools/call": "name", "prompts/get": "name", "resources/read": "uri" };
const VERSION = "io.modelcontextprotocol/protocolVersion";

const key = process.env.CARNET_API_KEY ?? "";
const endpoint = endpointOf(process.env.CARNET_URL || "http://127.0.0.1:8080");
if (!/^[!-~]+$/.test(key)) {
  fail("set CARNET_API_KEY to a key that `carnet key create` has shown");
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  // Not awaited: several may be on their way. The process ends when all are answered.
  if (line.trim()) answer(line.trim());
}

function fail(why) {
  console.error(`carnet-mcp: ${why}`);
  process.exit(2);
}

/** Where the MCP server of a Carnet is, whose address may be that of its API. */
function endpointOf(address) {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    fail(`CARNET_URL: "${address}" is not an address such as https://carnet.example.org`);
  }
  return `${address.replace(/\/+$/, "").replace(/(\/api\/v1|\/mcp)$/, "").replace(/\/+$/, "")}/mcp`;
}

async function answer(line) {
  const message = decoded(line);
  let told;
  try {
    told = toldBy(await post(line, message), message);
  } catch (error) {
    const reason = error.message || error.code;
    told = failure(
      message,
      `Cannot reach Carnet at ${endpoint}: ${reason}; see that it runs, and that CARNET_URL is its` +
        " address",
    );
  }
  if (told) process.stdout.write(`${told}\n`);
}

async function post(line, message) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await send(line, message);
    } catch (error) {
      if (error.code !== "ECONNREFUSED" || attempt === PAUSES_MS.length) throw error;
      await pause(PAUSES_MS[attempt]);
    }
  }
}

function send(line, message) {
  const start = endpoint.startsWith("https:") ? overHttps : overHttp;
  const headers = {
    Authorization: `Bearer ${key}`,
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(line),
    Accept: "application/json",
    ...toldInHeaders(message),
  };
  return new Promise((resolve, reject) => {
    // A connection of its own: a kept one may be of a server that is gone.
    const options = { method: "POST", agent: false, timeout: PATIENCE_MS, headers };
    const request = start(endpoint, options, (response) => {
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode, body: Buffer.concat(pieces).toString() });
      });
    });
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", reject);
    request.end(line);
  });
}

/** What the client is answered: the server's own message, where it sent one. */
function toldBy({ status, body }, message) {
  const told = decoded(body);
  if (told?.jsonrpc === "2.0") return message === undefined || "id" in message ? body : "";
  if (status === 202) return "";
  if (typeof told?.error !== "object" || told.error === null) {
    const why = `There is no MCP server at ${endpoint} (HTTP ${status})`;
    return failure(message, `${why}: set CARNET_URL to the address of a Carnet`);
  }
  const mend = "; set CARNET_API_KEY to a key that `carnet key create` has shown";
  const why = `Carnet at ${endpoint}: ${told.error.message} (HTTP ${status})`;
  return failure(message, status === 401 ? why + mend : why);
}

/** A message; undefined for what is none, which is for the server to tell. */
function decoded(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The answer to a request that could not be passed on; notifications have none. */
function failure(message, why) {
  if (message !== undefined && !("id" in message)) return "";
  const error = { code: REFUSED, message: why };
  return JSON.stringify({ jsonrpc: "2.0", id: message?.id ?? null, error });
}

/** What requests without a handshake, since 2026-07-28, repeat in headers. */
function toldInHeaders(message) {
  const version = message?.params?._meta?.[VERSION];
  if (typeof version !== "string" || typeof message.method !== "string") return {};
  const told = { "MCP-Protocol-Version": version, "Mcp-Method": message.method };
  const name = message.params[NAMES[message.method]];
  if (typeof name === "string") told["Mcp-Name"] = name;
  return Object.fromEntries(Object.entries(told).map(([header, value]) => [header, carried(value)]));
}

/** A value as a header carries it. */
function carried(value) {
  if (/^[!-~]([ -~]*[!-~])?$/.test(value) && !value.startsWith("=?base64?")) return value;
  return `=?base64?${Buffer.from(value).toString("base64")}?=`;
}
