"""The AWS emulator with a state and a port of its own, as a test wants it."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import boto3  # pyright: ignore[reportMissingTypeStubs]

from slipway_local import emulator

SECONDS = 30


class Emulator:
    """One that is started and killed at will."""

    def __init__(self, folder: Path, **environment: str):
        part = emulator.emulator()
        source = Path(part.command[1]).parent
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for path, text in part.files.items():
            file = folder / path.relative_to(source)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self._command = [part.command[0], str(folder / "serve.py")]
        self._log = folder / "log"
        self._environment = {
            **part.environment,
            "PATH": os.environ["PATH"],
            "GATEWAY_PORT": str(self.port),
            "STATE_DIR": str(folder / "state"),
            "S3_DATA_DIR": str(folder / "state/s3"),
            "TMPDIR": str(folder),
            **environment,
        }
        self.start()

    def start(self) -> None:
        with self._log.open("a") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.wait(SECONDS)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, key: str = "test", secret: str = "test") -> Any:
        """A client of AWS's own SDK for Python."""
        connect: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  (boto3 makes its clients at run time)
        return connect(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="eu-central-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )

    def ec2(self, action: str, **parameters: str) -> ElementTree.Element:
        """One EC2 call; the answer without its namespace."""
        form = urlencode({"Action": action, "Version": "2016-11-15", **parameters}).encode()
        scope = "Credential=test/20260101/eu-central-1/ec2/aws4_request"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/",
            form,
            {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"},
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            root = ElementTree.fromstring(answer.read())  # noqa: S314  (it is our own emulator's)
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        return root

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_ministack/ready", timeout=1).close()
        except OSError:
            return False
        return True
