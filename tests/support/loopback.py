"""A server on 127.0.0.1 that answers what a test says and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
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


Reply = tuple[int, bytes, Mapping[str, str]]
"""Status, body and headers."""


@contextmanager
def listening(reply: Callable[[Asked], Reply]) -> Generator[str]:
    """Serves on a free port until the block ends, each request in a thread of its own; the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(errors="replace")
            status, payload, headers = reply(Asked(self.command, self.path, dict(self.headers), body))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(payload)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 (http.server's names)

        def log_message(self, format: str, *args: Any) -> None:
            """The test says what matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def as_json(said: Any) -> bytes:
    """A text is itself, nothing is empty, all else is JSON."""
    return b"" if said is None else (said if isinstance(said, str) else json.dumps(said)).encode()


Answer = Callable[[Asked], Any]
"""What is answered as JSON; a number is a status and nothing else, bytes are themselves."""


@contextmanager
def serving(answer: Answer) -> Generator[Loopback]:
    server = Loopback("")

    def reply(asked: Asked) -> Reply:
        server.asked.append(asked)
        said = answer(asked)
        if isinstance(said, int):
            return said, b"", {}
        return 200, said if isinstance(said, bytes) else json.dumps(said).encode(), {}

    with listening(reply) as server.url:
        yield server
