"""A server on 127.0.0.1 that answers what a test says and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Loopback:
    """Where it listens, and what it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list[Asked])


Answer = Callable[[Asked], Any]
"""What is answered as JSON; a number is a status and nothing else, bytes are themselves."""


@contextmanager
def serving(answer: Answer) -> Generator[Loopback]:
    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(errors="replace")
            asked = Asked(self.command, self.path, dict(self.headers), body)
            server.asked.append(asked)
            said = answer(asked)
            self.send_response(said if isinstance(said, int) else 200)
            self.end_headers()
            if not isinstance(said, int):
                self.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

        do_GET = do_POST = do_PUT = _handle  # noqa: N815 (http.server's names)

        def log_message(self, format: str, *args: Any) -> None:
            """The test says what matters."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Loopback(f"http://127.0.0.1:{http.server_port}")
    Thread(target=http.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
