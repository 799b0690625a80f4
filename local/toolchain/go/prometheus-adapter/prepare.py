"""The adapter's own command, run by a context: the library that it serves by takes no channel any more.

Called as `prepare.py WORKDIR VERSION` with GOMODCACHE set.
"""

import os
import sys
from pathlib import Path

workdir, version = Path(sys.argv[1]), sys.argv[2]
module = Path(os.environ["GOMODCACHE"]) / f"sigs.k8s.io/prometheus-adapter@v{version}"
source = (module / "cmd/adapter/adapter.go").read_text()
for old, new in {
    "cmd.Run(stopCh)": "cmd.Run(wait.ContextForChannel(stopCh))",
    '"k8s.io/client-go/metadata"\n': '"k8s.io/apimachinery/pkg/util/wait"\n\t"k8s.io/client-go/metadata"\n',
}.items():
    if source.count(old) != 1:
        sys.exit(f"prometheus-adapter {version} is not what prepare.py was written for: {old!r}")
    source = source.replace(old, new)
(workdir / "main.go").write_text(source)
