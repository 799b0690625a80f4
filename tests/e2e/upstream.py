"""A model's server for the tests: OpenAI's streamed chat completions over real HTTP, as slow as asked.

`python tests/e2e/upstream.py --port 9000 --pieces 31 --pause 1` answers every question for 30 seconds.
In a test: `with Upstream(pieces=31, pause=1.0) as upstream: … upstream.url`.
"""

import argparse
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

DONE = b"data: [DONE]\n\n"


@dataclass
class Upstream:
    """Serves from entering to leaving the `with` block; what it was asked stays readable."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    pieces: int = 5
    pause: float = 0.1
    """Seconds before each piece but the first."""
    status: int = 200
    """Anything else is answered at once, without a stream."""
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    completed: int = 0
    """Streams that were read to their end."""
    abandoned: int = 0
    """Streams whose reader went away."""

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer((self.host, self.port), _handler(self))
        self._server.daemon_threads = True
        self._serving = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """What BASE_URL is to be."""
        return f"http://{self.host}:{self._server.server_address[1]}"

    @property
    def answer(self) -> str:
        """The whole text of a complete stream."""
        return "".join(self.piece(number) for number in range(self.pieces))

    def piece(self, number: int) -> str:
        """One piece of the answer."""
        return f"piece {number} "

    def serve(self) -> None:
        """Serves until interrupted."""
        self._server.serve_forever()

    def __enter__(self) -> Self:
        self._serving.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._serving.join()


def _handler(upstream: Upstream) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/v1/chat/completions":
                self.send_error(404)
                return
            upstream.requests.append({"headers": dict(self.headers), "body": json.loads(body)})
            if upstream.status != 200:
                self.send_error(upstream.status)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                self._stream()
            except (BrokenPipeError, ConnectionResetError):
                upstream.abandoned += 1
                self.close_connection = True
            else:
                upstream.completed += 1

        def _stream(self) -> None:
            for number in range(upstream.pieces):
                if number:
                    time.sleep(upstream.pause)
                delta = {"choices": [{"index": 0, "delta": {"content": upstream.piece(number)}}]}
                self._chunk(f"data: {json.dumps(delta)}\n\n".encode())
            self._chunk(DONE)
            self._chunk(b"")

        def _chunk(self, content: bytes) -> None:
            self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing: what was asked is in `requests`."""

    return Handler


def main() -> None:
    """Serves as a program of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--pieces", type=int, default=5)
    parser.add_argument("--pause", type=float, default=0.1)
    Upstream(**vars(parser.parse_args())).serve()


if __name__ == "__main__":
    main()
