"""Official builds: whether they can be reached, and fetching exactly what the publisher released."""

import hashlib
import re
import shutil
import tarfile
import urllib.request
from http.client import HTTPResponse
from pathlib import Path

from slipway_local.programs import Download, Program

PROBE_SECONDS = 3
# A connection that says nothing for this long is given up; the build from modules takes its place.
STALL_SECONDS = 30
# Publishers' checksum files hold digests of these kinds, told apart by their length.
ALGORITHMS = {40: "sha1", 64: "sha256", 128: "sha512"}


class UnreachableError(Exception):
    """The official build cannot be had from here."""


class ChecksumError(Exception):
    """What was downloaded is not what the publisher released."""


def reachable(download: Download) -> bool:
    """Whether the official build answers, found out within three seconds."""
    request = urllib.request.Request(download.url, method="HEAD")  # noqa: S310 - programs.parse takes https alone
    try:
        with urllib.request.urlopen(request, timeout=PROBE_SECONDS):  # noqa: S310
            return True
    except (OSError, ValueError):
        return False


def fetch(program: Program, download: Download, bin_dir: Path) -> None:
    """Downloads, verifies and unpacks the program's binaries into bin_dir."""
    archive = bin_dir / download.url.rpartition("/")[2]
    try:
        with _open(download.url) as answer, archive.open("wb") as file:
            shutil.copyfileobj(answer, file)
        expected = _expected(download, archive.name)
    except OSError as error:
        archive.unlink(missing_ok=True)
        raise UnreachableError(f"{download.url}: {error}") from error
    verify(archive, expected, download.url)
    if archive.name.endswith((".tar.gz", ".tgz")):
        _unpack(program, download, archive, bin_dir)
        archive.unlink()
    else:
        archive.rename(bin_dir / program.binaries[0])
    for binary in program.binaries:
        (bin_dir / binary).chmod(0o755)


def verify(file: Path, expected: str, origin: str) -> None:
    """Removes a file that has not the expected digest, and says so."""
    with file.open("rb") as content:
        found = hashlib.file_digest(content, ALGORITHMS[len(expected)]).hexdigest()
    if found != expected:
        file.unlink()
        raise ChecksumError(
            f"{origin} has the checksum {found}, its publisher says {expected}. "
            "It was removed and is not used. If this comes again, do not trust the network in between"
        )


def listed_digest(text: str, name: str) -> str | None:
    """The digest of a file in a publisher's checksum file, which may also hold that one digest alone."""
    for line in text.splitlines():
        words = line.split()
        if words and _is_digest(words[0]) and (len(words) == 1 or Path(words[-1].lstrip("*")).name == name):
            return words[0].lower()
    return None


def _is_digest(word: str) -> bool:
    return len(word) in ALGORITHMS and re.fullmatch(r"[0-9a-fA-F]+", word) is not None


def _expected(download: Download, name: str) -> str:
    if download.sha256:
        return download.sha256
    with _open(download.checksums) as answer:
        digest = listed_digest(answer.read().decode(), name)
    if digest is None:
        raise ChecksumError(
            f"{download.checksums} does not list {name}: it cannot be verified, so it is not used"
        )
    return digest


def _open(url: str) -> HTTPResponse:
    return urllib.request.urlopen(url, timeout=STALL_SECONDS)  # noqa: S310 - programs.parse takes https alone


def _unpack(program: Program, download: Download, archive: Path, bin_dir: Path) -> None:
    with tarfile.open(archive) as content:
        for binary in program.binaries:
            member = f"{download.strip}/{binary}" if download.strip else binary
            try:
                source = content.extractfile(member)
            except KeyError:
                source = content.extractfile(f"./{member}")
            if source is None:
                raise ChecksumError(f"{download.url} holds no file {member}")
            with source, (bin_dir / binary).open("wb") as target:
                shutil.copyfileobj(source, target)
