"""A service that ministack lacks. It remembers what it was given in `records`, which are part of ministack's saved state."""

from collections.abc import Mapping
from typing import Any

from ministack import app
from ministack.core import router
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

from additions.rest_json import Answer, Calls, Operation, Query, RefusedError, Values


def arn_of(service: str, resource: str) -> str:
    """What a resource of the request's account and region is called."""
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


class Service:
    """Stands in for one of ministack's own service modules. A record has an `Arn` and `Tags`."""

    def __init__(self, name: str, scope: str, operations: Mapping[str, Operation]):
        """`scope` is what requests to it are signed for."""
        self._name, self._scope = name, scope
        tags = {
            "ListTagsForResource": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }
        self._calls = Calls(name, {**operations, **tags})
        self.records: Any = AccountRegionScopedDict()

    def install(self) -> None:
        module = f"added_{self._name}"
        app._loaded_modules[module] = self
        app._state_map[self._name] = module
        app.SERVICE_HANDLERS[self._scope] = self.handle_request
        # By this the router knows the scope; for one that it does not know it reads the models of all of AWS first.
        router.SERVICE_PATTERNS[self._scope] = {"credential_scope": self._scope}

    async def handle_request(
        self, method: str, path: str, _headers: Mapping[str, str], body: bytes, query: Query
    ) -> Answer:
        unknown = RefusedError("UnknownOperationException", f"{self._name} here has no {method} {path}", 404)
        return self._calls.answer(method, path, body, query) or unknown.answer

    def _tags(self, values: Values) -> dict[str, str]:
        arn = _either(values, "resourceArn")
        for record in self.records.values():
            if record["Arn"] == arn:
                return record["Tags"]
        raise RefusedError("ResourceNotFoundException", f"there is no {arn}", 404)

    def _list_tags(self, values: Values) -> Values:
        return {"Tags" if "ResourceArn" in values else "tags": self._tags(values)}

    def _tag(self, values: Values) -> Values:
        self._tags(values).update(_either(values, "tags"))
        return {}

    def _untag(self, values: Values) -> Values:
        for key in _either(values, "tagKeys"):
            self._tags(values).pop(key, None)
        return {}

    def get_state(self) -> Values:
        return {"records": self.records}

    def load_persisted_state(self, data: Values) -> None:
        self.records = data["records"]

    def reset(self) -> None:
        self.records.clear()


def _either(values: Values, name: str) -> Any:
    """Some models begin their names with a capital letter."""
    return values[name] if name in values else values[name[0].upper() + name[1:]]
