"""What the emulator forgets of RDS instances: remembered here, so that a second preview shows no change.

RDS instance: PreferredBackupWindow, PerformanceInsightsKMSKeyId, EnableCloudwatchLogsExports; ManageMasterUserPassword makes
              the secret that RDS makes, and deleting the instance deletes it; instances are found by `dbi-resource-id`.

They stay in ministack's own records, and so in its saved state.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import rds, secretsmanager

Parameters = Mapping[str, Any]
Instance = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]

GIVEN = ("PreferredBackupWindow", "PerformanceInsightsKMSKeyId")


def install() -> None:
    """Puts them around ministack's own calls."""
    actions: dict[str, Callable[[Parameters], Answer]] = rds._ACTION_MAP
    create, modify, delete = (actions[f"{verb}DBInstance"] for verb in ("Create", "Modify", "Delete"))
    instance_xml, apply_filters = rds._instance_xml, rds._apply_instance_filters

    def creating(parameters: Parameters) -> Answer:
        name = rds._p(parameters, "DBInstanceIdentifier")
        there_before = name in rds._instances
        answer = create(parameters)
        if not there_before and name in rds._instances:
            instance = rds._instances[name]
            _remember(instance, parameters)
            instance["given_logs"] = rds._parse_member_list(parameters, "EnableCloudwatchLogsExports")
            if rds._p(parameters, "ManageMasterUserPassword") == "true":
                instance["given_secret"] = _made_secret(instance, parameters)
        return answer

    def modifying(parameters: Parameters) -> Answer:
        instance = rds._resolve_instance(rds._p(parameters, "DBInstanceIdentifier"))
        answer = modify(parameters)
        if instance:
            _remember(instance, parameters)
            logs = "CloudwatchLogsExportConfiguration"
            off = rds._parse_member_list(parameters, f"{logs}.DisableLogTypes")
            on = rds._parse_member_list(parameters, f"{logs}.EnableLogTypes")
            kept = [log for log in instance.get("given_logs", []) if log not in (*off, *on)]
            instance["given_logs"] = [*kept, *on]
        return answer

    def deleting(parameters: Parameters) -> Answer:
        instance = rds._resolve_instance(rds._p(parameters, "DBInstanceIdentifier"))
        answer = delete(parameters)
        gone = instance and instance["DBInstanceIdentifier"] not in rds._instances
        if gone and "given_secret" in instance:
            secretsmanager.delete_secret_in_process(instance["given_secret"]["SecretArn"])
        return answer

    def instance_with_given(instance: Instance) -> str:
        logs = "".join(f"<member>{escape(log)}</member>" for log in instance.get("given_logs", []))
        key = escape(instance.get("PerformanceInsightsKMSKeyId") or "")
        secret = "".join(
            f"<{name}>{escape(value)}</{name}>" for name, value in instance.get("given_secret", {}).items()
        )
        return (
            instance_xml(instance).replace(
                "<EnabledCloudwatchLogsExports/>",
                f"<EnabledCloudwatchLogsExports>{logs}</EnabledCloudwatchLogsExports>",
            )
            + (f"<PerformanceInsightsKMSKeyId>{key}</PerformanceInsightsKMSKeyId>" if key else "")
            + (f"<MasterUserSecret>{secret}</MasterUserSecret>" if secret else "")
        )

    def applying_filters(instances: Iterable[Instance], filters: Mapping[str, list[str]]) -> list[Instance]:
        wanted = filters.get("dbi-resource-id")
        return [
            instance
            for instance in apply_filters(instances, filters)
            if wanted is None or instance.get("DbiResourceId") in wanted
        ]

    actions["CreateDBInstance"] = creating
    actions["ModifyDBInstance"] = modifying
    actions["DeleteDBInstance"] = deleting
    rds._instance_xml = instance_with_given
    rds._apply_instance_filters = applying_filters


def _remember(instance: Instance, parameters: Parameters) -> None:
    instance.update({name: value for name in GIVEN if (value := rds._p(parameters, name))})


def _made_secret(instance: Instance, parameters: Parameters) -> dict[str, str]:
    content = {"username": instance["MasterUsername"], "password": rds._generate_master_user_password()}
    arn = secretsmanager.create_secret_in_process(
        f"rds!{instance['DbiResourceId'].lower()}",
        json.dumps(content),
        description=f"Secret managed by RDS for DB instance {instance['DBInstanceIdentifier']}",
    )
    key = rds._p(parameters, "MasterUserSecretKmsKeyId")
    return {"SecretArn": arn, "SecretStatus": "active", **({"KmsKeyId": key} if key else {})}
