"""What an image runs as: each way of being root is told, each way of being someone else is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.dockerfiles import Image, findings, main

ROOT = """
USER root
USER 0
USER 0:0
USER 00
USER root:root
USER root:1000
USER "root"
USER :1000
user root
USER 1000\\nUSER root
ARG RUN_AS=0\\nUSER ${RUN_AS}
ARG RUN_AS\\nUSER $RUN_AS
ENV RUN_AS=root\\nUSER $RUN_AS
ENV RUN_AS root\\nUSER $RUN_AS
USER ${RUN_AS:-root}
USER \\\\\\n root
RUN <<EOF\\nUSER 1000\\nEOF
USER 1000\\nRUN bash -c 'read x <<<hello'\\nUSER root
USER 1000\\nRUN read x <<<hello\\nUSER root
USER 1000\\nRUN echo "<<EOF"\\nUSER root\\nRUN echo\\nEOF
USER 1000\\nCMD cat <<EOF\\nUSER root\\nEOF
USER 1000\\nRUN cat <<EOF\\nUSER root
RUN cat <<EOF\\n\\tEOF\\nUSER 1000\\nEOF
ENV RUN_AS=root\\nARG RUN_AS=1000\\nUSER $RUN_AS
# USER 1000
CMD ["USER", "1000"]
""".strip().splitlines()

SOMEONE = """
USER nonroot
USER 65532:65532
USER root\\nRUN true\\nUSER 1000
ARG RUN_AS=1000\\nUSER ${RUN_AS}
ARG RUN_AS=1000\\nUSER ${RUN_AS:-0}
ENV A=1 RUN_AS="app"\\nUSER $RUN_AS:app
USER 1000\\nRUN <<EOF\\nUSER root\\nEOF
RUN echo $((1<<2))\\nUSER 1000
RUN cat 0<<-'E-F' <<"B"\\nUSER root\\n\\tE-F\\nUSER root\\nB\\nUSER 1000
USER 1000\\nCOPY <<a.txt /b\\nUSER root\\na.txt
USER 1000\\nONBUILD RUN <<EOF\\nUSER root\\nEOF
USER 1000\\nRUN a \\\\\\n# USER root\\n USER root
""".strip().splitlines()


def dockerfile(lines: str, base: str = "debian:12.5") -> str:
    return f"FROM {base}\n" + lines.replace("\\\\", "\\").replace("\\n", "\n").replace("\\t", "\t") + "\n"


@pytest.mark.parametrize("lines", ROOT)
def test_root(lines: str) -> None:
    assert any(found.startswith("image-user: it runs as ") for found in findings(dockerfile(lines)))


@pytest.mark.parametrize("lines", SOMEONE)
def test_someone_else(lines: str) -> None:
    assert [*findings(dockerfile(lines))] == []


def test_nobody_is_named() -> None:
    assert [*findings("FROM debian:12.5\n")] == [
        "image-user: it runs as root, for its last stage names no user: end with USER and an account, as 1000:1000"
    ]


def test_the_last_stage_counts_and_what_it_is_built_from() -> None:
    build = "FROM debian:12.5 AS build\nUSER 1000\n"
    assert Image(f"{build}FROM debian:12.5\n").user == ""
    assert Image(f"{build}FROM build\n").user == "1000"
    assert Image(f"{build}FROM BUILD AS last\nUSER root\n").user == "root"
    assert Image("FROM debian:12.5\nUSER 1000\nFROM 0\n").user == "1000"
    assert Image(f"FROM debian:12.5 AS last\nUSER root\n{build}FROM last\n").user == "root"


def test_a_stage_has_the_variables_of_the_stage_it_is_built_from() -> None:
    for said in ("ENV APP=1000", "ARG APP=1000"):
        base = f"FROM debian:12.5 AS base\n{said}\n"
        assert Image(f"{base}FROM base AS app\nUSER $APP\n").user == "1000"
        assert Image(f"{base}FROM base AS app\nENV APP=0\nFROM base\nUSER $APP\n").user == "1000"
        assert Image(f"{base}FROM debian:12.5\nUSER $APP\n").user == ""


def test_arguments_of_the_file_reach_a_stage_that_asks_for_them() -> None:
    assert Image("ARG WHO=1000\nFROM debian:12.5\nARG WHO\nUSER $WHO\n").user == "1000"
    assert Image("ARG WHO=1000\nFROM debian:12.5\nUSER $WHO\n").user == ""
    assert Image("ARG WHO=1000\nFROM debian:12.5\nARG WHO=0\nUSER $WHO\n").user == "0"


@pytest.mark.parametrize(
    "base",
    ["debian", "debian:latest", "registry:5000/debian", "${BASE}", "--platform=linux/amd64 debian:latest"],
)
def test_a_base_without_a_version(base: str) -> None:
    (found,) = findings(dockerfile("USER 1000", base))
    assert found.startswith("image-base: ")


def test_a_base_by_an_argument() -> None:
    assert [*findings("ARG BASE=debian:latest\nFROM ${BASE}\nUSER 1\n")]
    for base in ("debian:12", "debian@sha256:1", "registry:5000/debian:12", "scratch"):
        assert [
            *findings(f"ARG BASE={base}\nFROM --platform=$BUILDPLATFORM $BASE AS b\nFROM b\nUSER 1\n")
        ] == []


def test_a_base_by_an_argument_of_another() -> None:
    assert [*findings("ARG TAG=12\nARG BASE=debian:${TAG}\nFROM $BASE\nUSER 1\n")] == []


def test_an_exception_stands_in_the_file_with_its_reason() -> None:
    assert [*findings("# slipway/exception-image-user: it makes a file system\nFROM debian:12.5\n")] == []
    assert [*findings("# slipway/exception-image-user:\nFROM debian:12.5\n")]
    assert [*findings("# slipway/exception-image-base: a test\nFROM debian:12.5\n")]


def test_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.Dockerfile", tmp_path / "bad.Dockerfile"
    good.write_text(dockerfile("USER 1000"))
    bad.write_text(dockerfile("USER root"))
    assert main([str(good)]) == 0
    assert main([str(good), str(bad)]) == 1
    assert capsys.readouterr().out.startswith(f"{bad}: image-user: it runs as root: end with USER")
