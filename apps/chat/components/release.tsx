"use client";

import { useEffect, useState } from "react";

interface Version {
  version: string;
  color: string;
}

/** Says which release answers, and keeps saying it: during a flip the badge changes under the reader's eyes. */
export function Release() {
  const [release, setRelease] = useState<Version>();

  useEffect(() => {
    const leaving = new AbortController();
    async function look() {
      try {
        const response = await fetch("/version", { cache: "no-store", signal: leaving.signal });
        if (response.ok) setRelease((await response.json()) as Version);
      } catch {
        // Gone for a moment, or the page is closing: the badge keeps what it last knew.
      }
    }
    void look();
    const timer = setInterval(look, 2_000);
    return () => {
      clearInterval(timer);
      leaving.abort();
    };
  }, []);

  if (!release) return null;
  return (
    <p className="release" data-color={release.color} aria-live="polite">
      <span className="dot" aria-hidden="true" />
      {release.color} · {release.version}
    </p>
  );
}
