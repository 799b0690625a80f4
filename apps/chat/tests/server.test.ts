/** The built server as the image runs it (after `npm run build`), against a model's server of the test's own. */

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { DONE, encodeDelta, readDeltas } from "../lib/chat.ts";

const KEY = "sk-this-must-not-be-seen";
const PIECES = 8;
const PAUSE = 150;

let model: Server;
let answerOfModel: (request: IncomingMessage, response: ServerResponse) => unknown;
let chat: Chat;

before(async () => {
  model = createServer((request, response) => void answerOfModel(request, response)).listen(0, "127.0.0.1");
  await once(model, "listening");
  chat = await start({ BASE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1/`, OPENAI_API_KEY: KEY });
});

after(() => {
  chat.process.kill("SIGKILL");
  model.closeAllConnections();
  model.close();
});

test("it says its version and colour, and that it is well", async () => {
  assert.deepEqual(await (await fetch(`${chat.url}/version?x`)).json(), { version: "v7", color: "green" });
  assert.equal(await (await fetch(`${chat.url}/healthz`)).text(), "ok\n");
  assert.match(await (await fetch(chat.url)).text(), /<h1>Slipway chat<\/h1>/);
});

test("an answer comes piece by piece, as the model gives it", async () => {
  let authorization: string | undefined;
  answerOfModel = (request, response) => {
    authorization = request.headers.authorization;
    return slowly(response);
  };
  const began = performance.now();
  const arrivals: number[] = [];
  for await (const _ of readDeltas(await ask(chat.url))) arrivals.push(performance.now() - began);
  assert.equal(arrivals.length, PIECES);
  assert.ok(arrivals[0]! < arrivals.at(-1)! - (PIECES - 2) * PAUSE, `arrived at ${arrivals.join(", ")} ms`);
  assert.equal(authorization, `Bearer ${KEY}`);
});

test("a reader who leaves ends the model's work", async () => {
  const left = new Promise<void>((resolve) => {
    answerOfModel = (_, response) => {
      response.on("close", resolve);
      response.write(encodeDelta("endless"));
    };
  });
  const leaving = new AbortController();
  const stream = await ask(chat.url, leaving.signal);
  await stream.getReader().read();
  leaving.abort();
  await Promise.race([left, sleep(5_000).then(() => assert.fail("the model's server was never told"))]);
});

test("a model's server that fails is a 502 with its status and without the key", async () => {
  answerOfModel = (_, response) => response.writeHead(401).end(`bad key ${KEY}`);
  const response = await post(chat.url);
  assert.equal(response.status, 502);
  assert.deepEqual(await response.json(), { error: { message: "the model's server answered 401", upstreamStatus: 401 } });
  assert.doesNotMatch(chat.log(), new RegExp(KEY));
});

test("a model's server that is not there is a 502 that names it", async () => {
  const nobody = `127.0.0.1:${await freePort()}`;
  const alone = await start({ BASE_URL: `http://${nobody}` });
  const response = await post(alone.url);
  const { error } = (await response.json()) as { error: { message: string } };
  alone.process.kill("SIGKILL");
  assert.equal(response.status, 502);
  assert.equal(error.message, `the model's server at ${nobody} cannot be reached: ECONNREFUSED`);
});

test("without a model's server it echoes and says so", async () => {
  const alone = await start({});
  let answer = "";
  for await (const piece of readDeltas(await ask(alone.url))) answer += piece;
  alone.process.kill("SIGKILL");
  assert.match(answer, /^Echo mode: .*You said: hello there$/);
});

test("told to stop, it ends the answer that is on its way, then leaves with 0", async () => {
  answerOfModel = (_, response) => slowly(response);
  const leaving = await start({ BASE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}` });
  const stream = await ask(leaving.url);
  const exited = once(leaving.process, "exit");
  leaving.process.kill("SIGTERM");
  await sleep(PAUSE);
  await assert.rejects(fetch(`${leaving.url}/healthz`), "a new connection must be refused");
  const pieces: string[] = [];
  for await (const piece of readDeltas(stream)) pieces.push(piece);
  assert.equal(pieces.length, PIECES);
  assert.deepEqual(await exited, [0, null]);
});

interface Chat {
  url: string;
  process: ChildProcess;
  log: () => string;
}

async function start(environment: Record<string, string>): Promise<Chat> {
  const port = await freePort();
  const child = spawn(process.execPath, ["server.ts"], {
    env: {
      PATH: process.env["PATH"],
      NODE_ENV: "production",
      VERSION: "v7",
      COLOR: "green",
      PORT: String(port),
      HOSTNAME: "127.0.0.1",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stdout.on("data", (data: Buffer) => (log += data));
  child.stderr.on("data", (data: Buffer) => (log += data));
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + 20_000; ; await sleep(50)) {
    if (await fetch(`${url}/healthz`).then((response) => response.ok, () => false)) break;
    if (Date.now() > deadline || child.exitCode !== null) assert.fail(`the server did not start:\n${log}`);
  }
  return { url, process: child, log: () => log };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

function post(url: string, signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify({ messages: [{ role: "user", content: "hello there" }] });
  return fetch(`${url}/api/chat`, { method: "POST", body, ...(signal && { signal }) });
}

async function ask(url: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await post(url, signal);
  assert.equal(response.status, 200);
  assert.ok(response.body);
  return response.body;
}

async function slowly(response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let piece = 0; piece < PIECES; piece++) {
    response.write(encodeDelta(`piece ${piece} `));
    await sleep(PAUSE);
  }
  response.end(DONE);
}
