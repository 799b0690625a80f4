"""Access Analyzer, which ministack lacks: an analyzer with its configuration, remembered. It finds nothing."""

from additions.modelled import Service, arn_of
from additions.rest_json import Operation, RefusedError, Values

NOW = "2026-01-01T00:00:00Z"


def install() -> None:
    """Adds the service to those that ministack answers for."""

    def analyzer(values: Values) -> Values:
        found = service.records.get(values["analyzerName"])
        if found is None:
            raise RefusedError("ResourceNotFoundException", f"there is no {values['analyzerName']}", 404)
        return found

    def create(values: Values) -> Values:
        name = values["analyzerName"]
        if name in service.records and service.records[name]["Given"] == values:
            return {"arn": service.records[name]["Arn"]}  # a client that repeats itself, by its token
        if name in service.records:
            raise RefusedError("ConflictException", f"{name} exists", 409)
        arn = arn_of("access-analyzer", f"analyzer/{name}")
        service.records[name] = {"Arn": arn, "Tags": values.get("tags", {}), "Given": values}
        return {"arn": arn}

    def get(values: Values) -> Values:
        found = analyzer(values)
        given = found["Given"]
        return {
            "analyzer": {
                "arn": found["Arn"],
                "name": given["analyzerName"],
                "type": given["type"],
                "createdAt": NOW,
                "status": "ACTIVE",
                "tags": found["Tags"],
                "configuration": given.get("configuration"),
            }
        }

    def delete(values: Values) -> Values:
        analyzer(values)
        del service.records[values["analyzerName"]]
        return {}

    operations: dict[str, Operation] = {
        "CreateAnalyzer": create,
        "GetAnalyzer": get,
        "DeleteAnalyzer": delete,
    }
    service = Service("accessanalyzer", "access-analyzer", operations)
    service.install()
