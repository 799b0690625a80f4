"""Imports the SDK, waits for one line that says which program to run, and becomes pulumi-language-python-exec with it."""

import contextlib
import json
import os
import runpy
import sys
from pathlib import Path

executor = sys.argv[1]
sys.path[0] = str(Path(executor).parent)  # as if it had been started as a script
with contextlib.suppress(ImportError):  # the executor says what to do about it
    import pulumi.runtime  # noqa: F401

line = sys.stdin.readline()
if not line:
    sys.exit(0)  # the engine is gone, or runs nothing
told = json.loads(line)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.environ.update(told["environment"])
os.chdir(told["directory"])
sys.argv = [executor, *told["arguments"]]
runpy.run_path(executor, run_name="__main__")
