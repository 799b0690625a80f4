"""Copies Prometheus to prometheus/ without the service discovery of clouds that Slipway does not use.

Two dozen vendors' libraries more than double what has to be downloaded and compiled. Kubernetes, files and HTTP stay. One call
is given the argument that it takes in the cluster's own, newer client library, which is compiled already. The web interface is
not in the module: the API is whole, its pages are not there.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

MODULE = "github.com/prometheus/prometheus@v0.305.0"
DIGEST = "h1:UO/LsM32/E9yBDtvQj8tN+WwhbyWKR10lO35vmFLx0U="
UNUSED = ("*_test.go", "docs", "documentation", "mantine-ui", "react-app", "module")
PLUGINS = """package plugins

import _ "github.com/prometheus/prometheus/discovery/kubernetes"
"""


def main(work: Path) -> None:
    # go.mod replaces the module by the copy, so that go.sum cannot vouch for it.
    command = ["go", "mod", "download", "-json", MODULE]
    answer = subprocess.run(command, cwd=work.parent, check=True, text=True, stdout=subprocess.PIPE)
    module = json.loads(answer.stdout)
    if module["Sum"] != DIGEST:
        sys.exit(
            f"{MODULE} has digest {module['Sum']}, expected {DIGEST}: do not build it, look at what changed"
        )
    source, copy = Path(module["Dir"]), work / "prometheus"
    shutil.rmtree(copy, ignore_errors=True)
    ignored = shutil.ignore_patterns(*UNUSED)
    shutil.copytree(source, copy, ignore=ignored, copy_function=shutil.copyfile)
    (copy / "plugins/plugins.go").write_text(PLUGINS)
    discovery = copy / "discovery/kubernetes/kubernetes.go"
    before, called, after = discovery.read_text().partition("cache.DefaultWatchErrorHandler(")
    if not called:
        sys.exit(f"{discovery} is not as it was: look at what changed")
    discovery.write_text(f"{before}{called}context.Background(), {after}")


main(Path(sys.argv[1]))
