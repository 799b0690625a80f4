"use client";

import { useEffect, useRef, useState, type FormEvent, type KeyboardEvent } from "react";

import { readDeltas, type Message } from "../lib/chat.ts";

interface Turn extends Message {
  id: number;
}

const SUGGESTIONS = ["What is a blue-green release?", "Write a haiku about ships", "Explain drain in one sentence"];

export function Chat() {
  const [turns, setTurns] = useState<Turn[]>([]);
  const [draft, setDraft] = useState("");
  const [error, setError] = useState("");
  const [answering, setAnswering] = useState<AbortController>();
  const end = useRef<HTMLDivElement>(null);

  // After every render: each one shows more of the answer.
  useEffect(() => {
    end.current?.scrollIntoView({ block: "end" });
  });

  async function send(content: string) {
    const question: Turn = { id: turns.length, role: "user", content };
    const history = [...turns, question];
    const stopper = new AbortController();
    setTurns([...history, { id: history.length, role: "assistant", content: "" }]);
    setDraft("");
    setError("");
    setAnswering(stopper);
    try {
      let answer = "";
      for await (const piece of ask(history, stopper.signal)) {
        answer += piece;
        setTurns([...history, { id: history.length, role: "assistant", content: answer }]);
      }
    } catch (problem) {
      if (!stopper.signal.aborted) setError(problem instanceof Error ? problem.message : String(problem));
      // An answer that never began leaves nothing behind: an empty message would be refused at the next question.
      setTurns((now) => now.filter((turn) => turn.content !== ""));
    } finally {
      setAnswering(undefined);
    }
  }

  function submit(event?: FormEvent) {
    event?.preventDefault();
    if (!answering && draft.trim() !== "") void send(draft.trim());
  }

  function enterSends(event: KeyboardEvent) {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      submit();
    }
  }

  return (
    <>
      <main className="talk" aria-busy={answering !== undefined}>
        {turns.length === 0 && (
          <section className="welcome">
            <h2>What shall we talk about?</h2>
            <div className="suggestions">
              {SUGGESTIONS.map((text) => (
                <button key={text} type="button" onClick={() => void send(text)}>
                  {text}
                </button>
              ))}
            </div>
          </section>
        )}
        <ol className="turns" aria-label="Conversation" aria-live="polite">
          {turns.map((turn) => (
            <li key={turn.id} className={turn.role}>
              <span className="who">{turn.role === "user" ? "You" : "Assistant"}</span>
              <p>{turn.content || <span className="waiting">thinking</span>}</p>
            </li>
          ))}
        </ol>
        {error && (
          <p className="error" role="alert">
            {error}
          </p>
        )}
        <div ref={end} />
      </main>
      <form className="composer" onSubmit={submit}>
        <label htmlFor="message" className="hidden">
          Message
        </label>
        <textarea
          id="message"
          rows={1}
          value={draft}
          placeholder="Write a message"
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={enterSends}
        />
        {answering ? (
          <button type="button" onClick={() => answering.abort()}>
            Stop
          </button>
        ) : (
          <button type="submit" disabled={draft.trim() === ""}>
            Send
          </button>
        )}
      </form>
    </>
  );
}

async function* ask(turns: Turn[], signal: AbortSignal): AsyncGenerator<string> {
  const response = await fetch("/api/chat", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages: turns.map(({ role, content }) => ({ role, content })) }),
    signal,
  });
  if (!response.ok || response.body === null) {
    const answer = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
    throw new Error(answer?.error?.message ?? `the server answered ${response.status}`);
  }
  yield* readDeltas(response.body);
}
