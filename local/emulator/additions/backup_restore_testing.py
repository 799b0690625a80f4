"""AWS Backup restore testing plans and their selections: created, read, changed, deleted and tagged. Nothing is ever restored."""

from ministack.services import backup

from additions.backup_store import INVALID, arn, now, store
from additions.rest_json import RefusedError, Values, answer, missing

_NAMED = ("CreationTime", "RestoreTestingPlanArn", "RestoreTestingPlanName")


def install() -> None:
    """Puts them in front of ministack's calls."""
    plans = store("restore testing plans")

    def found(given: Values) -> Values:
        name = given["RestoreTestingPlanName"]
        if name not in plans:
            raise missing(f"The restore testing plan {name}")
        return plans[name]

    def selection(given: Values) -> Values:
        name = given["RestoreTestingSelectionName"]
        if name not in found(given)["Selections"]:
            raise missing(f"The restore testing selection {name}")
        return found(given)["Selections"][name]

    def create_plan(given: Values) -> Values:
        name = given["RestoreTestingPlan"]["RestoreTestingPlanName"]
        if name in plans:
            raise RefusedError("AlreadyExistsException", f"The restore testing plan {name} exists already")
        plan = {
            "ScheduleExpressionTimezone": "Etc/UTC",
            "StartWindowHours": 24,
            **given["RestoreTestingPlan"],
            "RestoreTestingPlanArn": arn("restore-testing-plan", name),
            "CreationTime": now(),
        }
        plan["RecoveryPointSelection"] = {
            "ExcludeVaults": [],
            "SelectionWindowDays": 30,
            **plan["RecoveryPointSelection"],
        }
        tags = given.get("Tags", {})
        plans[name] = {"Arn": plan["RestoreTestingPlanArn"], "Tags": tags, "Plan": plan, "Selections": {}}
        return _only(plan, _NAMED)

    def get_plan(given: Values) -> Values:
        return {"RestoreTestingPlan": found(given)["Plan"]}

    def update_plan(given: Values) -> Values:
        plan = found(given)["Plan"]
        points = {
            **plan["RecoveryPointSelection"],
            **given["RestoreTestingPlan"].get("RecoveryPointSelection", {}),
        }
        plan.update(
            {**given["RestoreTestingPlan"], "RecoveryPointSelection": points, "LastUpdateTime": now()}
        )
        return {**_only(plan, _NAMED), "UpdateTime": plan["LastUpdateTime"]}

    def delete_plan(given: Values) -> Values:
        if found(given)["Selections"]:
            raise RefusedError("InvalidRequestException", "The restore testing plan still has selections")
        del plans[given["RestoreTestingPlanName"]]
        return {}

    def create_selection(given: Values) -> Values:
        plan, said = found(given), given["RestoreTestingSelection"]
        name = said["RestoreTestingSelectionName"]
        if name in plan["Selections"]:
            raise RefusedError(
                "AlreadyExistsException", f"The restore testing selection {name} exists already"
            )
        made = {
            "RestoreMetadataOverrides": {},
            "ValidationWindowHours": 1,
            **said,
            "RestoreTestingPlanName": given["RestoreTestingPlanName"],
            "CreationTime": now(),
        }
        plan["Selections"][name] = made
        return {**_only(plan["Plan"], _NAMED), "RestoreTestingSelectionName": name}

    def get_selection(given: Values) -> Values:
        return {"RestoreTestingSelection": selection(given)}

    def update_selection(given: Values) -> Values:
        made = selection(given)
        made.update(given["RestoreTestingSelection"])
        return {
            **_only(found(given)["Plan"], _NAMED),
            "RestoreTestingSelectionName": made["RestoreTestingSelectionName"],
            "UpdateTime": now(),
        }

    def delete_selection(given: Values) -> Values:
        selection(given)
        del found(given)["Selections"][given["RestoreTestingSelectionName"]]
        return {}

    answer(
        "backup",
        backup,
        {
            "CreateRestoreTestingPlan": create_plan,
            "GetRestoreTestingPlan": get_plan,
            "UpdateRestoreTestingPlan": update_plan,
            "DeleteRestoreTestingPlan": delete_plan,
            "CreateRestoreTestingSelection": create_selection,
            "GetRestoreTestingSelection": get_selection,
            "UpdateRestoreTestingSelection": update_selection,
            "DeleteRestoreTestingSelection": delete_selection,
        },
        INVALID,
    )


def _only(record: Values, keys: tuple[str, ...]) -> Values:
    return {key: record[key] for key in keys}
