"""The AWS emulator: ministack in an environment of its own, and the part that runs it."""

from pathlib import Path

from slipway_local import runtime
from slipway_local.api import healthy
from slipway_local.parts import Part
from slipway_local.paths import paths, repository
from slipway_local.ports import API_SERVER, EMULATOR


def emulator() -> Part:
    """It keeps its state in the cache through restarts and kills. local/emulator says what is added to it."""
    folder = paths().configuration / "emulator"
    files = {folder / file.relative_to(_source()): file.read_text() for file in _source().rglob("*.py")}
    return Part(
        "emulator",
        [str(runtime.EMULATOR.program("python")), str(folder / "serve.py")],
        lambda: healthy("/_ministack/ready", EMULATOR, plain=True),
        start_seconds=2,
        environment={
            "GATEWAY_PORT": str(EMULATOR),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(paths().emulator),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(paths().emulator / "s3"),
            "CLOUDTRAIL_RECORDING": "1",
            "TMPDIR": str(paths().run),
            # What its EKS clusters lead to: see local/emulator/additions/eks.py.
            "EKS_ENDPOINT": f"https://localhost:{API_SERVER}",
            "EKS_CA_FILE": str(paths().ca_certificate),
            # Listeners that nobody here needs, one of them on every address.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            # Databases and clusters are answered for, never started as containers: there is no such daemon.
            "DOCKER_HOST": f"unix://{paths().run}/no-docker-for-the-emulator.sock",
        },
        files=files,
    )


def _source() -> Path:
    return repository() / "local/emulator"
