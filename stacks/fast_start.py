"""What a program need not do before traffic moves: every release runs it, and users wait for its end."""

import gc
import os
from typing import Any

import pulumi
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2

from stacks import sdk_imports

# A program allocates for seconds and ends; the default of 700 makes the collector look through it dozens of times.
_GARBAGE_THRESHOLD = 200_000


def install() -> None:
    """From now on; it must be called before an SDK is first used."""
    sdk_imports.install()
    gc.set_threshold(_GARBAGE_THRESHOLD)
    if "SLIPWAY_DEBUG" not in os.environ:
        # The SDK tells the engine of its own steps in four blocking calls a resource, and the engine drops them.
        pulumi.log.debug = _dropped
        # It also reads the source files anew for each resource, to note the lines that declared it; the CLI shows them nowhere.
        resource.__dict__["_get_stack_trace"] = source_pb2.StackTrace


def _dropped(*_: Any, **__: Any) -> None: ...
