/**
 * The server: Next for pages and chat, and two answers given before Next is asked.
 *
 * Next spends some 0.7 ms of CPU on the smallest route, Node's own HTTP server 0.05 ms. Probes and /version are asked
 * all the time and while the machine is busiest (start, release, load), so they cost as little as they can.
 */

import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";

import next from "next";

const development = process.env["NODE_ENV"] !== "production";
const hostname = process.env["HOSTNAME"] ?? "127.0.0.1";
const port = Number(process.env["PORT"] ?? 3000);

// As in the server.js that `next build` writes: the image holds neither next.config.ts nor a compiler for it.
if (!development) process.env["__NEXT_PRIVATE_STANDALONE_CONFIG"] = builtConfiguration();
const application = next({ dev: development });
await application.prepare();
const toNext = application.getRequestHandler();

/** Which version answers (baked into the image), in which colour's Deployment it runs (the pod's environment). */
const release = JSON.stringify({
  version: process.env["VERSION"] ?? "dev",
  color: process.env["COLOR"] ?? "none",
});

let draining = false;

const server = createServer((request, response) => {
  // The gateway then sends its next request on a connection to another pod.
  if (draining) response.setHeader("connection", "close");
  const path = request.method === "GET" ? request.url?.split("?", 1)[0] : undefined;
  if (path === "/version") answer(response, "application/json", release);
  // Alive and ready without asking the model's server: its failure must not restart or unroute a pod.
  else if (path === "/healthz") answer(response, "text/plain", "ok\n");
  else void toNext(request, response);
});

// Longer than a gateway keeps idle connections (Traefik: 90 s): closing is then always the gateway's move,
// and no request meets a connection that is being closed.
server.keepAliveTimeout = 100_000;
// A request may stream for as long as it likes; the time limit here is for its headers alone.
server.requestTimeout = 0;

process.once("SIGTERM", drain);
process.once("SIGINT", drain);
// Next catches what nobody else catches, and would leave a process that serves nothing.
server.once("error", (error) => {
  console.error(`chat: cannot serve on ${hostname}:${port}: ${error.message}`);
  process.exit(1);
});
server.listen(port, hostname, () => console.log(`chat: serving on http://${hostname}:${port}, release ${release}`));

/** Takes no new connection, lets every answer that is on its way end, then leaves. */
function drain(): void {
  draining = true;
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  server.close(() => {
    clearInterval(idle);
    console.log("chat: drained");
    process.exit(0);
  });
}

function answer(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { "content-type": type, "content-length": Buffer.byteLength(body), "cache-control": "no-store" });
  response.end(body);
}

function builtConfiguration(): string {
  return JSON.stringify(JSON.parse(readFileSync(".next/required-server-files.json", "utf8")).config);
}
