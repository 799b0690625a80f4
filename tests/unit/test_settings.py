"""Settings: what a stack file may say, and one error for everything that it may not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime import config as runtime_config

from slipway import network_rules as rules
from stacks.settings import Settings, SettingsError, load, parse

ROOT = Path(__file__).parents[2]
OPS = "arn:aws:iam::123456789012:role/ops"
GOOD: dict[str, Any] = {
    "active": "blue",
    "blueImage": "registry.example.com/chat:1",
    "greenImage": "registry.example.com/chat:2",
    "cluster": "existing",
    "app": {"name": "chat"},
    "tags": {"owner": "me", "costCentre": "x"},
}

IMAGE: dict[str, Any] = {"repository": "registry.example.com/chat", "context": "docker"}


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def raw(values: dict[str, Any]) -> dict[str, str]:
    """As the CLI hands values over: scalars as text, the rest as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def settings(**more: Any) -> Settings:
    return parse(raw({**GOOD, **more}), "Pulumi.dev.yaml", {"secrets"})


def mistakes(secret_keys: frozenset[str] = frozenset({"secrets"}), **more: Any) -> list[str]:
    with pytest.raises(SettingsError) as error:
        parse(raw({**GOOD, **more}), "Pulumi.dev.yaml", secret_keys)
    return str(error.value).splitlines()[1:]


def stack(name: str) -> dict[str, str]:
    config = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"]
    return raw(
        {key.removeprefix("slipway:"): value for key, value in config.items() if key.startswith("slipway:")}
    )


def test_the_least_that_a_stack_says() -> None:
    made = settings()
    assert made.policies == "mandatory"
    assert made.strategy == "blue-green"
    assert made.canary_weight == 0
    assert made.cluster.kind == "existing"
    assert made.gateway.args() == {}
    assert list(made.warnings()) == []


@pytest.mark.parametrize("name", ["dev", "simulated", "prod"])
def test_the_stack_files_of_this_repository_are_right(name: str) -> None:
    made = parse(stack(name), f"Pulumi.{name}.yaml")
    assert made.app.name == "chat"


def test_a_simulated_node_gets_what_dev_is_but_for_images_that_are_built() -> None:
    dev, simulated = (
        yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"] for name in ("dev", "simulated")
    )
    of_images = {"docker:registryAuth", "slipway:images", "slipway:blueImage", "slipway:greenImage"}
    assert {key: dev[key] for key in dev.keys() - of_images} == {
        key: simulated[key] for key in simulated.keys() - of_images
    }
    built = dev["slipway:images"]
    for color in ("blueImage", "greenImage"):
        image = built[dev[f"slipway:{color}"].removeprefix("build:")]
        assert simulated[f"slipway:{color}"] == f"{image['repository']}:{image['tag']}"
    assert not simulated.keys() & {"docker:registryAuth", "slipway:images"}


def test_sections_become_arguments_in_the_components_spelling() -> None:
    made = settings(
        app={"name": "chat", "healthPath": "/up", "env": {"CamelCase": "kept"}, "scaling": {"minReplicas": 3}}
    )
    assert made.app.args(namespace="dev") == {
        "namespace": "dev",
        "name": "chat",
        "health_path": "/up",
        "env": {"CamelCase": "kept"},
        "scaling": {"min_replicas": 3},
    }


