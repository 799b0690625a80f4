"""What the pipeline signs and what it asks before a release, against the local registry, by a key.

Signatures by a GitHub job's identity need Sigstore's services: the same scripts make and check them, and nothing here proves that.
"""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from slipway.image import attestations
from slipway_local import toolchain
from tests.support.project import REPOSITORY

HOME = "127.0.0.1:5000/slipway-tests/signed"
NONE = ""


def run(*command: str | Path, cwd: Path = REPOSITORY, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False
    )


def checked(*command: str | Path, cwd: Path = REPOSITORY, **environment: str) -> str:
    done = run(*command, cwd=cwd, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def cosign() -> Path:
    toolchain.ensure(["cosign"])
    return toolchain.program("cosign") / "bin/cosign"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory, cosign: Path) -> Mapping[str, Path]:
    """Folders with cosign.key and cosign.pub: ours, and somebody else's."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("ours", "theirs")}
    for folder in folders.values():
        checked(cosign, "generate-key-pair", cwd=folder, COSIGN_PASSWORD=NONE)
    return folders


def push(folder: Path, name: str) -> str:
    """An image with one file and a list of Debian packages, by its digest."""
    (folder / "status").write_text(
        "Package: base-files\nStatus: ok\nArchitecture: amd64\nVersion: 12.4+deb12u1\n"
    )
    (folder / "Dockerfile").write_text(
        f'FROM scratch\nLABEL name={name}\nCOPY status /var/lib/dpkg/status\nCMD ["/none"]\n'
    )
    tag = f"{HOME}:{name}"
    checked(
        "docker", "build", "--tag", tag, folder, DOCKER_BUILDKIT="0"
    )  # it needs no more than the old builder
    checked("docker", "push", "--quiet", tag)
    listed = checked("docker", "image", "inspect", "--format", "{{json .RepoDigests}}", tag)
    return next(digest for digest in json.loads(listed) if digest.startswith(f"{HOME}@"))


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, keys: Mapping[str, Path]) -> str:
    image = push(tmp_path_factory.mktemp("signed"), "signed")
    checked(
        "scripts/ci/sign.sh",
        "image",
        image,
        "apps/chat",
        COSIGN_KEY=str(keys["ours"] / "cosign.key"),
        COSIGN_PASSWORD=NONE,
    )
    return image


def verify(image: str, key: Path) -> subprocess.CompletedProcess[str]:
    return run(
        "scripts/ci/verify.sh", image, IMAGE_REPOSITORY=HOME, COSIGN_PUBLIC_KEY=str(key / "cosign.pub")
    )


def test_a_signed_image_may_be_released(signed: str, keys: Mapping[str, Path]) -> None:
    """Given an image that the pipeline has signed, then it is let through."""
    done = verify(signed, keys["ours"])
    assert done.returncode == 0, done.stderr
    assert f"verify: {signed} is signed, and says where it comes from" in done.stdout


def test_another_s_signature_is_none(signed: str, keys: Mapping[str, Path]) -> None:
    done = verify(signed, keys["theirs"])
    assert done.returncode == 1
    assert "is not signed as it has to be. Nothing was changed." in done.stderr


def test_an_image_that_nobody_has_signed_is_refused(tmp_path: Path, keys: Mapping[str, Path]) -> None:
    assert verify(push(tmp_path, "unsigned"), keys["ours"]).returncode == 1


def test_a_signature_without_provenance_is_not_enough(
    tmp_path: Path, keys: Mapping[str, Path], cosign: Path
) -> None:
    image = push(tmp_path, "bare")
    key = keys["ours"] / "cosign.key"
    checked(cosign, "sign", "--yes", "--tlog-upload=false", "--key", key, image, COSIGN_PASSWORD=NONE)
    assert verify(image, keys["ours"]).returncode == 1


def test_a_name_without_a_digest_is_refused(keys: Mapping[str, Path]) -> None:
    done = verify(f"{HOME}:signed", keys["ours"])
    assert done.returncode == 1
    assert "has no digest" in done.stderr


def test_somebody_else_s_image_is_taken_by_its_digest(keys: Mapping[str, Path]) -> None:
    assert verify(f"docker.io/yidadaa/chatgpt-next-web@sha256:{'a' * 64}", keys["ours"]).returncode == 0


def attested(image: str, kind: str, keys: Mapping[str, Path], cosign: Path) -> dict[str, Any]:
    """What was said of an image under a signature."""
    public = keys["ours"] / "cosign.pub"
    found = checked(
        cosign, "verify-attestation", "--insecure-ignore-tlog=true", "--key", public, "--type", kind, image
    )
    return json.loads(b64decode(json.loads(found)["payload"]))["predicate"]


def test_provenance_says_which_commit(signed: str, keys: Mapping[str, Path], cosign: Path) -> None:
    said = attested(signed, "slsaprovenance1", keys, cosign)
    commit = checked("git", "rev-parse", "HEAD")
    assert said["buildDefinition"]["resolvedDependencies"][0]["digest"] == {"gitCommit": commit}


def test_the_materials_are_the_lock_file_s_and_debian_s(
    signed: str, keys: Mapping[str, Path], cosign: Path
) -> None:
    said = attested(signed, "cyclonedx", keys, cosign)
    urls = {component["purl"] for component in said["components"]}
    assert "pkg:deb/debian/base-files@12.4%2Bdeb12u1?arch=amd64" in urls
    assert any(url.startswith("pkg:npm/next@") for url in urls)


def test_the_materials_lie_where_the_component_says(signed: str) -> None:
    """Given the `ref` of an Image that was signed, then its bill of materials is under the tag that `attestations` names."""
    registry, _, path = attestations(signed).partition("/")
    repository, _, tag = path.rpartition(":")
    kind = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    with urlopen(Request(f"https://{registry}/v2/{repository}/manifests/{tag}", headers=kind)) as answer:
        layers = json.load(answer)["layers"]
    kinds = {layer["annotations"]["predicateType"] for layer in layers}
    assert "https://cyclonedx.org/bom" in kinds


def test_a_file_is_signed_beside_it(tmp_path: Path, keys: Mapping[str, Path], cosign: Path) -> None:
    """Given a wheel and its materials, then signature, provenance and materials lie beside it, and another file is not it."""
    wheel, sbom = tmp_path / "a.whl", tmp_path / "a.cdx.json"
    wheel.write_text("wheel")
    sbom.write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6"}')
    checked(
        "scripts/ci/sign.sh",
        "file",
        wheel,
        sbom,
        COSIGN_KEY=str(keys["ours"] / "cosign.key"),
        COSIGN_PASSWORD=NONE,
    )
    assert sorted(file.name for file in tmp_path.glob("a.whl.*")) == [
        "a.whl.materials.json",
        "a.whl.provenance.json",
        "a.whl.sigstore.json",
    ]
    command = ["verify-blob", "--insecure-ignore-tlog=true", "--key", keys["ours"] / "cosign.pub"]
    checked(cosign, *command, "--bundle", f"{wheel}.sigstore.json", wheel)
    wheel.write_text("another")
    assert run(cosign, *command, "--bundle", f"{wheel}.sigstore.json", wheel).returncode != 0
