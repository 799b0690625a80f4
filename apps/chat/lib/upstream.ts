/** Where answers come from: an OpenAI-compatible server, or, with none configured, an echo that says so. */

import { setTimeout as sleep } from "node:timers/promises";

import { DONE, encodeDelta, type Message } from "./chat.ts";

export interface Upstream {
  /** Without a trailing slash and without /v1, e.g. https://models.example.com */
  baseUrl: string;
  apiKey: string;
  model: string;
}

/** The upstream that the environment names, or undefined for the echo. */
export function upstreamFrom(environment: Record<string, string | undefined>): Upstream | undefined {
  const baseUrl = environment["BASE_URL"]?.replace(/\/+$/, "").replace(/\/v1$/, "");
  if (!baseUrl) return undefined;
  return { baseUrl, apiKey: environment["OPENAI_API_KEY"] ?? "", model: environment["MODEL"] ?? "gpt-4o-mini" };
}

/** The upstream did not answer, or answered with an error. The message never holds the key. */
export class UpstreamError extends Error {
  readonly upstreamStatus: number | undefined;

  constructor(message: string, upstreamStatus?: number) {
    super(message);
    this.upstreamStatus = upstreamStatus;
  }
}

/** Opens the upstream's stream. Aborting `signal` (the reader went away) ends the upstream's work too. */
export async function askUpstream(
  upstream: Upstream,
  messages: Message[],
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  let response: Response;
  try {
    response = await fetch(`${upstream.baseUrl}/v1/chat/completions`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "text/event-stream",
        ...(upstream.apiKey && { authorization: `Bearer ${upstream.apiKey}` }),
      },
      body: JSON.stringify({ model: upstream.model, messages, stream: true }),
      cache: "no-store",
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new UpstreamError(`the model's server at ${new URL(upstream.baseUrl).host} cannot be reached: ${reason(error)}`);
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new UpstreamError(`the model's server answered ${response.status}`, response.status);
  }
  return response.body;
}

/** Streams the last message back, word by word. */
export function echo(messages: Message[], signal: AbortSignal, millisecondsPerWord = 40): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const said = messages.at(-1)?.content ?? "";
  const answer = `Echo mode: no model is connected (set BASE_URL to an OpenAI-compatible server). You said: ${said}`;
  return new ReadableStream<Uint8Array>({
    async start(controller) {
      for (const word of answer.match(/\S+\s*/g) ?? []) {
        if (signal.aborted) return;
        controller.enqueue(encoder.encode(encodeDelta(word)));
        await sleep(millisecondsPerWord);
      }
      controller.enqueue(encoder.encode(DONE));
      controller.close();
    },
  });
}

/** fetch says only "fetch failed"; what failed (ECONNREFUSED, ENOTFOUND, …) is in its cause. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(cause);
}