def test_ten_wrong_values_make_one_error_with_ten_lines() -> None:
    wrong: dict[str, Any] = {
        "active": "purple",
        "greenImage": "Not An Image",
        "strategy": "big-bang",
        "canaryWeight": "140",
        "cluster": {"kind": "gke"},
        "network": {"cidr": "10.0.0.0/8", "nat": "two"},
        "gateway": {"nodePort": 80},
        "app": {"name": "Chat", "port": "http"},
    }
    found = mistakes(**wrong)
    assert len(found) == 10
    for key, right in {
        "slipway:active": "must be 'blue' or 'green', got \"purple\"",
        "slipway:greenImage": "must be an image, as registry/path:tag, or build:<one of slipway:images>",
        "slipway:strategy": "must be 'blue-green', 'canary' or 'rolling', got \"big-bang\"",
        "slipway:canaryWeight": 'must be 0-100, got "140"',
        "slipway:cluster.kind": "must be 'eks' or 'existing', got \"gke\"",
        "slipway:network.cidr": "must be a private IPv4 block between /16 and /22, as 10.20.0.0/16",
        "slipway:network.nat": "must be 'none', 'single' or 'per-zone', got \"two\"",
        "slipway:gateway.nodePort": "must be 30000-32767, got 80",
        "slipway:app.name": "must be lower-case letters, digits and -, beginning with a letter, 57 at most",
        "slipway:app.port": 'must be 1024-65535, got "http"',
    }.items():
        assert any(line.startswith(f"  Pulumi.dev.yaml: {key} {right}") for line in found), (key, found)


def test_what_a_component_would_refuse_is_in_the_same_list() -> None:
    found = mistakes(
        secret_keys=frozenset(),
        images={
            "a": {**IMAGE, "repository": "registry.example.com/chat:v1", "tag": "a b"},
            "b": {**IMAGE, "dockerfile": "Nofile"},
        },
        network={"zones": ["eu-central-1a", "eu-west-1a"]},
        cluster={"kind": "eks", "logRetentionDays": 8},
        gateway={"exposure": "node-port", "address": "http://chat.example.com:80"},
        app={"name": "chat", "scaling": {"minReplicas": 11}, "env": {"CODE": "x"}},
        secrets={"CODE": "hush"},
        backup={"schedule": "cron(daily)", "coldStorageDays": 30},
        monitoring={
            "replicas": 4,
            "storage": {"kind": "ephemeral", "className": "gp3"},
            "availabilityPercent": 100,
            "latencySeconds": 0,
            "receivers": {"slackChannel": "#alerts"},
            "rules": {"own.yaml": "groups: []"},
        },
    )
    right = {
        "slipway:images.a.repository": 'must be registry/path without a tag, got "registry.example.com/chat:v1"',
        "slipway:images.a.tag": 'must be a tag, as v1.2.3, got "a b"',
        "slipway:images.b.dockerfile": "must be a file in the context: there is no docker/Nofile",
        "slipway:network.zones": "must be two or more zone names that end in different letters, a to h",
        "slipway:cluster.logRetentionDays": "must be one of CloudWatch's steps, as 90 or 365, got 8",
        "slipway:gateway.nodePort": "must be 30000-32767 when exposure is node-port, got nothing",
        "slipway:gateway.address": "must be a host name or address, without scheme or port",
        "slipway:app.scaling.maxReplicas": "must not be below minReplicas, 11 (left out, it is 10)",
        "slipway:backup.schedule": "must be cron(…) with six fields, or rate(…)",
        "slipway:backup.coldStorageDays": "must be 90 or more below retentionDays, 35, got 30",
        "slipway:monitoring.replicas": "must be 1-3, got 4",
        "slipway:monitoring.storage.className": "must be left out unless kind is persistent",
        "slipway:monitoring.availabilityPercent": "must be 90 to below 100, got 100",
        "slipway:monitoring.latencySeconds": "must be above 0 to 60, got 0",
        "slipway:monitoring.receivers.slackChannel": "must have slackUrl beside it",
        "slipway:monitoring.rules.own.yaml": "must be files named *.rules.yaml",
        "slipway:monitoring.receivers": "stands there in clear; set it with pulumi config set --secret",
        "slipway:secrets": "stands there in clear; set each with pulumi config set --secret",
    }
    assert len(found) == len(right), found
    for key, said in right.items():
        assert any(line.startswith(f"  Pulumi.dev.yaml: {key} {said}") for line in found), (key, found)
    assert "hush" not in str(found)


