"""The AWS emulator with a state and a port of its own: what is left after kills, what it gives back."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from slipway_local import emulator

SECONDS = 30


class Emulator:
    """One that is started and killed at will."""

    def __init__(self, folder: Path):
        part = emulator.emulator()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        for path, text in part.files.items():
            copy = folder / path.relative_to(Path(part.command[1]).parent)
            copy.parent.mkdir(exist_ok=True)
            copy.write_text(text)
        self._command = [part.command[0], str(folder / "serve.py")]
        self._log = folder / "log"
        self._environment = {
            **part.environment,
            "PATH": os.environ["PATH"],
            "GATEWAY_PORT": str(self._port),
            "STATE_DIR": str(folder / "state"),
            "S3_DATA_DIR": str(folder / "state/s3"),
            "TMPDIR": str(folder),
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

    def end(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.wait(SECONDS)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def ec2(self, action: str, **parameters: str) -> ElementTree.Element:
        """One EC2 call; the answer without its namespace."""
        form = urlencode({"Action": action, "Version": "2016-11-15", **parameters}).encode()
        scope = "Credential=test/20260101/eu-central-1/ec2/aws4_request"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/",
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
            urllib.request.urlopen(f"http://127.0.0.1:{self._port}/_ministack/ready", timeout=1).close()
        except OSError:
            return False
        return True


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Emulator]:
    emulated = Emulator(tmp_path)
    yield emulated
    emulated.end(signal.SIGKILL)


def text(answer: ElementTree.Element, name: str) -> str | None:
    return answer.findtext(f".//{name}")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_answered_is_there_after_it_was_ended(running: Emulator, how: signal.Signals) -> None:
    vpc = text(running.ec2("CreateVpc", CidrBlock="10.7.0.0/16"), "vpcId")
    running.end(how)
    running.start()
    assert text(running.ec2("DescribeVpcs", **{"VpcId.1": vpc or ""}), "cidrBlock") == "10.7.0.0/16"


def test_a_flow_log_is_given_back_as_it_was_put_also_after_a_kill(running: Emulator) -> None:
    running.ec2(
        "CreateFlowLogs",
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestination="arn:aws:logs:eu-central-1:000000000000:log-group:flow",
        DeliverLogsPermissionArn="arn:aws:iam::000000000000:role/flow",
        MaxAggregationInterval="60",
        **{"ResourceId.1": "vpc-1"},
    )
    running.end(signal.SIGKILL)
    running.start()
    flow_log = running.ec2("DescribeFlowLogs")
    assert text(flow_log, "deliverLogsPermissionArn") == "arn:aws:iam::000000000000:role/flow"
    assert text(flow_log, "maxAggregationInterval") == "60"


def test_an_endpoint_is_given_back_as_it_was_put_and_changed(running: Emulator) -> None:
    created = running.ec2(
        "CreateVpcEndpoint",
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.eu-central-1.ecr.api",
        PrivateDnsEnabled="true",
        **{"SecurityGroupId.1": "sg-1"},
    )
    name = text(created, "vpcEndpointId") or ""
    running.ec2(
        "ModifyVpcEndpoint",
        VpcEndpointId=name,
        PrivateDnsEnabled="false",
        **{"AddSecurityGroupId.1": "sg-2", "RemoveSecurityGroupId.1": "sg-1"},
    )
    endpoint = running.ec2("DescribeVpcEndpoints", **{"VpcEndpointId.1": name})
    assert text(endpoint, "privateDnsEnabled") == "false"
    assert [group.text for group in endpoint.iter("groupId")] == ["sg-2"]


def test_it_listens_on_loopback_alone(running: Emulator) -> None:
    listening = subprocess.run(["ss", "-Hltnp"], check=True, capture_output=True, text=True).stdout
    addresses = [line.split()[3] for line in listening.splitlines() if f"pid={running.pid}," in line]
    assert addresses
    assert all(address.startswith("127.0.0.1:") for address in addresses), addresses
