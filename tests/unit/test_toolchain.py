"""The toolchain: table, keys, downloads, progress, installation. Nothing is built, no network is used."""

import hashlib
import io
import re
import subprocess
import tarfile
import urllib.error
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway_local import download, gobuild, programs, toolchain
from slipway_local.cluster import Kind
from slipway_local.paths import Paths
from slipway_local.programs import Download, Program
from slipway_local.progress import Progress

TABLE = """
[program.tool]
version = "1.2.3"
binaries = ["tool"]
links = ["alias"]
seconds = 10
build = { packages = { tool = "." }, ldflags = "-X main.version=v{version}" }

[program.tool.download.linux-amd64]
url = "https://example.org/v{version}/tool.tar.gz"
checksums = "https://example.org/v{version}/SHA256SUMS"
strip = "tool-{version}"

[program.plug]
version = "4.0.0"
binaries = ["pulumi-resource-plug"]
plugin = "plug"
beside = "tool"
seconds = 5
build = { packages = { pulumi-resource-plug = "." } }
"""


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    for name in ("tool", "plug"):
        folder = tmp_path / "go" / name
        folder.mkdir(parents=True)
        (folder / "go.mod").write_text(f"module example/{name}\n\ngo 1.25.8\n")
        (folder / "main.go").write_text("package main\n\nfunc main() {}\n")
    return tmp_path / "go"