@pytest.mark.parametrize(
    "more",
    [
        {"backup": {"coldStorageDays": 30, "retentionDays": 120, "schedule": "cron(0 3 ? * MON-FRI *)"}},
        {"backup": {"schedule": "rate(12 hours)"}},
        {"gateway": {"exposure": "node-port", "nodePort": 30080, "address": "192.0.2.7"}},
        {"gateway": {"address": "Chat.example.com"}},
        {"network": {"zones": ["eu-central-1a", "eu-central-1c"]}},
        {"network": {}, "cluster": {"kind": "eks", "nodePools": [], "addons": {}, "version": "1.33"}},
        {
            "network": {},
            "cluster": {"kind": "eks", "access": {"ops": {"principalArn": OPS, "level": "admin"}}},
        },
        {"app": {"name": "chat", "env": {"A": "x"}}, "secrets": {"B": "y"}},
        {"images": {"v1": {**IMAGE, "tag": "v1", "repository": "127.0.0.1:5000/slipway/chat"}}},
    ],
)
def test_what_a_component_takes_is_let_through(more: dict[str, Any]) -> None:
    settings(**more)


def test_receivers_are_taken_when_they_are_secret() -> None:
    email = {
        "to": "on-call@example.com",
        "sender": "alerts@example.com",
        "smarthost": "smtp.example.com:587",
        "username": "alerts",
        "password": "hush",
    }
    receivers = {
        "slackUrl": "https://slack.example.com/1",
        "slackChannel": "#alerts",
        "webhookUrl": "https://hooks.example.com/2",
        "heartbeatUrl": "https://heartbeat.example.com/3",
        "email": email,
    }
    said = raw({**GOOD, "monitoring": {"receivers": receivers}})
    made = parse(said, "Pulumi.dev.yaml", {"monitoring"}).monitoring
    assert made is not None
    assert made.args()["receivers"] == {
        "slack_url": "https://slack.example.com/1",
        "slack_channel": "#alerts",
        "webhook_url": "https://hooks.example.com/2",
        "heartbeat_url": "https://heartbeat.example.com/3",
        "email": email,
    }


def test_a_wrong_receiver_is_not_shown() -> None:
    (found,) = mistakes(
        secret_keys=frozenset({"monitoring"}),
        monitoring={"receivers": {"slackUrl": "slack.example.com/4711"}},
    )
    assert "slipway:monitoring.receivers.slackUrl must be an http(s) address, got a secret" in found


def test_a_value_that_is_wrong_itself_is_not_held_against_another() -> None:
    (found,) = mistakes(backup={"retentionDays": 0, "coldStorageDays": 30})
    assert "slipway:backup.retentionDays" in found
    (found,) = mistakes(gateway={"exposure": "ingress", "nodePort": 30080})
    assert "slipway:gateway.exposure" in found
    (found,) = mistakes(app={"name": "a", "scaling": {"minReplicas": 0, "maxReplicas": 1}})
    assert "slipway:app.scaling.minReplicas" in found


