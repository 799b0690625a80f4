"""What a person can mend: said in words, never as a traceback."""

from __future__ import annotations

from typing import Any


class OperatorError(Exception):
    """What is wrong, where, and what to do; the command ends with exit code 1."""

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {"error": str(self)}


class AbsentError(OperatorError):
    """The cluster answers, and has not got the application: `absent` tells programs so."""

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "absent": True}
