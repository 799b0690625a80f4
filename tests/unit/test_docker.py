"""docker/: the same programs, rules and settings as the components have, and nothing open that need not be."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway import gateway_objects, monitoring_config, monitoring_grafana, versions
from tests.support.project import REPOSITORY

DOCKER = REPOSITORY / "docker"
MONITORING, DEVELOPER, SERVER = (f"docker-compose{part}.yml" for part in (".monitoring", "", ".prod"))
FILES = (MONITORING, DEVELOPER, SERVER)


def load(file: str) -> dict[str, Any]:
    return yaml.safe_load((DOCKER / file).read_text())


def services(*files: str) -> dict[str, dict[str, Any]]:
    return {f"{file}: {name}": said for file in files for name, said in load(file)["services"].items()}


SERVICES = services(*FILES)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened(name: str) -> None:
    said = SERVICES[name]
    assert said["read_only"] is True
    assert said["cap_drop"] == ["ALL"]
    assert said["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "pids_limit"} <= said.keys()
    assert not said.keys() & {"privileged", "pid", "ipc", "devices"}
    assert "/var/run/docker.sock" not in str(said)


@pytest.mark.parametrize(
    "name", [name for name in SERVICES if "certificates" not in name and "build" not in SERVICES[name]]
)
def test_every_service_that_stays_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", services(MONITORING, SERVER))
def test_what_runs_on_a_server_comes_back_and_does_not_fill_the_disk(name: str) -> None:
    said = SERVICES[name]
    assert said["restart"] == ("no" if name.endswith("certificates") else "unless-stopped")
    assert said["logging"]["options"].keys() == {"max-size", "max-file"}


def test_only_the_server_s_two_ports_are_open_to_others() -> None:
    published = {name: said["ports"] for name, said in SERVICES.items() if "ports" in said}
    assert published.pop(f"{SERVER}: traefik") == ["80:8000", "443:8443"]
    assert published
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_the_images_are_the_components() -> None:
    constants = vars(versions)
    known = {constants[name] for name in constants if name.endswith("_IMAGE")}
    images = {said["image"] for said in SERVICES.values() if "image" in said}
    (upstream,) = images - known
    assert upstream.startswith("${NEXTCHAT_IMAGE:?")
    assert all("@sha256:" in image for image in images & known)


def test_the_base_is_by_digest_and_everywhere_the_same() -> None:
    (base,) = re.findall(r"^ARG NODE_IMAGE=(\S+)$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    assert re.fullmatch(r"node:24-bookworm-slim@sha256:[0-9a-f]{64}", base)
    assert load(DEVELOPER)["services"]["app"]["build"]["args"]["NODE_IMAGE"] == f"${{NODE_IMAGE:-{base}}}"
    dev: Any = yaml.safe_load((REPOSITORY / "Pulumi.dev.yaml").read_text())["config"]["slipway:images"]
    assert {image["buildArgs"]["NODE_IMAGE"] for image in dev.values()} == {base.partition("@")[0]}


def test_what_is_mounted_is_there() -> None:
    mounts = [mount.split(":")[0] for said in SERVICES.values() for mount in said.get("volumes", ())]
    files = {mount for mount in mounts if mount.startswith(".")}
    assert {
        "../monitoring/prometheus",
        "../monitoring/alertmanager",
        "../monitoring/grafana/dashboards",
    } <= files
    assert all((DOCKER / file).exists() for file in files)


def scrape_jobs(file: Path) -> dict[str, Any]:
    return {job["job_name"]: job for job in yaml.safe_load(file.read_text())["scrape_configs"]}


def test_of_each_source_the_same_is_kept_as_in_a_cluster() -> None:
    here = scrape_jobs(DOCKER / "prometheus/prometheus.yaml")
    there = scrape_jobs(REPOSITORY / "monitoring/prometheus/prometheus.yaml")
    assert here.keys() == {"gateway", "prometheus", "alertmanager", "node-exporter"}
    for name, job in here.items():
        kept = [rules.get("metric_relabel_configs", [None])[0] for rules in (job, there[name])]
        assert kept[0] == kept[1], name


def test_objectives_grafana_and_buckets_are_those_of_the_components(monkeypatch: pytest.MonkeyPatch) -> None:
    objectives: Any = yaml.safe_load((DOCKER / "prometheus/objectives.rules.yaml").read_text())
    settings: Any = type("Defaults", (), {"availability_percent": 99.9, "latency_seconds": 1})
    assert objectives == yaml.safe_load(monitoring_config._objectives(settings))
    assert SERVICES[f"{MONITORING}: grafana"]["environment"] == monitoring_grafana._ENVIRONMENT
    buckets = f"--metrics.prometheus.buckets={','.join(map(str, gateway_objects._BUCKETS))}"
    assert all(buckets in SERVICES[f"{file}: traefik"]["command"] for file in (DEVELOPER, SERVER))
