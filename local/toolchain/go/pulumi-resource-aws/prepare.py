#!/usr/bin/env python3
"""Trim the Terraform AWS provider to the services that Slipway uses.

    prepare.py WORKDIR VERSION

The whole provider has 250 services and is too large to build here. This copies what the services below
need from the pinned module to WORKDIR/terraform-provider-aws, with which go.mod replaces the provider. The
copy is a function of the module and of this file alone: running it again gives the same bytes.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

# The provider with its internal packages made reachable, which HashiCorp's own module does not do.
SOURCE = "github.com/upbound/terraform-provider-aws@v0.0.0-20260305123303-f7691456b787"
SOURCE_SUM = "h1:dJlp2eNgY/iVKTPINdguYlHbHc9CtXBZKmQmqYq0REs="
MODULE = "github.com/hashicorp/terraform-provider-aws"
DESTINATION = "terraform-provider-aws"

# fmt: off
SERVICES = frozenset({
    "accessanalyzer", "acm", "amp", "appautoscaling", "autoscaling", "backup", "budgets",
    "cloudfront", "cloudtrail", "cloudwatch", "configservice", "dynamodb", "ec2", "ecr", "eks",
    "elasticache", "elbv2", "events", "guardduty", "iam", "inspector2", "kms", "lambda", "logs",
    "meta", "opensearch", "organizations", "rds", "resourcegroupstaggingapi", "route53", "s3",
    "s3control", "secretsmanager", "securityhub", "sns", "sqs", "ssm", "sts", "synthetics", "wafv2",
})
# fmt: on

ENTRY = "xpprovider"
SERVICE_LIST = PurePosixPath("internal/provider/sdkv2/service_packages_gen.go")
CLIENTS = PurePosixPath("internal/conns/awsclient_gen.go")
# The two files that name every service. Everything else follows from the imports.
GENERATED_LISTS = frozenset({SERVICE_LIST, CLIENTS})

_IMPORT = re.compile(r'^\s*(?:[\w.]+\s+)?"([\w./~-]+)"$', re.MULTILINE)
_CLIENT = re.compile(r"func \(c \*AWSClient\) (\w+)\(.*?\) \*(\w+)\.Client \{\n.*?\n\}\n\n?", re.DOTALL)


def main() -> None:
    match sys.argv:
        case [_, workdir, _]:
            prepare(Path(workdir) / DESTINATION)
        case _:
            sys.exit("usage: prepare.py WORKDIR VERSION")


def prepare(destination: Path) -> None:
    source = module_folder()

    sources = reachable_sources(source)
    sources[SERVICE_LIST] = only_services(sources[SERVICE_LIST])
    sources[CLIENTS] = only_clients_in_use(sources[CLIENTS], "\n".join(sources.values()))

    shutil.rmtree(destination, ignore_errors=True)
    for path, text in sources.items():
        target = destination / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    for path in embedded_files(source, sources):
        shutil.copyfile(source / path, destination / path)
    (destination / "go.mod").write_text(only_requirements_in_use((source / "go.mod").read_text(), sources))
    shutil.copyfile(source / "LICENSE", destination / "LICENSE")


def module_folder() -> Path:
    """The provider's folder in the module cache, refused if it is not what was pinned."""
    # The checksum database does not know this module; its checksum is held against the pinned one instead.
    environment = os.environ | {"GONOSUMDB": "github.com/upbound"}
    download = ["go", "mod", "download", "-json", SOURCE]
    answer = subprocess.run(download, stdout=subprocess.PIPE, text=True, check=False, env=environment)
    module = json.loads(answer.stdout or "{}")
    if "Dir" not in module:
        sys.exit(f"prepare.py: cannot download {SOURCE}: {module.get('Error', 'go said why above')}")
    if module["Sum"] != SOURCE_SUM:
        sys.exit(f"prepare.py: {SOURCE} has checksum {module['Sum']}, expected {SOURCE_SUM}; do not use it")
    return Path(module["Dir"])


def reachable_sources(source: Path) -> dict[PurePosixPath, str]:
    """The Go files of the entry package, the wanted services and all that they import from the module."""
    sources: dict[PurePosixPath, str] = {}
    seen: set[str] = set()
    waiting = [ENTRY, *(f"internal/service/{service}" for service in sorted(SERVICES))]
    while waiting:
        package = waiting.pop()
        if package in seen:
            continue
        seen.add(package)
        for path in go_files(source, package):
            sources[path] = (source / path).read_text()
            if path not in GENERATED_LISTS:
                waiting.extend(own_imports(sources[path]))
    return dict(sorted(sources.items()))


def go_files(source: Path, package: str) -> Iterator[PurePosixPath]:
    """The files that the provider itself is made of: no tests, no sweepers of tests, no generators."""
    for file in sorted((source / package).glob("*.go")):
        test = file.name.endswith("_test.go") or file.name == "sweep.go"
        if not test and "\n//go:build generate" not in file.read_text():
            yield PurePosixPath(package) / file.name


def own_imports(text: str) -> Iterator[str]:
    for imported in _IMPORT.findall(text):
        if imported.startswith(f"{MODULE}/"):
            yield imported.removeprefix(f"{MODULE}/")


def only_services(text: str) -> str:
    """The provider's list of services without the lines of those that are not wanted."""

    def kept(line: str) -> bool:
        service = re.search(r'internal/service/(\w+)"$|^\t\t(\w+)\.ServicePackage\(ctx\),$', line)
        return service is None or (service[1] or service[2]) in SERVICES

    return "".join(line for line in text.splitlines(keepends=True) if kept(line))


def only_clients_in_use(text: str, everything: str) -> str:
    """The client constructors that are called somewhere, with the imports that those need."""
    called = set(re.findall(r"\.(\w+Client)\(", everything))
    text = _CLIENT.sub(lambda client: client[0] if client[1] in called else "", text)
    packages = {client[2] for client in _CLIENT.finditer(text + "\n")}
    imports = re.compile(r'^\t(?:(\w+) )?"github\.com/aws/aws-sdk-go-v2/service/(\w+)"\n', re.MULTILINE)
    return imports.sub(lambda line: line[0] if (line[1] or line[2]) in packages else "", text)


def embedded_files(source: Path, sources: dict[PurePosixPath, str]) -> Iterator[PurePosixPath]:
    """What the kept files embed, where it lies in a kept folder."""
    folders = {path.parent for path in sources} | {PurePosixPath("internal/service")}
    for path, text in sources.items():
        for pattern in re.findall(r"^//go:embed (\S+)$", text, re.MULTILINE):
            for file in sorted((source / path.parent).glob(pattern)):
                relative = PurePosixPath(file.relative_to(source))
                if relative.parent in folders:
                    yield relative


def only_requirements_in_use(go_mod: str, sources: dict[PurePosixPath, str]) -> str:
    """go.mod with the modules that a kept file imports; the others would be downloaded for nothing."""
    imported = {name for text in sources.values() for name in _IMPORT.findall(text)}

    def kept(line: str) -> bool:
        requirement = re.fullmatch(r"\t(\S+) v\S+( // indirect)?\n", line)
        return requirement is None or any(f"{name}/".startswith(f"{requirement[1]}/") for name in imported)

    return "".join(line for line in go_mod.splitlines(keepends=True) if kept(line))


if __name__ == "__main__":
    main()
