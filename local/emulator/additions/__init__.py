"""What ministack lacks or forgets, one file a subject. Each says in its docstring what it adds.

An addition remembers what it was given, or answers a call of which AWS publishes the shape. Nothing here decides anything:
it is no more evidence of how AWS behaves than the emulator is.
"""

from additions import (
    access_analyzer,
    backup_report_plans,
    backup_restore_testing,
    backup_vaults,
    caches,
    config_and_trail,
    databases,
    edge,
    eks,
    flow_logs_and_endpoints,
    guard_duty,
    ipv6,
    security_hub,
)


def install() -> None:
    """Puts every addition into ministack. A name that ministack no longer has is an error at start."""
    access_analyzer.install()
    backup_report_plans.install()
    backup_restore_testing.install()
    backup_vaults.install()
    caches.install()
    config_and_trail.install()
    databases.install()
    edge.install()
    eks.install()
    flow_logs_and_endpoints.install()
    guard_duty.install()
    ipv6.install()
    security_hub.install()