def test_the_error_says_that_nothing_changed() -> None:
    with pytest.raises(SettingsError, match=r"^Pulumi.dev.yaml has one mistake; nothing was changed."):
        settings(active="")


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"blueImag": "x"}, "slipway:blueImag is not known; did you mean slipway:blueImage?"),
        ({"zzz": "x"}, "slipway:zzz is not known; known are slipway:images, slipway:blueImage,"),
        ({"app": {"name": "a", "prot": 1}}, "slipway:app.prot is not known; did you mean slipway:app.port?"),
        (
            {"app": {"name": "a", "scaling": {"minReplica": 1}}},
            "slipway:app.scaling.minReplica is not known; did you mean slipway:app.scaling.minReplicas?",
        ),
        (
            {"images": {"v1": {**IMAGE, "tags": "x"}}},
            "slipway:images.v1.tags is not known; did you mean slipway:images.v1.tag?",
        ),
        ({"app": {}}, "slipway:app.name is missing"),
        ({"app": "chat"}, 'slipway:app must be a section with keys of its own, got "chat"'),
        (
            {"blueImage": "build:v9"},
            'slipway:blueImage must name one of slipway:images: there is none, got "build:v9"',
        ),
        ({"cluster": "eks"}, "slipway:cluster must have slipway:network beside it when its kind is eks"),
        (
            {"app": {"name": "a", "scaling": {"minReplicas": 5, "maxReplicas": 4}}},
            "slipway:app.scaling.maxReplicas must not be below minReplicas, 5, got 4",
        ),
        (
            {"app": {"name": "a", "scaling": {"idleReplicas": 3}}},
            "slipway:app.scaling.idleReplicas must not be above minReplicas, 2, got 3",
        ),
        (
            {"app": {"name": "a", "scaling": {"warmSeconds": 3601}}},
            "slipway:app.scaling.warmSeconds must be 0-3600, got 3601",
        ),
        (
            {"app": {"name": "a", "stickyCookie": "lane"}},
            "slipway:app must go without stickyCookie unless slipway:gateway.traefikKinds is install or existing",
        ),
        (
            {"mirrorPercent": "10"},
            "slipway:mirrorPercent must be 0 unless slipway:gateway.traefikKinds is install or existing, got",
        ),
        (
            {"mirrorPercent": "10", "strategy": "rolling", "gateway": {"traefikKinds": "existing"}},
            "slipway:mirrorPercent must be 0 when slipway:strategy is rolling: there is no second colour to copy to",
        ),
        ({"mirrorPercent": "200"}, 'slipway:mirrorPercent must be 0-100, got "200"'),
        (
            {"gateway": {"traefikKinds": "some"}},
            "slipway:gateway.traefikKinds must be 'none', 'install' or 'existing'",
        ),
        (
            {"app": {"name": "a", "hostnames": ["Chat"]}},
            'slipway:app.hostnames.0 must be a host name, as chat.example.com, got "Chat"',
        ),
        (
            {"app": {"name": "a", "hostnames": ["a.b"], "preview": {"hostnames": ["a.b"]}}},
            "slipway:app.preview must not repeat what stands in hostnames: a.b",
        ),
        (
            {"app": {"name": "a", "preview": {"header": "X Y"}}},
            'slipway:app.preview.header must be a header\'s name, as X-Slipway-Color, got "X Y"',
        ),
        (
            {"app": {"name": "a", "canaryUsers": {"cookies": {"beta": "1;2"}}}},
            'slipway:app.canaryUsers.cookies.beta must be a cookie\'s value, got "1;2"',
        ),
        (
            {"app": {"name": "a", "canaryUsers": {"headers": {"X:Y": "1"}}}},
            "slipway:app.canaryUsers.headers.X:Y must be a header's name, as X-Slipway-Color",
        ),
        (
            {"app": {"name": "a", "env": {"A-B": "x"}}},
            "slipway:app.env.A-B must be named by letters, digits and _",
        ),
        ({"app": {"name": "a", "env": {"A": 1}}}, "slipway:app.env.A must be text: put it in quotes, got 1"),
        (
            {"app": {"name": "a", "resources": {"cpu": "lots"}}},
            "slipway:app.resources.cpu must be as 250m or 1",
        ),
        ({"network": {"zones": ["eu-central-1a"]}}, "slipway:network.zones"),
        (
            {"backup": {"retentionDays": 0}},
            "slipway:backup.retentionDays must be 1-36500, got 0",
        ),
        (
            {"gateway": {"nodePort": 30080}},
            "slipway:gateway.nodePort must be left out unless exposure is node-port, got 30080",
        ),
        (
            {"network": {}, "cluster": {"kind": "eks", "logRetentionDays": True}},
            "slipway:cluster.logRetentionDays must be one of CloudWatch's steps, as 90 or 365, got true",
        ),
        (
            {"network": {}, "cluster": {"kind": "eks", "publicAccessCidrs": ["192.0.2.1/24"]}},
            'slipway:cluster.publicAccessCidrs must be address blocks, as 192.0.2.0/24, got ["192.0.2.1/24"]',
        ),
        (
            {"network": {}, "cluster": {"kind": "eks", "addons": {"metrics-server": "latest"}}},
            "slipway:cluster.addons must be names with versions, as v0.8.1-eksbuild.5",
        ),
        (
            {"network": {}, "cluster": {"kind": "eks", "access": {"ops": {"principalArn": "ops"}}}},
            'slipway:cluster.access.ops.principalArn must be the ARN of an IAM principal, got "ops"',
        ),
        (
            {"network": {}, "cluster": {"kind": "eks", "version": "1.34.1"}},
            'slipway:cluster.version must be a minor version of Kubernetes, as 1.34, got "1.34.1"',
        ),
        (
            {"cluster": {"kind": "existing", "version": "1.34"}},
            "slipway:cluster.version must be left out: a cluster that exists is taken as it is",
        ),
        ({"gateway": {"address": "chat:80"}}, "slipway:gateway.address must be a host name or address"),
        (
            {"images": {"v1": {**IMAGE, "context": "nowhere"}}},
            "slipway:images.v1.dockerfile must be a file in the context: there is no nowhere/Dockerfile",
        ),
        (
            {"images": {"v1": {**IMAGE, "context": "x" * 300}}},
            "slipway:images.v1.dockerfile must be a file in the context",
        ),
        *(
            ({"app": {"name": name}}, "slipway:app.name must be lower-case")
            for name in ("2048", "a" * 58, "a-", "")
        ),
        *(
            (
                {"app": {"name": "a", "resources": {"cpu": cpu}}},
                "slipway:app.resources.cpu must be as 250m or 1",
            )
            for cpu in ("0", "0m", "0.0", "1x", "0.0001", "1 ", "٣")
        ),
        *(
            (
                {"app": {"name": "a", "resources": {"memory": memory}}},
                "slipway:app.resources.memory must be as 256Mi",
            )
            for memory in ("0Mi", "1.5Gi", "512M", "512", "9" * 20 + "Gi")
        ),
        *(
            (
                {"app": {"name": "a", "writablePaths": [path]}},
                "slipway:app.writablePaths.0 must be an absolute path below /",
            )
            for path in ("/", "//", "tmp", "/a:b")
        ),
        (
            {"app": {"name": "a", "claims": {"/data": "My Data"}}},
            "slipway:app.claims./data must be the name of a PersistentVolumeClaim",
        ),
        (
            {"app": {"name": "a", "hostnames": [f"h{number}.example.com" for number in range(17)]}},
            "slipway:app.hostnames must be 16 different host names at most",
        ),
        (
            {"app": {"name": "a", "hostnames": ["a.example.com", "a.example.com"]}},
            "slipway:app.hostnames must be 16 different host names at most",
        ),
        ({"gateway": {"image": "a b"}}, "slipway:gateway.image must be an image, as registry/path:tag"),
        (
            {"network": {}, "database": {"kind": "rds", "instanceClass": "m7g.large"}},
            "slipway:database.instanceClass must be an instance class, as db.m7g.large",
        ),
        (
            {"network": {}, "cache": {"kind": "elasticache", "nodeType": "m7g.large"}},
            "slipway:cache.nodeType must be a node type, as cache.m7g.large",
        ),
        *(
            ({"gates": {"burnRate": rate}, "monitoring": {}}, "slipway:gates.burnRate ")
            for rate in ("1", True, float("nan"), float("inf"))
        ),
        (
            {"gates": {"http": {"up": {"path": "/", "at": "https://a.example.com:99999"}}}},
            "slipway:gates.http.up.at must be an address without a path",
        ),
        *(
            ({"tags": {"owner": owner, "costCentre": "x"}}, "slipway:tags.owner must be 1-256 letters")
            for owner in ("", "a;b", "a" * 257)
        ),
        (
            {"app": {"name": "a", "env": {"CODE": "x"}}, "secrets": {"CODE": "y"}},
            "slipway:secrets must not repeat what stands in slipway:app.env: CODE, got a secret",
        ),
    ],
)
def test_each_mistake_names_its_key_and_what_is_right(more: dict[str, Any], line: str) -> None:
    (found,) = mistakes(**more)
    assert found.startswith(f"  Pulumi.dev.yaml: {line}"), found


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"policies": "off"}, "slipway:policies must be 'mandatory' or 'advisory', got \"off\""),
        ({"allowReplacement": "db"}, 'slipway:allowReplacement must be a list, got "db"'),
        ({"policyExceptions": {"replicated": {"web": ""}}}, "slipway:policyExceptions.replicated.web "),
    ],
)
def test_mistakes_about_policies(more: dict[str, Any], line: str) -> None:
    assert any(mistake.strip().startswith(f"Pulumi.dev.yaml: {line}") for mistake in mistakes(**more)), (
        mistakes(**more)
    )


