"""The environment of `slipway local exec`: programs on PATH, addresses and credentials in their variables.

It stands before each measured command, so it imports little and starts nothing.
"""

import json
import os
import sys
import zlib
from pathlib import Path

from slipway_local import cluster
from slipway_local.cluster import Kind
from slipway_local.parts import connects
from slipway_local.paths import paths, repository
from slipway_local.ports import EMULATOR


def remember_programs(folders: list[Path]) -> None:
    """Notes where this checkout's programs lie: asking the toolchain each time would take longest of all."""
    note = _note()
    note.parent.mkdir(exist_ok=True)
    note.write_text(json.dumps([str(folder) for folder in folders]))


def environment() -> dict[str, str]:
    """The variables to add to a command's own. The platform must have been brought up from this checkout."""
    running = cluster.recorded()
    if running is None or not _note().exists():
        raise RuntimeError("the local platform was not brought up from this checkout: run `slipway local up`")
    if connects(paths().supervisor_socket) is not None:
        raise RuntimeError("the local platform does not run: `slipway local up` brings it back as it was")
    direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    direct = f"{direct},127.0.0.1,localhost" if direct else "127.0.0.1,localhost"
    folders = [*json.loads(_note().read_text()), f"{sys.prefix}/bin", os.environ["PATH"]]
    docker = {} if running.kind is Kind.SIMULATED else {"DOCKER_HOST": f"unix://{paths().docker_socket}"}
    return {
        "PATH": os.pathsep.join(folders),
        "SLIPWAY_LOCAL_CLUSTER": running.kind,
        "KUBECONFIG": running.kubeconfig,
        "NO_PROXY": direct,
        "no_proxy": direct,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{EMULATOR}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",  # what boto3 reads
        "PULUMI_HOME": str(paths().pulumi),
        "PULUMI_BACKEND_URL": f"file://{paths().state}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # Pulumi and its providers run for seconds: they collect garbage when there is much of it, not all the time.
        "GOGC": "off",
        "GOMEMLIMIT": "2GiB",
        **docker,
        "SSL_CERT_FILE": str(paths().trust_bundle),
        # What kubectl and docker remember goes where `down` removes it, not into the home folder.
        "KUBECACHEDIR": str(paths().kubectl_cache),
        "BUILDX_CONFIG": str(paths().platform / "buildx"),
    }


def _note() -> Path:
    """One per checkout: they may want different versions."""
    return paths().platform / "checkouts" / f"{zlib.crc32(str(repository()).encode()):08x}.json"
