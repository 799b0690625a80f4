"""Copies the SDKv2 half of Terraform's docker provider to upstream/: it is an internal package and cannot be imported.

The plugin-framework half (actions, compose, two data sources) stays out: nothing here uses it and it more than doubles
what has to be downloaded and compiled.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

MODULE = "github.com/kreuzwerker/terraform-provider-docker@v0.0.0-20260916201441-96d331c98ff4"
DIGEST = "h1:T3HvvZCRd4h2qkMl+SXA2zza26Rdz8xqV81skikQWy4="
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


def main(work: Path) -> None:
    # The module calls itself by another path, so that go.mod cannot require it and go.sum cannot vouch for it.
    command = ["go", "mod", "download", "-json", MODULE]
    answer = subprocess.run(command, cwd=work.parent, check=True, text=True, stdout=subprocess.PIPE)
    module = json.loads(answer.stdout)
    if module["Sum"] != DIGEST:
        sys.exit(
            f"{MODULE} has digest {module['Sum']}, expected {DIGEST}: do not build it, look at what changed"
        )
    upstream = work / "upstream"
    shutil.rmtree(upstream, ignore_errors=True)
    shutil.copytree(
        Path(module["Dir"]) / "internal" / "provider",
        upstream,
        ignore=shutil.ignore_patterns(*FRAMEWORK),
        copy_function=shutil.copyfile,
    )


main(Path(sys.argv[1]))
