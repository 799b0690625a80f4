"""Copies the SDKv2 half of Terraform's docker provider to upstream/: it is an internal package and cannot be imported.

The plugin-framework half (actions, compose, two data sources) stays out: nothing here uses it and it more than doubles
what has to be downloaded and compiled.
"""

import shutil
import sys
from pathlib import Path

FRAMEWORK = (
    "action_*.go",
    "compose_*.go",
    "framework_*.go",
    "resource_docker_compose.go",
    "data_source_docker_containers_framework.go",
    "data_source_docker_registry_image_tags.go",
    "*_test.go",
    "test_helpers.go",
)


def main(work: Path, source: Path) -> None:
    upstream = work / "upstream"
    shutil.rmtree(upstream, ignore_errors=True)
    shutil.copytree(
        source / "internal" / "provider",
        upstream,
        ignore=shutil.ignore_patterns(*FRAMEWORK),
        copy_function=shutil.copyfile,
    )


main(Path(sys.argv[1]), Path(sys.argv[3]))