@pytest.fixture
def cache(tmp_path: Path, modules: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A cache of the test's own, with the small table above, a Go that is not run and no network."""
    layout = Paths(tmp_path / "cache")
    for module in (programs, toolchain, gobuild):
        monkeypatch.setattr(module, "paths", lambda: layout)
    table = programs.parse(TABLE, modules, "linux-amd64")
    monkeypatch.setattr(toolchain, "table", lambda: table)
    monkeypatch.setattr(gobuild, "go", lambda: gobuild.Go("/usr/bin/go", "go1.26.0"))
    monkeypatch.setattr(gobuild, "prepare", _scratch)
    monkeypatch.setattr(download, "reachable", _never)
    return layout


def _scratch(program: Program) -> Path:
    return program.root


def _never(_: Download) -> bool:
    return False


def _always(_: Download) -> bool:
    return True


@pytest.fixture
def built(cache: Paths, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the programs that a pretended compiler has built."""
    names: list[str] = []

    def build(program: Program, _work: Path, bin_dir: Path) -> None:
        names.append(program.name)
        for binary in program.binaries:
            (bin_dir / binary).write_text(f"{program.name} {program.version}")

    monkeypatch.setattr(gobuild, "build", build)
    return names


# --- the table ---


def test_the_projects_own_table_describes_a_module_for_every_program() -> None:
    for name, program in programs.table().items():
        assert (program.folder / "go.mod").is_file(), name
        assert program.seconds > 0, name
        assert (
            set(program.binaries) == set(program.build.packages) | set(program.build.files)
            or not program.binaries
        )
        assert program.beside is None or program.beside in programs.table()


LARGE_MODULES = (
    "github.com/aws/aws-sdk-go-v2",
    "github.com/aws/aws-sdk-go-v2/service/ec2",
    "github.com/pulumi/pulumi/pkg/v3",
    "github.com/pulumi/pulumi/sdk/v3",
    "go.opentelemetry.io/otel",
    "golang.org/x/crypto",
    "golang.org/x/net",
    "golang.org/x/sys",
    "golang.org/x/text",
    "google.golang.org/grpc",
    "google.golang.org/protobuf",
    "k8s.io/api",
    "k8s.io/client-go",
)
# Traefik 3.5 is written for Gateway API 1.3, whose client needs an older one of Kubernetes.
ON_ITS_OWN = {("traefik", "k8s.io/api"), ("traefik", "k8s.io/client-go")}


@pytest.mark.parametrize("module", LARGE_MODULES)
def test_programs_share_the_version_of_a_large_module(module: str) -> None:
    """Else each compiles it for itself: a third of all that a first `make up` compiles."""
    wanted = re.compile(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", re.MULTILINE)
    found = {
        name: wanted.findall((program.folder / "go.mod").read_text())[:1]
        for name, program in programs.table().items()
        if program.build.packages
        and not (program.extra or program.asked)
        and (name, module) not in ON_ITS_OWN
    }
    versions = {version for listed in found.values() for version in listed}
    assert len(versions) == 1, found


def test_version_is_filled_in_everywhere(modules: Path) -> None:
    tool = programs.parse(TABLE, modules, "linux-amd64")["tool"]
    assert tool.build.ldflags == "-X main.version=v1.2.3"
    assert tool.download == Download(
        url="https://example.org/v1.2.3/tool.tar.gz",
        checksums="https://example.org/v1.2.3/SHA256SUMS",
        strip="tool-1.2.3",
    )


def test_a_machine_without_an_official_build_has_none(modules: Path) -> None:
    assert programs.parse(TABLE, modules, "darwin-arm64")["tool"].download is None


@pytest.mark.parametrize(
    ("wrong", "right", "named"),
    [
        ('links = ["alias"]', 'lnks = ["alias"]', "lnks"),
        ('version = "1.2.3"', "", "version"),
        ("checksums = ", 'sha256 = "ab"\nchecksums = ', "either sha256 or checksums"),
        ('url = "https:', 'url = "http:', "https://"),
    ],
)
def test_a_mistake_in_the_table_names_the_program(modules: Path, wrong: str, right: str, named: str) -> None:
    with pytest.raises(programs.TableError, match=rf"program\.tool.*{named}"):
        programs.parse(TABLE.replace(wrong, right, 1), modules, "linux-amd64")


# --- the key ---


def test_the_key_follows_what_defines_the_program(modules: Path) -> None:
    def key(table: str = TABLE, go: str = "go1.26.0") -> str:
        return programs.parse(table, modules, "linux-amd64")["tool"].built(go).name

    first = key()
    assert first.startswith("1.2.3-")
    assert len(first) == len("1.2.3-") + 8
    assert key(TABLE.replace("seconds = 10", "seconds = 99")) == first
    assert key(TABLE.replace("SHA256SUMS", "sums")) == first, (
        "where a download lies does not change what is built"
    )
    assert key(go="go1.26.1") != first
    assert key(TABLE.replace("main.version", "main.release")) != first

    (modules / "tool" / "__pycache__").mkdir()
    (modules / "tool" / "__pycache__" / "prepare.pyc").write_text("")
    assert key() == first
    (modules / "tool" / "main.go").write_text("package main\n\nfunc main() { println() }\n")
    assert key() != first


# --- installing ---


def test_ensure_builds_what_is_missing_and_nothing_twice(cache: Paths, built: list[str]) -> None:
    assert toolchain.missing(Kind.NODE) == ["tool", "plug"]
    toolchain.ensure()
    toolchain.ensure()
    assert built == ["tool", "plug"]
    assert toolchain.missing(Kind.NODE) == []
    assert (toolchain.program("tool") / "bin" / "alias").read_text() == "tool 1.2.3"
    assert toolchain.bin_dirs() == [toolchain.program("tool") / "bin"], (
        "a plugin on PATH makes the engine warn"
    )


def test_ensure_of_one_program_leaves_the_others(built: list[str], cache: Paths) -> None:
    toolchain.ensure(["tool"])
    assert built == ["tool"]
    assert toolchain.missing(Kind.NODE) == ["plug"]


def test_a_plugin_is_shown_to_the_engine_and_beside_its_host(built: list[str], cache: Paths) -> None:
    toolchain.ensure()
    binary = toolchain.program("plug") / "bin" / "pulumi-resource-plug"
    assert (cache.pulumi / "plugins/resource-plug-v4.0.0/pulumi-resource-plug").samefile(binary)
    assert (toolchain.program("tool") / "bin/pulumi-resource-plug").samefile(binary)


def test_a_new_definition_replaces_the_old_program(
    built: list[str], cache: Paths, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolchain.ensure()
    old = toolchain.program("plug")
    table = programs.parse(TABLE.replace("4.0.0", "4.1.0"), modules, "linux-amd64")
    monkeypatch.setattr(toolchain, "table", lambda: table)
    toolchain.ensure()
    assert built == ["tool", "plug", "plug"]
    assert not old.exists()
    assert list(old.parent.iterdir()) == [toolchain.program("plug")]
    assert (cache.pulumi / "plugins/resource-plug-v4.1.0/pulumi-resource-plug").read_text() == "plug 4.1.0"
    assert (toolchain.program("tool") / "bin/pulumi-resource-plug").read_text() == "plug 4.1.0"


def test_a_build_that_fails_installs_nothing_and_keeps_what_was_done(
    built: list[str], cache: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = gobuild.build

    def failing(program: Program, work: Path, bin_dir: Path) -> None:
        build(program, work, bin_dir)
        if program.name == "plug":
            raise gobuild.BuildError("no")

    monkeypatch.setattr(gobuild, "build", failing)
    with pytest.raises(gobuild.BuildError):
        toolchain.ensure()
    assert toolchain.missing(Kind.NODE) == ["plug"]
    with pytest.raises(
        toolchain.ToolchainError, match=r"plug 4\.0\.0 is not installed: run `slipway local up`"
    ):
        toolchain.program("plug")


def test_an_unknown_program_is_named_with_those_that_there_are(cache: Paths) -> None:
    with pytest.raises(toolchain.ToolchainError, match="no program nope; there are tool, plug"):
        toolchain.ensure(["tool", "nope"])


def test_a_second_process_waits_and_finds_the_work_done(
    built: list[str], cache: Paths, capfd: pytest.CaptureFixture[str]
) -> None:
    holder = subprocess.Popen(
        ["flock", str(cache.toolchain / "lock"), "sh", "-c", "echo locked; sleep 1"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=_made(cache.toolchain),
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "locked\n"
    toolchain.ensure()
    assert holder.wait() == 0
    assert "is installing the toolchain" in capfd.readouterr().err
    assert built == ["tool", "plug"]


# --- Go ---


def test_an_old_go_is_refused_with_the_version_that_is_needed(
    modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gobuild, "go", lambda: gobuild.Go("/usr/bin/go", "go1.24.13"))
    table = programs.parse(TABLE, modules, "linux-amd64")
    with pytest.raises(gobuild.BuildError, match=r"go1\.24\.13, Go 1\.25\.8 or newer is needed.*go\.dev/dl"):
        gobuild.require(list(table.values()))
    monkeypatch.setattr(gobuild, "go", lambda: gobuild.Go("/usr/bin/go", "go1.26"))
    gobuild.require(list(table.values()))


def test_a_failed_compiler_is_reported_with_the_end_of_its_log(
    cache: Paths, modules: Path, tmp_path: Path
) -> None:
    failing = tmp_path / "go-that-fails"
    failing.write_text("#!/bin/sh\nfor n in $(seq 40); do echo line $n >&2; done\nexit 3\n")
    failing.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(gobuild.BuildError) as caught:
        patch.setattr(gobuild, "go", lambda: gobuild.Go(str(failing), "go1.26.0"))
        gobuild.build(programs.parse(TABLE, modules, "linux-amd64")["tool"], modules / "tool", tmp_path)
    message = str(caught.value)
    assert "tool 1.2.3 could not be built" in message
    assert "line 40" in message
    assert "line 20\n" not in message
    log = cache.toolchain / "logs/tool.log"
    assert str(log) in message
    assert "line 1\n" in log.read_text()


MODULE = "example.org/tool@v1.2.3"


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ('{"Dir": "/modules/tool", "Sum": "h1:right"}', None),
        (
            '{"Dir": "/modules/tool", "Sum": "h1:wrong"}',
            f"{MODULE} has the checksum h1:wrong, h1:right is pinned",
        ),
        ('{"Error": "not found"}', f"{MODULE} cannot be downloaded: not found"),
        ("", f"{MODULE} cannot be downloaded: no network"),
    ],
)
def test_what_a_build_copies_from_is_verified(
    cache: Paths,
    modules: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    refused: str | None,
) -> None:
    go = modules / "go-of-the-test"
    go.write_text(f"#!/bin/sh\nprintf '%s' '{said}'\necho 'no network' >&2\n")
    go.chmod(0o755)
    monkeypatch.setattr(gobuild, "go", lambda: gobuild.Go(str(go), "go1.26.0"))
    pinned = TABLE.replace("seconds = 10", f'source = "{MODULE}"\nsum = "h1:right"\nseconds = 10')
    tool = programs.parse(pinned, modules, "linux-amd64")["tool"]
    tool.root.mkdir(parents=True)
    if refused is None:
        assert gobuild._verified(tool) == Path("/modules/tool")  # pyright: ignore[reportPrivateUsage]
    else:
        with pytest.raises(gobuild.BuildError, match=refused):
            gobuild._verified(tool)  # pyright: ignore[reportPrivateUsage]


def test_the_key_follows_what_a_build_copies_from(modules: Path) -> None:
    def key(source: str) -> Path:
        table = TABLE.replace("seconds = 10", f"{source}\nseconds = 10")
        return programs.parse(table, modules, "linux-amd64")["tool"].built("go1.26.0")

    without = key("")
    pinned = [key(f'source = "{MODULE}"\nsum = "{digest}"') for digest in ("h1:one", "h1:another")]
    assert len({without, *pinned}) == 3


# --- official downloads ---


def _archive(content: bytes, member: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        info = tarfile.TarInfo(member)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def _serve(monkeypatch: pytest.MonkeyPatch, answers: dict[str, bytes]) -> None:
    def answer(url: str) -> io.BytesIO:
        try:
            return io.BytesIO(answers[url])
        except KeyError:
            raise urllib.error.URLError(f"nothing at {url}") from None

    monkeypatch.setattr(download, "_open", answer)
    monkeypatch.setattr(download, "reachable", _always)


def test_an_official_build_is_verified_and_unpacked(
    built: list[str], cache: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = _archive(b"official", "tool-1.2.3/tool")
    sums = f"{'0' * 64}  other.tar.gz\n{hashlib.sha256(archive).hexdigest()}  ./tool.tar.gz\n".encode()
    base = "https://example.org/v1.2.3"
    _serve(monkeypatch, {f"{base}/tool.tar.gz": archive, f"{base}/SHA256SUMS": sums})
    toolchain.ensure()
    assert built == ["plug"], "what has no official build is built"
    binary = toolchain.program("tool") / "bin" / "tool"
    assert binary.read_bytes() == b"official"
    assert binary.stat().st_mode & 0o111


def test_a_wrong_checksum_is_an_error_and_is_not_built_around(
    built: list[str], cache: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = "https://example.org/v1.2.3"
    sums = f"{'0' * 64}  tool.tar.gz\n".encode()
    _serve(monkeypatch, {f"{base}/tool.tar.gz": b"tampered", f"{base}/SHA256SUMS": sums})
    with pytest.raises(download.ChecksumError, match=f"publisher says {'0' * 64}"):
        toolchain.ensure()
    assert toolchain.missing(Kind.NODE) == ["tool", "plug"]
    assert not list(cache.toolchain.rglob("*.tar.gz"))


def test_a_download_that_breaks_off_is_built_instead(
    built: list[str], cache: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _serve(monkeypatch, {})
    toolchain.ensure()
    assert built == ["tool", "plug"]
    assert "it is built from Go modules instead" in capsys.readouterr().err


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_publishers_digests_of_every_kind_are_checked(tmp_path: Path, algorithm: str) -> None:
    file = tmp_path / "tool"
    file.write_bytes(b"content")
    digest = hashlib.new(algorithm, b"content").hexdigest()
    download.verify(file, digest, "here")
    with pytest.raises(download.ChecksumError):
        download.verify(file, digest[::-1], "here")
    assert not file.exists()


@pytest.mark.parametrize(
    ("listing", "found"),
    [
        ("{digest}  tool.tar.gz\n", True),
        ("{digest} *tool.tar.gz\n", True),
        ("{digest}  ./tool.tar.gz\n", True),
        ("{digest}\n", True),
        ("{digest}  another-tool.tar.gz\n", False),
        ("not a digest  tool.tar.gz\n", False),
        ("", False),
    ],
)
def test_a_digest_is_found_in_the_publishers_list(listing: str, found: bool) -> None:
    digest = "ab" * 32
    expected = digest if found else None
    assert download.listed_digest(listing.format(digest=digest), "tool.tar.gz") == expected


# --- progress ---


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _progress(steps: dict[str, float]) -> tuple[Progress, _Clock, io.StringIO]:
    clock, out = _Clock(), io.StringIO()
    return Progress(steps, out, clock), clock, out


def test_progress_learns_how_fast_this_machine_is() -> None:
    progress, clock, out = _progress({"a": 10, "b": 30})
    assert progress.remaining() == 40
    with progress.step("a"):
        clock.now = 20
    assert progress.speed() == 2
    assert progress.remaining() == 60
    assert progress.fraction() == 0.25
    with progress.step("b"):
        progress.doing("building 1.0")
    assert "[2/2] b: building 1.0, 25% of all, 20 s gone, about 1 min 00 s left" in out.getvalue()


def test_a_step_that_is_late_is_never_said_to_be_over() -> None:
    progress, clock, _ = _progress({"a": 10, "b": 10})
    with progress.step("a"):
        clock.now = 40
        assert progress.remaining() == pytest.approx(40 + 0.05 * 40)
        assert progress.fraction() < 0.5


def test_a_step_found_done_says_nothing_about_speed() -> None:
    progress, clock, _ = _progress({"a": 100, "b": 50})
    with progress.step("a"):
        clock.now = 2
    assert progress.remaining() == 50


def test_a_log_hears_of_a_long_step_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway_local.progress.LOG_EVERY", 0.01)
    progress, _, out = _progress({"a": 10})
    with progress.step("a"):
        progress.doing("building 1.0")
        _until(lambda: out.getvalue().count("building 1.0") > 2)


def _until(condition: Callable[[], bool]) -> None:
    import time

    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
