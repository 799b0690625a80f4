import { BadRequest, parseMessages } from "../../../lib/chat.ts";
import { askUpstream, echo, UpstreamError, upstreamFrom } from "../../../lib/upstream.ts";

/** Streams the model's answer to the messages of the body as server-sent events. */
export async function POST(request: Request): Promise<Response> {
  try {
    const messages = parseMessages(await json(request));
    const upstream = upstreamFrom(process.env);
    const stream = upstream
      ? await askUpstream(upstream, messages, request.signal)
      : echo(messages, request.signal);
    return new Response(stream, {
      headers: {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        "x-chat-mode": upstream ? "model" : "echo",
        // nginx and its relatives would collect the stream before they pass it on.
        "x-accel-buffering": "no",
      },
    });
  } catch (error) {
    if (error instanceof BadRequest) return failure(400, error.message);
    if (error instanceof UpstreamError) {
      console.error(`chat: ${error.message}`);
      return failure(502, error.message, error.upstreamStatus);
    }
    if (request.signal.aborted) return new Response(null, { status: 499 });
    throw error;
  }
}

async function json(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch (error) {
    if (error instanceof SyntaxError) throw new BadRequest("the body must be JSON");
    throw error;
  }
}

function failure(status: number, message: string, upstreamStatus?: number): Response {
  return Response.json({ error: { message, upstreamStatus } }, { status });
}
