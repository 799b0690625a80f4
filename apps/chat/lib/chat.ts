/** The chat's wire format, shared by the page and the server: OpenAI's chat completions, streamed. */

export type Role = "system" | "user" | "assistant";

export interface Message {
  role: Role;
  content: string;
}

const ROLES: readonly string[] = ["system", "user", "assistant"] satisfies Role[];
const MAX_MESSAGES = 200;
const MAX_CHARACTERS = 200_000;

export class BadRequest extends Error {}

/** The messages of a request body; throws BadRequest with what is wrong, in the caller's words. */
export function parseMessages(body: unknown): Message[] {
  const messages = isRecord(body) ? body["messages"] : undefined;
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new BadRequest('"messages" must be a list with at least one {"role", "content"}');
  }
  if (messages.length > MAX_MESSAGES) {
    throw new BadRequest(`"messages" has ${messages.length} entries; at most ${MAX_MESSAGES} are taken`);
  }
  const parsed = messages.map(parseMessage);
  const characters = parsed.reduce((sum, message) => sum + message.content.length, 0);
  if (characters > MAX_CHARACTERS) {
    throw new BadRequest(`"messages" holds ${characters} characters; at most ${MAX_CHARACTERS} are taken`);
  }
  return parsed;
}

function parseMessage(value: unknown, index: number): Message {
  const role = isRecord(value) ? value["role"] : undefined;
  const content = isRecord(value) ? value["content"] : undefined;
  if (typeof role !== "string" || !ROLES.includes(role)) {
    throw new BadRequest(`messages[${index}].role must be one of ${ROLES.join(", ")}`);
  }
  if (typeof content !== "string" || content === "") {
    throw new BadRequest(`messages[${index}].content must be a text that is not empty`);
  }
  return { role: role as Role, content };
}

/** One streamed piece of an answer as a server-sent event. */
export function encodeDelta(content: string): string {
  return `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, delta: { content } }] })}\n\n`;
}

export const DONE = "data: [DONE]\n\n";

/** The pieces of text in a stream of server-sent events, as they arrive; ends at [DONE], throws if the stream breaks off. */
export async function* readDeltas(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const bytes of stream as unknown as AsyncIterable<Uint8Array>) {
    pending += decoder.decode(bytes, { stream: true });
    const lines = pending.split(/\r?\n/);
    pending = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith("data:")) continue;
      const data = line.slice("data:".length).trim();
      if (data === "[DONE]") return;
      const content = deltaContent(JSON.parse(data));
      if (content !== "") yield content;
    }
  }
  throw new Error("the answer broke off before its end");
}

function deltaContent(event: unknown): string {
  const choices = isRecord(event) ? event["choices"] : undefined;
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const delta = isRecord(first) ? first["delta"] : undefined;
  const content = isRecord(delta) ? delta["content"] : undefined;
  return typeof content === "string" ? content : "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
