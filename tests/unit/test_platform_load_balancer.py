"""The platform's load balancer: which Service gets which address."""

import importlib.util
from typing import Any

from slipway_local.paths import repository

FILE = repository() / "local/load_balancer/load_balancer.py"


def program() -> Any:
    spec = importlib.util.spec_from_file_location("load_balancer", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def service(name: str, kind: str = "LoadBalancer", address: str | None = None) -> dict[str, Any]:
    ingress = {"ingress": [{"ip": address}]} if address else {}
    return {"metadata": {"name": name}, "spec": {"type": kind}, "status": {"loadBalancer": ingress}}


def given(*services: dict[str, Any]) -> dict[str, str]:
    waiting = program().without_address(services, "10.0.0.0/29")
    return {waits["metadata"]["name"]: address for waits, address in waiting}


def test_only_services_that_wait_for_an_address_get_one() -> None:
    assert given(service("a"), service("b", "ClusterIP"), service("c", address="10.0.0.5")) == {
        "a": "10.0.0.1"
    }


def test_no_address_is_given_twice() -> None:
    there = (service("a", address="10.0.0.1"), service("b", address="10.0.0.3"))
    assert given(*there, service("c"), service("d")) == {"c": "10.0.0.2", "d": "10.0.0.4"}


def test_a_service_that_has_a_host_name_waits_for_nothing() -> None:
    named = service("a")
    named["status"]["loadBalancer"]["ingress"] = [{"hostname": "lb.example.com"}]
    assert given(named) == {}


def test_it_has_kubernetes_s_own_rights_for_it() -> None:
    from slipway_local import pki

    assert pki.LOAD_BALANCER.user == "system:serviceaccount:kube-system:service-controller"
    assert pki.LOAD_BALANCER.group != "system:masters"


def test_no_pod_gets_one_of_its_addresses() -> None:
    from ipaddress import IPv4Address, IPv4Network

    from slipway_local.ports import LAST_POD, LOAD_BALANCERS, POD_NETWORK

    assert IPv4Network(LOAD_BALANCERS).subnet_of(IPv4Network(POD_NETWORK))
    assert IPv4Address(LAST_POD) < IPv4Network(LOAD_BALANCERS)[0]
