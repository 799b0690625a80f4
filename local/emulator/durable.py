"""Writes that survive a kill: a call that changes something is answered when the change is on the disk.

ministack by itself saves its state only when it is stopped in an orderly way.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from ministack.app import _build_persistence_save_dict
from ministack.core.persistence import save_all

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

READING = ("Describe", "Get", "List", "BatchGet", "Lookup", "Simulate")


class Durable:
    """An ASGI application around ministack's."""

    def __init__(self, application: Application):
        self._application = application
        self._saving = asyncio.Lock()
        self._asked = 0
        self._saved = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._application(scope, receive, send)
            return
        body = bytearray()

        async def read() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and not _only_reads(scope, body):
                await self._save()
            await send(message)

        await self._application(scope, read, answer)

    async def _save(self) -> None:
        """One writing serves all the answers that wait when it begins."""
        self._asked += 1
        mine = self._asked
        async with self._saving:
            if self._saved < mine:
                covered = self._asked
                save_all(_build_persistence_save_dict())
                self._saved = covered


def _only_reads(scope: Message, body: bytearray) -> bool:
    """Whether the call's name says so: from the header of JSON services, the form of query services."""
    headers = dict(scope["headers"])
    action = headers.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")[2]
    if not action and headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded"):
        action = parse_qs(body.decode("utf-8", errors="replace")).get("Action", [""])[0]
    return action.startswith(READING)
