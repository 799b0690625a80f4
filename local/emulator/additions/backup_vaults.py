"""AWS Backup vaults: lock configuration, notifications and access policy. Kept in ministack's own record of the vault.

A lock is remembered and told, and a compliance lock past its date cannot be taken back. It holds on to nothing: there are
no recovery points here.
"""

import time
from collections.abc import Callable

from ministack.services import backup

from additions.backup_store import INVALID
from additions.rest_json import RefusedError, Values, answer, missing

_DAY = 86400


def install() -> None:
    """Puts them in front of ministack's calls."""
    answer(
        "backup",
        backup,
        {
            "PutBackupVaultLockConfiguration": _put_lock,
            "DeleteBackupVaultLockConfiguration": _delete_lock,
            **{
                f"{verb}BackupVaultNotifications": of_a_vault("notifications")
                for verb, of_a_vault in _ONE_OF_A_VAULT.items()
            },
            **{
                f"{verb}BackupVaultAccessPolicy": of_a_vault("access policy")
                for verb, of_a_vault in _ONE_OF_A_VAULT.items()
            },
        },
        INVALID,
    )


def _vault(given: Values) -> Values:
    name = given["BackupVaultName"]
    if name not in backup._vaults:
        raise missing(f"The vault {name}")
    return backup._vaults[name]


def _put_lock(given: Values) -> Values:
    vault = _changeable(_vault(given))
    least, most = given.get("MinRetentionDays"), given.get("MaxRetentionDays")
    grace = given.get("ChangeableForDays")
    if least is not None and most is not None and least > most:
        raise RefusedError(INVALID, "MinRetentionDays is above MaxRetentionDays")
    if grace is not None and grace < 3:  # noqa: PLR2004
        raise RefusedError(INVALID, "ChangeableForDays must be 3 or more")
    said = {
        "MinRetentionDays": least,
        "MaxRetentionDays": most,
        "LockDate": None if grace is None else int(time.time()) + grace * _DAY,
    }
    vault.update({"Locked": True, **said})
    return {}


def _delete_lock(given: Values) -> Values:
    _changeable(_vault(given)).update(
        {"Locked": False, "MinRetentionDays": None, "MaxRetentionDays": None, "LockDate": None}
    )
    return {}


def _changeable(vault: Values) -> Values:
    if vault.get("LockDate") and time.time() >= vault["LockDate"]:
        raise RefusedError("InvalidRequestException", f"{vault['BackupVaultName']} is locked for ever")
    return vault


def _put(what: str) -> Callable[[Values], Values]:
    def put(given: Values) -> Values:
        vault = _vault(given)
        vault[what] = {key: value for key, value in given.items() if key != "BackupVaultName"}
        return {}

    return put


def _get(what: str) -> Callable[[Values], Values]:
    def get(given: Values) -> Values:
        vault = _vault(given)
        if what not in vault:
            raise missing(f"The {what} of {vault['BackupVaultName']}")
        named = {key: vault[key] for key in ("BackupVaultName", "BackupVaultArn")}
        return {**named, **vault[what]}

    return get


def _delete(what: str) -> Callable[[Values], Values]:
    def delete(given: Values) -> Values:
        _vault(given).pop(what, None)
        return {}

    return delete


_ONE_OF_A_VAULT = {"Put": _put, "Get": _get, "Delete": _delete}
