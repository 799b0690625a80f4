"""Loads only those modules of the AWS SDK that the program uses.

`aws.ec2.Vpc` makes Python run `pulumi_aws/ec2/__init__.py`, which imports two hundred modules to re-export them: a third of
what a program that uses ten of them computes. Every release runs the program, so a name is looked up in the module that is
called like it first, `NatGateway` in `nat_gateway`. A name that is not found so makes the package load as it is.
"""

import importlib
import re
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_PACKAGE = re.compile(r"pulumi_aws(\.[a-z0-9]+)?")


def _module_of(name: str) -> str:
    """`NatGateway` and `NatGatewayArgs` are in nat_gateway."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.removesuffix("Args")).lower()


class _OnDemand(Loader):
    def __init__(self, package: Loader) -> None:
        self._package = package

    def exec_module(self, module: ModuleType) -> None:
        def find(name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            try:
                found = importlib.import_module(f"{module.__name__}.{_module_of(name)}")
                # A package, as `ec2`, and a module that holds nothing of its own name, as `outputs`, is itself what was asked for.
                is_meant = hasattr(found, "__path__") or (
                    name == _module_of(name) and not hasattr(found, name)
                )
                value = found if is_meant else getattr(found, name)
            except (ModuleNotFoundError, AttributeError):
                del module.__dict__["__getattr__"]
                self._package.exec_module(module)
                return getattr(module, name)
            # Else the next look at `get_vpc` would find the module of that name, which the import has left there.
            module.__dict__[name] = value
            return value

        module.__dict__["__getattr__"] = find


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _PACKAGE.fullmatch(fullname):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader and spec.submodule_search_locations is not None:
            spec.loader = _OnDemand(spec.loader)
        return spec


def install() -> None:
    """From now on; it must be called before the SDK is first used."""
    sys.meta_path.insert(0, _Finder())
