"""The components' schema, which SDKs in other languages are generated from; what `pulumi package get-schema ./components` prints,
without the CLI."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

FILE = Path(__file__).parents[1] / "components/__main__.py"


def main() -> None:
    found = importlib.util.spec_from_file_location("component_host", FILE)
    if found is None or found.loader is None:
        raise ImportError(f"{FILE} cannot be loaded")
    host = importlib.util.module_from_spec(found)
    found.loader.exec_module(host)
    schema = json.loads(host.host().schema)
    print(json.dumps(schema, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
