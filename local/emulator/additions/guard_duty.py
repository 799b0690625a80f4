"""GuardDuty, which ministack lacks: a detector with its features, remembered. It finds nothing."""

from ministack.core.responses import new_uuid

from additions.modelled import Service, arn_of
from additions.rest_json import Operation, RefusedError, Values

NOW = "2026-01-01T00:00:00Z"


def install() -> None:
    """Adds the service to those that ministack answers for."""

    def detector(values: Values) -> Values:
        found = service.records.get(values["DetectorId"])
        if found is None:
            raise RefusedError(
                "BadRequestException",
                "The request is rejected because the input detectorId is not owned by the current account.",
            )
        return found

    def create(values: Values) -> Values:
        if service.records:
            raise RefusedError(
                "BadRequestException", "The request is rejected because a detector already exists"
            )
        name = new_uuid().replace("-", "")
        service.records[name] = {"Arn": arn_of("guardduty", f"detector/{name}"), "Tags": {}, "Features": {}}
        update({**values, "DetectorId": name})
        service.records[name]["Tags"] = values.get("Tags", {})
        return {"DetectorId": name}

    def update(values: Values) -> Values:
        found = detector(values)
        for feature in values.get("Features", []):
            found["Features"][feature["Name"]] = feature
        if "Enable" in values:
            found["Status"] = "ENABLED" if values["Enable"] else "DISABLED"
        if "FindingPublishingFrequency" in values:
            found["FindingPublishingFrequency"] = values["FindingPublishingFrequency"]
        return {}

    def get(values: Values) -> Values:
        found = detector(values)
        return {
            "CreatedAt": NOW,
            "UpdatedAt": NOW,
            "ServiceRole": "arn:aws:iam::aws:role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty",
            "Status": found["Status"],
            "FindingPublishingFrequency": found.get("FindingPublishingFrequency", "SIX_HOURS"),
            "Features": list(found["Features"].values()),
            "Tags": found["Tags"],
        }

    def delete(values: Values) -> Values:
        detector(values)
        del service.records[values["DetectorId"]]
        return {}

    operations: dict[str, Operation] = {
        "CreateDetector": create,
        "GetDetector": get,
        "UpdateDetector": update,
        "DeleteDetector": delete,
        "ListDetectors": lambda _: {"DetectorIds": list(service.records)},
    }
    service = Service("guardduty", "guardduty", operations)
    service.install()
