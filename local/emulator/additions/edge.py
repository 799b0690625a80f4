"""What the emulator lacks or forgets of what stands at the edge: remembered here, so that a second preview shows no change.

WAFv2:      PutLoggingConfiguration, GetLoggingConfiguration, DeleteLoggingConfiguration, held against AWS's own shapes
CloudFront: a response headers policy comes back without the blocks of headers that it was not given
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator
from ministack.core.responses import json_response
from ministack.services import cloudfront, waf

Answer = tuple[int, dict[str, str], bytes]
_KEY = "LoggingConfiguration"


def install() -> None:
    """Puts them around ministack's own calls."""
    handle: Callable[..., Awaitable[Answer]] = waf.handle_request
    build_policy = cloudfront._build_rhp_config_xml

    async def handling(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Answer:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action not in _CALLS:
            return await handle(method, path, headers, body, query)
        asked = json.loads(body)
        problems = ParamValidator().validate(asked, _shape(action))
        if problems.has_errors():
            return waf._waf_err("WAFInvalidParameterException", problems.generate_report())
        return _CALLS[action](asked)

    def building_policy(parent: Any, given: Mapping[str, Any]) -> None:
        build_policy(parent, given)
        for block, key in (
            ("CustomHeadersConfig", "CustomHeaders"),
            ("RemoveHeadersConfig", "RemoveHeaders"),
        ):
            if not given[key]:
                parent.remove(parent.find(block))

    waf.handle_request = handling
    cloudfront._build_rhp_config_xml = building_policy


@cache
def _shape(action: str) -> Any:
    model = botocore.session.get_session().get_service_model("wafv2")
    return model.operation_model(action).input_shape


def _put(asked: dict[str, Any]) -> Answer:
    given = asked[_KEY]
    return _of_acl(given["ResourceArn"], lambda acl: acl.update({_KEY: given}) or {_KEY: given})


def _get(asked: dict[str, Any]) -> Answer:
    def found(acl: dict[str, Any]) -> dict[str, Any] | None:
        return {_KEY: acl[_KEY]} if _KEY in acl else None

    return _of_acl(asked["ResourceArn"], found)


def _delete(asked: dict[str, Any]) -> Answer:
    return _of_acl(asked["ResourceArn"], lambda acl: None if acl.pop(_KEY, None) is None else {})


def _of_acl(arn: str, answer: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Answer:
    """It stays in ministack's own record of the ACL, and so in its saved state, and goes when the ACL goes."""
    acl, error = waf._resolve_local_web_acl(arn)
    if error:
        return error
    said = answer(acl)
    if said is None:
        return waf._waf_err("WAFNonexistentItemException", f"{arn} has no logging configuration")
    return json_response(said)


_CALLS = {
    "PutLoggingConfiguration": _put,
    "GetLoggingConfiguration": _get,
    "DeleteLoggingConfiguration": _delete,
}
