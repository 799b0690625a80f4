"""Security Hub, which ministack lacks: the hub with its settings and standards, remembered. It finds nothing."""

from ministack.core.responses import get_account_id

from additions.modelled import Service, arn_of
from additions.rest_json import Operation, RefusedError, Values

NOW = "2026-01-01T00:00:00Z"


def install() -> None:
    """Adds the service to those that ministack answers for."""

    def hub() -> Values:
        found = service.records.get("hub")
        if found is None:
            account = get_account_id()
            raise RefusedError(
                "InvalidAccessException", f"Account {account} is not subscribed to AWS Security Hub", 401
            )
        return found

    def enable(values: Values) -> Values:
        if "hub" in service.records:
            raise RefusedError(
                "ResourceConflictException", "Account is already subscribed to Security Hub", 409
            )
        service.records["hub"] = {
            "Arn": arn_of("securityhub", "hub/default"),
            "Tags": values.get("Tags", {}),
            "AutoEnableControls": True,
            "ControlFindingGenerator": values.get("ControlFindingGenerator", "SECURITY_CONTROL"),
            "Standards": {},
        }
        return {}

    def update(values: Values) -> Values:
        hub().update(values)
        return {}

    def disable(_: Values) -> Values:
        hub()
        del service.records["hub"]
        return {}

    def describe(_: Values) -> Values:
        told = ("AutoEnableControls", "ControlFindingGenerator")
        return {"HubArn": hub()["Arn"], "SubscribedAt": NOW, **{name: hub()[name] for name in told}}

    def subscribe(values: Values) -> Values:
        made: list[Values] = []
        for asked in values["StandardsSubscriptionRequests"]:
            standard = asked["StandardsArn"]
            arn = arn_of("securityhub", f"subscription/{standard.split(':standards/')[1]}")
            made.append(
                {
                    "StandardsArn": standard,
                    "StandardsSubscriptionArn": arn,
                    "StandardsInput": asked.get("StandardsInput", {}),
                    "StandardsStatus": "READY",
                }
            )
            hub()["Standards"][arn] = made[-1]
        return {"StandardsSubscriptions": made}

    def unsubscribe(values: Values) -> Values:
        arns = values["StandardsSubscriptionArns"]
        return {"StandardsSubscriptions": [hub()["Standards"].pop(arn) for arn in arns]}

    def subscriptions(values: Values) -> Values:
        standards = hub()["Standards"]
        asked = values.get("StandardsSubscriptionArns") or list(standards)
        return {"StandardsSubscriptions": [standards[arn] for arn in asked if arn in standards]}

    operations: dict[str, Operation] = {
        "EnableSecurityHub": enable,
        "UpdateSecurityHubConfiguration": update,
        "DisableSecurityHub": disable,
        "DescribeHub": describe,
        "BatchEnableStandards": subscribe,
        "BatchDisableStandards": unsubscribe,
        "GetEnabledStandards": subscriptions,
    }
    service = Service("securityhub", "securityhub", operations)
    service.install()
