"""Writes that survive a kill: a call that changes something is answered when the change is on the disk.

ministack by itself saves its state only when it is stopped in an orderly way, and only logs what it could not save. Here such
a call fails and says why. What was on the disk stays there; what is in memory is saved with the next call that can be.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ministack.app import _build_persistence_save_dict
from ministack.core.persistence import save_all

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

READING = ("Describe", "Get", "List", "BatchGet", "Lookup", "Simulate")
# Insufficient Storage: AWS clients try most other errors of a server again, for minutes.
STATUS = 507


class _Failures(logging.Handler):
    """What ministack says of states that it could not save."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


class Durable:
    """An ASGI application around ministack's."""

    def __init__(self, application: Application):
        self._application = application
        self._saving = asyncio.Lock()
        self._asked = 0
        self._saved = 0
        self._failures = _Failures()
        logging.getLogger("persistence").addHandler(self._failures)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._application(scope, receive, send)
            return
        body = bytearray()
        refused = False

        async def read() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def answer(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and not _only_reads(scope, body):
                failures = await self._save()
                if failures:
                    refused = True
                    await _refuse(send, message, failures)
            if not refused:
                await send(message)

        await self._application(scope, read, answer)

    async def _save(self) -> list[str]:
        """What could not be saved. One writing serves all the answers that wait when it begins."""
        self._asked += 1
        mine = self._asked
        async with self._saving:
            if self._saved < mine:
                covered = self._asked
                self._failures.said = []
                save_all(_build_persistence_save_dict())
                self._saved = covered
            return self._failures.said


async def _refuse(send: Send, answered: Message, failures: list[str]) -> None:
    """An error in place of the answer, in the format of the answer."""
    code, told = "StateNotSaved", f"the emulator cannot keep this change: {'; '.join(failures)}"
    kind = {name.lower(): value for name, value in answered["headers"]}.get(b"content-type", b"")
    if b"json" in kind:
        body = json.dumps({"__type": code, "message": told})
    else:
        # Each of AWS's XML protocols looks for these two in another place, and overlooks the others.
        both = f"<Code>{code}</Code><Message>{escape(told)}</Message>"
        body = f"<ErrorResponse>{both}<Error>{both}</Error><Errors><Error>{both}</Error></Errors></ErrorResponse>"
        kind = b"text/xml"
    sent = body.encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(sent)).encode())]
    await send({"type": "http.response.start", "status": STATUS, "headers": headers})
    await send({"type": "http.response.body", "body": sent})


def _only_reads(scope: Message, body: bytearray) -> bool:
    """Whether the call's name says so: from the header of JSON services, the form of query services."""
    headers = dict(scope["headers"])
    action = headers.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")[2]
    if not action and headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded"):
        action = parse_qs(body.decode("utf-8", errors="replace")).get("Action", [""])[0]
    return action.startswith(READING)
