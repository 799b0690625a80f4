"""Takes the provider's schema and Terraform mapping out of its module, as the publisher's own build does."""

import json
import subprocess
import sys
from pathlib import Path

MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"


def main(work: Path, version: str) -> None:
    # The version that go.mod asks for, fetched when the cache does not have it.
    command = ["go", "mod", "download", "-json", MODULE]
    answer = subprocess.run(command, cwd=work, check=True, text=True, stdout=subprocess.PIPE)
    source = Path(json.loads(answer.stdout)["Dir"]) / "cmd" / "pulumi-resource-kubernetes"
    for name in ("schema.json", "terraform-mapping.json"):
        content = json.loads((source / name).read_text())
        if name == "schema.json":
            content["version"] = version
        (work / name).write_text(json.dumps(content, separators=(",", ":")))


main(Path(sys.argv[1]), sys.argv[2])