def test_what_is_missing() -> None:
    with pytest.raises(SettingsError) as error:
        parse({}, "Pulumi.dev.yaml")
    for key in ("active", "blueImage", "greenImage", "cluster", "app", "tags"):
        assert f"slipway:{key} is missing" in str(error.value)


def test_a_wrong_secret_is_not_shown() -> None:
    found = mistakes(secrets={"A": 12345})
    assert found == ["  Pulumi.dev.yaml: slipway:secrets.A must be text: put it in quotes, got a secret"]


@pytest.mark.parametrize(
    "more",
    [
        {"gateway": {"tlsCertificate": "hush", "tlsPrivateKey": "hush"}},
        {"monitoring": {"receivers": {"email": {"password": "hush"}}}},
        {"monitoring": {"requestMetrics": {"privateKey": "hush"}}},
        {"monitoring": {"receivers": "hush"}},
    ],
)
def test_a_wrong_secret_in_clear_is_not_shown_either(more: dict[str, Any]) -> None:
    shown = [line for line in mistakes(**more) if "hush" in line and "tlsCertificate" not in line]
    assert shown == []


def test_a_long_value_does_not_hide_the_other_mistakes() -> None:
    (found,) = mistakes(active="x" * 100_000)
    assert found.endswith("… (100002 characters)")
    assert len(found) < 500


