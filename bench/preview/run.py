"""How long it takes to make a comment of a preview, beside the preview itself.

    .venv/bin/python -m bench.preview.run

The events of 2,000 resources with 500 changes, a stack with 100 secrets: understood, masked, rendered within a comment's limit and
once more whole, as an artefact. No pulumi runs. Writes bench/preview/results.json.
"""

import json
import platform
import time
from datetime import UTC, datetime
from pathlib import Path

from slipway_ops import losses as lost
from slipway_ops.fitting import LIMIT, length
from slipway_ops.ink import Ink
from slipway_ops.masking import Masker
from slipway_ops.preview_steps import Preview
from slipway_ops.summary import Origin, Report, render
from slipway_ops.traffic_words import traffic
from tests.support.preview_events import large, lines

RESOURCES, CHANGES, SECRETS = 2000, 500, 100
MOST_SECONDS = 30


def main() -> None:
    """Measures, prints and writes the results."""
    events = lines(*large(RESOURCES, CHANGES))
    began = time.monotonic()
    preview = Preview(Masker([f"planted-secret-{number}" for number in range(SECRETS)]))
    for line in events:
        preview.read(line)
    understood = time.monotonic()
    now = datetime.now(UTC)
    config = {"slipway:policies": "advisory"}
    losses = lost.losses(preview.changed, config)
    origin = Origin("shop", "prod", "c" * 40, "5ta7e", "", now, 0.0)
    report = Report(origin, preview, traffic(preview.steps), losses, lost.refused(losses, config))
    ink = Ink(preview.masker)
    comment = render(report, ink, LIMIT)
    rendered = time.monotonic()
    artefact = render(report, ink, None)
    written = time.monotonic()
    results = {
        "command": "python -m bench.preview.run",
        "date": now.date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}",
        "resources": RESOURCES,
        "changes": len(preview.changed),
        "seconds": {
            "understand and mask": round(understood - began, 2),
            "comment": round(rendered - understood, 2),
            "artefact": round(written - rendered, 2),
            "all": round(written - began, 2),
            "at most": MOST_SECONDS,
        },
        "comment_characters": length(comment),
        "artefact_characters": len(artefact),
    }
    (Path(__file__).parent / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
