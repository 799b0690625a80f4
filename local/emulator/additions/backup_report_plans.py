"""AWS Backup report plans: created, described, changed, deleted and tagged. No report is ever written."""

from ministack.services import backup

from additions.backup_store import INVALID, arn, now, store
from additions.rest_json import RefusedError, Values, answer, missing


def install() -> None:
    """Puts them in front of ministack's calls."""
    plans = store("report plans")

    def found(given: Values) -> Values:
        name = given["ReportPlanName"]
        if name not in plans:
            raise missing(f"The report plan {name}")
        return plans[name]

    def create(given: Values) -> Values:
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

    def describe(given: Values) -> Values:
        return {"ReportPlan": found(given)["Plan"]}

    def update(given: Values) -> Values:
        plan = found(given)["Plan"]
        plan.update({key: value for key, value in given.items() if key != "IdempotencyToken"})
        return _named(plan)

    def delete(given: Values) -> Values:
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
        INVALID,
    )


def _named(plan: Values) -> Values:
    return {key: plan[key] for key in ("ReportPlanName", "ReportPlanArn", "CreationTime")}
