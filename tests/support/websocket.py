"""A WebSocket that listens, by the standard library."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import urlsplit

_TIMEOUT = 10


class Listener:
    """One connection, and each text that came over it with its time. Texts are shorter than 126 bytes."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._socket = socket.create_connection((address.hostname, address.port or 80), _TIMEOUT)
        self._socket.sendall(
            f"GET {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        self._file = self._socket.makefile("rb")
        first = self._file.readline()
        assert b" 101 " in first, first
        while self._file.readline().strip():
            pass
        self.heard: list[tuple[float, str]] = []
        self.closed: float | None = None
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            while head := self._file.read(2):
                self.heard.append((time.time(), self._file.read(head[1]).decode()))
        except OSError:
            pass  # cut, which is what `closed` says
        self.closed = time.time()

    def close(self) -> None:
        self._socket.close()
