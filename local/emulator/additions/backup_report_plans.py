"""AWS Backup report plans: created, described, changed, deleted and tagged. No report is ever written."""

from typing import Any

from ministack.services import backup

from additions.backup_store import arn, now, store
from additions.published import Input, RefusedError, answer, missing


def install() -> None:
    """Puts them in front of ministack's calls."""
    plans = store("report plans")

    def found(given: Input) -> dict[str, Any]:
        name = given["ReportPlanName"]
        if name not in plans:
            raise missing(f"The report plan {name}")
        return plans[name]

    def create(given: Input) -> dict[str, Any]:
        name = given["ReportPlanName"]
        if name in plans:
            raise RefusedError("AlreadyExistsException", f"The report plan {name} exists already")
        said = {
            key: value for key, value in given.items() if key not in ("ReportPlanTags", "IdempotencyToken")
        }
        name_of_its_own = arn("report-plan", name)
        plan = {
            **said,
            "ReportPlanArn": name_of_its_own,
            "CreationTime": now(),
            "DeploymentStatus": "COMPLETED",
        }
        plans[name] = {"Arn": name_of_its_own, "Tags": given.get("ReportPlanTags", {}), "Plan": plan}
        return _named(plan)

    def describe(given: Input) -> dict[str, Any]:
        return {"ReportPlan": found(given)["Plan"]}

    def update(given: Input) -> dict[str, Any]:
        plan = found(given)["Plan"]
        plan.update({key: value for key, value in given.items() if key != "IdempotencyToken"})
        return _named(plan)

    def delete(given: Input) -> dict[str, Any]:
        found(given)
        del plans[given["ReportPlanName"]]
        return {}

    answer(
        "backup",
        backup,
        {
            "CreateReportPlan": create,
            "DescribeReportPlan": describe,
            "UpdateReportPlan": update,
            "DeleteReportPlan": delete,
        },
    )


def _named(plan: dict[str, Any]) -> dict[str, Any]:
    return {key: plan[key] for key in ("ReportPlanName", "ReportPlanArn", "CreationTime")}
