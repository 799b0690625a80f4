"""Where the additions to AWS Backup keep what ministack has no record for: in its saved state, by account and region."""

import copy
import time
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, new_uuid
from ministack.services import backup

INVALID = "InvalidParameterValueException"
"""What AWS Backup calls a request of the wrong shape."""
_KEY = "slipway"


def store(name: str) -> AccountRegionScopedDict:
    """Records by name, each with `Arn` and `Tags`, which ministack's tagging calls then find."""
    records = AccountRegionScopedDict()
    get_state, load_state, resolve = backup.get_state, backup.load_persisted_state, backup._resolve_resource

    def with_records() -> dict[str, Any]:
        state = get_state()
        return {**state, _KEY: {**state.get(_KEY, {}), name: copy.deepcopy(records)}}

    def load(state: dict[str, Any]) -> None:
        load_state(state)
        records.update(state.get(_KEY, {}).get(name, {}))

    def tags_of(arn: str) -> dict[str, str] | None:
        for record in records.values():
            if record["Arn"] == arn:
                return record["Tags"]
        return resolve(arn)

    backup.get_state, backup.load_persisted_state, backup._resolve_resource = with_records, load, tags_of
    return records


def arn(kind: str, name: str) -> str:
    """The name of something new."""
    return f"arn:aws:backup:{get_region()}:{get_account_id()}:{kind}:{name}-{new_uuid()}"


def now() -> int:
    """Seconds since the epoch."""
    return int(time.time())