def test_secrets_in_clear_are_refused() -> None:
    with pytest.raises(SettingsError, match="slipway:secrets stands there in clear") as error:
        parse(raw({**GOOD, "secrets": {"CODE": "hush"}}), "Pulumi.dev.yaml", set())
    assert "hush" not in str(error.value)


NEXTCHAT = "docker.io/yidadaa/chatgpt-next-web:v2.16.1"


def test_nextchat_without_a_password_deserves_a_warning() -> None:
    (warning,) = settings(blueImage=NEXTCHAT).warnings()
    assert "NextChat without CODE" in warning
    assert list(settings(blueImage=NEXTCHAT, secrets={"CODE": "x"}).warnings()) == []


def test_a_canary_weight_without_effect_deserves_a_warning() -> None:
    (warning,) = settings(canaryWeight="5").warnings()
    assert "canaryWeight has no effect" in warning
    assert list(settings(canaryWeight="5", strategy="canary").warnings()) == []


def test_cookies_and_requests_without_effect_deserve_a_warning() -> None:
    kinds = {"traefikKinds": "existing"}
    (warning,) = settings(gateway=kinds, app={"name": "a", "stickyCookie": "lane"}).warnings()
    assert "stickyCookie has no effect" in warning
    (warning,) = settings(app={"name": "a", "scaling": {"requestsPerSecond": 50}}).warnings()
    assert "requestsPerSecond needs slipway:monitoring.requestMetrics" in warning
    sticky = settings(gateway=kinds, app={"name": "a", "stickyCookie": "lane"}, strategy="canary")
    assert list(sticky.warnings()) == []


