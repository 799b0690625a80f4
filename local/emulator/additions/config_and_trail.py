"""What AWS Config and CloudTrail of ministack lack.

Config:     a recorder and a delivery channel can be deleted; rules keep their tags
CloudTrail: a trail keeps the tags that it is created with
"""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import cloudtrail, config

Values = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Puts them around ministack's own calls."""
    actions: dict[str, Callable[[Values], Answer]] = {
        "DeleteConfigurationRecorder": _deleting(config._recorders, "ConfigurationRecorderName"),
        "DeleteDeliveryChannel": _deleting(config._delivery_channels, "DeliveryChannelName"),
        "ListTagsForResource": _list_tags,
        "TagResource": _tag,
        "UntagResource": _untag,
    }
    others, create_trail = config.handle_request, cloudtrail._DISPATCH["CreateTrail"]

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
    ) -> Answer:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action in actions:
            return actions[action](json.loads(body or b"{}"))
        answer = await others(method, path, headers, body, query)
        if action == "PutConfigRule" and answer[0] == HTTPStatus.OK:
            said = json.loads(body)
            rule = config._config_rules[said["ConfigRule"]["ConfigRuleName"]]
            rule.setdefault("given_tags", said.get("Tags", []))
        return answer

    def creating_trail(values: Values) -> Answer:
        answer = create_trail(values)
        if answer[0] == HTTPStatus.OK:
            tags = {tag["Key"]: tag.get("Value", "") for tag in values.get("TagsList", [])}
            cloudtrail._trail_tags[json.loads(answer[2])["TrailARN"]] = tags
        return answer

    config.handle_request = handle_request
    cloudtrail._DISPATCH["CreateTrail"] = creating_trail


def _deleting(records: Any, parameter: str) -> Callable[[Values], Answer]:
    def delete(values: Values) -> Answer:
        records.pop(values[parameter], None)
        return json_response({})

    return delete


def _rule(values: Values) -> Values | None:
    rules = config._config_rules.values()
    return next((rule for rule in rules if rule["ConfigRuleArn"] == values["ResourceArn"]), None)


def _no_such(values: Values) -> Answer:
    return error_response_json("ResourceNotFoundException", f"there is no {values['ResourceArn']}", 400)


def _list_tags(values: Values) -> Answer:
    rule = _rule(values)
    return _no_such(values) if rule is None else json_response({"Tags": rule.get("given_tags", [])})


def _tag(values: Values) -> Answer:
    rule = _rule(values)
    if rule is None:
        return _no_such(values)
    given = {tag["Key"]: tag for tag in [*rule.get("given_tags", []), *values["Tags"]]}
    rule["given_tags"] = list(given.values())
    return json_response({})


def _untag(values: Values) -> Answer:
    rule = _rule(values)
    if rule is None:
        return _no_such(values)
    rule["given_tags"] = [tag for tag in rule.get("given_tags", []) if tag["Key"] not in values["TagKeys"]]
    return json_response({})
