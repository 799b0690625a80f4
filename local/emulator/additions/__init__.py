"""What ministack lacks or forgets, one file a subject. Each says in its docstring what it adds.

An addition remembers what it was given, or answers a call of which AWS publishes the shape. Nothing here decides anything:
it is no more evidence of how AWS behaves than the emulator is.
"""

from additions import (
    backup_report_plans,
    backup_restore_testing,
    backup_vaults,
    eks,
    flow_logs_and_endpoints,
    ipv6,
)


def install() -> None:
    """Puts every addition into ministack. A name that ministack no longer has is an error at start."""
    eks.install()
    flow_logs_and_endpoints.install()
    ipv6.install()
    backup_vaults.install()
    backup_report_plans.install()
    backup_restore_testing.install()
