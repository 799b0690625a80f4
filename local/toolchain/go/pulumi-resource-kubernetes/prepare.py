"""Takes the provider's schema and Terraform mapping out of its module, as the publisher's own build does."""

import json
import subprocess
import sys
from pathlib import Path

MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"


def main(work: Path, version: str) -> None:
    module = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", MODULE],
        cwd=work,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    )
    source = Path(module.stdout.strip()) / "cmd" / "pulumi-resource-kubernetes"
    for name in ("schema.json", "terraform-mapping.json"):
        content = json.loads((source / name).read_text())
        if name == "schema.json":
            content["version"] = version
        (work / name).write_text(json.dumps(content, separators=(",", ":")))


main(Path(sys.argv[1]), sys.argv[2])
