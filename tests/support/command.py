"""`slipway …` as a person runs it in a shell of the platform, on an environment's stack."""

from __future__ import annotations

import os
import subprocess
import time

from tests.support.environment import Environment
from tests.support.project import SLIPWAY, Run


def start(environment: Environment, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """The command running, for those who want to kill it or to do something meanwhile; with these variables over the others."""
    # What a shell starts in the background ignores Ctrl-C, and so does all that it starts.
    return subprocess.Popen(
        ["env", "--default-signal=INT", SLIPWAY, *arguments, "--stack", environment.project.stack],
        cwd=environment.project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | variables,
    )


def slipway(environment: Environment, *arguments: str, **variables: str) -> Run:
    """The command, ended; all that it printed in one."""
    started = time.time()
    process = start(environment, *arguments, **variables)
    output, _ = process.communicate(timeout=300)
    return Run(process.returncode, output, time.time() - started, started)


def ended(environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, ended; what it answered and what it said beside that apart."""
    return subprocess.run(
        [SLIPWAY, *arguments, "--stack", environment.project.stack],
        cwd=environment.project.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
