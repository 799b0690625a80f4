import assert from "node:assert/strict";
import { test } from "node:test";

import { BadRequest, DONE, encodeDelta, parseMessages, readDeltas } from "../lib/chat.ts";

test("pieces of an answer are read whole, however the network cut them", async () => {
  const bytes = new TextEncoder().encode(encodeDelta("Grüß ") + encodeDelta("Gott\n") + DONE);
  for (const size of [1, 7, bytes.length]) {
    assert.deepEqual(await collect(readDeltas(cut(bytes, size))), ["Grüß ", "Gott\n"], `in chunks of ${size}`);
  }
});

test("comments and events without text are passed over", async () => {
  const bytes = new TextEncoder().encode(`: hello\r\n\r\ndata: {"choices":[{"delta":{"role":"assistant"}}]}\r\n\r\n${DONE}`);
  assert.deepEqual(await collect(readDeltas(cut(bytes, 5))), []);
});

test("an answer that ends before [DONE] is an error, not a short answer", async () => {
  const bytes = new TextEncoder().encode(encodeDelta("half an"));
  await assert.rejects(collect(readDeltas(cut(bytes, 9))), /broke off/);
});

test("good messages pass unchanged, and nothing but role and content", () => {
  const messages = [{ role: "user", content: "hi", name: "x" }];
  assert.deepEqual(parseMessages({ messages }), [{ role: "user", content: "hi" }]);
});

for (const [what, body, says] of [
  ["no object", null, /"messages" must be a list/],
  ["no messages", { messages: [] }, /at least one/],
  ["an unknown role", { messages: [{ role: "root", content: "x" }] }, /messages\[0\]\.role must be one of/],
  ["an empty content", { messages: [{ role: "user", content: "" }] }, /messages\[0\]\.content/],
  ["too many", { messages: Array.from({ length: 201 }, () => ({ role: "user", content: "x" })) }, /201 entries/],
  ["too long", { messages: [{ role: "user", content: "x".repeat(200_001) }] }, /200001 characters/],
] as const) {
  test(`a body with ${what} is refused with the reason`, () => {
    assert.throws(() => parseMessages(body), (error) => error instanceof BadRequest && says.test(error.message));
  });
}

function cut(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
}

async function collect(source: AsyncIterable<string>): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of source) pieces.push(piece);
  return pieces;
}
