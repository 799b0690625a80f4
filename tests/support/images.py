"""Images made out of the application's own, with another program in it."""

import subprocess
from pathlib import Path


def with_program(folder: Path, base: str, name: str, program: str) -> str:
    """Pushes an image whose node runs this program in place of the application; its reference in the local registry."""
    reference = f"127.0.0.1:5000/slipway/broken:{name}"
    (folder / "program.js").write_text(program)
    (folder / "Dockerfile").write_text(
        f'FROM {base}\nCOPY program.js /program.js\nENTRYPOINT []\nCMD ["node", "/program.js"]\n'
    )
    build = ["docker", "build", "--quiet", "--tag", reference, str(folder)]
    for command in (build, ["docker", "push", "--quiet", reference]):
        subprocess.run(command, check=True, capture_output=True)
    return reference