PEMS = dict.fromkeys(("certificate", "privateKey", "authority"), "-----BEGIN X-----")


def test_the_key_of_request_metrics_is_never_in_clear() -> None:
    said = raw({**GOOD, "monitoring": {"requestMetrics": PEMS}})
    with pytest.raises(SettingsError, match=r"slipway:monitoring.requestMetrics stands there in clear"):
        parse(said, "Pulumi.dev.yaml")
    made = parse(said, "Pulumi.dev.yaml", {"monitoring"}).monitoring
    assert made is not None
    assert made.args()["request_metrics"]["private_key"] == "-----BEGIN X-----"


@pytest.mark.parametrize(
    ("name", "region", "zones", "told"),
    [
        (
            "Prod",
            "eu-central-1",
            [],
            'the stack\'s name must be lower-case letters, digits and -, 52 at most, got "Prod"',
        ),
        ("my_dev", "eu-central-1", [], "the stack's name must be"),
        ("a" * 53, "eu-central-1", [], "the stack's name must be"),
        ("dev", "frankfurt", [], 'aws:region must be a region, as eu-central-1, got "frankfurt"'),
        (
            "dev",
            "us-east-1",
            ["eu-central-1a", "eu-central-1b"],
            'slipway:network.zones must be of aws:region, us-east-1, got ["eu-central-1a", "eu-central-1b"]',
        ),
    ],
)
def test_mistakes_about_the_stack_and_its_region_stand_beside_the_others(
    monkeypatch: pytest.MonkeyPatch, name: str, region: str, zones: list[str], told: str
) -> None:
    monkeypatch.setattr("pulumi.get_stack", lambda: name)
    said = raw({**GOOD, "active": "purple", "network": {"zones": zones} if zones else {}})
    values = {f"slipway:{key}": value for key, value in said.items()}
    runtime_config.set_all_config({**values, "aws:region": region}, [])
    with pytest.raises(SettingsError) as error:
        load()
    lines = str(error.value).splitlines()
    assert lines[0] == f"Pulumi.{name}.yaml has 2 mistakes; nothing was changed."
    assert lines[1].startswith(f"  Pulumi.{name}.yaml: {told}")
    runtime_config.set_all_config({}, [])


@pytest.mark.parametrize(
    "region", ["eu-central-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "eusc-de-east-1"]
)
def test_a_region_of_any_partition_and_its_zones_are_let_through(
    monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    monkeypatch.setattr("pulumi.get_stack", lambda: "dev")
    zones = [f"{region}a", f"{region}b"]
    said = raw({**GOOD, "network": {"zones": zones}})
    values = {f"slipway:{key}": value for key, value in said.items()}
    runtime_config.set_all_config({**values, "aws:region": region}, [])
    network = load().network
    runtime_config.set_all_config({}, [])
    assert network is not None
    assert network.zones == zones
    assert rules.are_zones(zones)


def test_load_reads_the_stack_s_own_namespace_and_knows_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulumi.get_stack", lambda: "test")
    values = {f"slipway:{key}": value for key, value in raw({**GOOD, "secrets": {"CODE": "x"}}).items()}
    runtime_config.set_all_config({**values, "aws:region": "eu-central-1"}, ["slipway:secrets"])
    assert load().secrets == {"CODE": "x"}
    runtime_config.set_all_config(values, [])
    with pytest.raises(SettingsError, match=r"Pulumi\.test\.yaml: slipway:secrets stands there in clear"):
        load()
    runtime_config.set_all_config({}, [])
