"""Gives each Service of type LoadBalancer an address of its own, as the cloud does on AWS.

The balancing itself is kube-proxy's: it leads what comes to an address in a Service's status to the Service's pods. So
this writes addresses, and nothing more. Its settings come by environment: see slipway_local/load_balancer.py.
"""

import http.client
import json
import os
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

SERVICES = "/api/v1/services"
WATCH_SECONDS = 300
PAUSE_SECONDS = 1

Service = Mapping[str, Any]


def main() -> None:
    context = ssl.create_default_context(cafile=os.environ["AUTHORITY"])
    context.load_cert_chain(os.environ["CERTIFICATE"], os.environ["KEY"])
    while True:
        connection = http.client.HTTPSConnection(
            os.environ["API_SERVER"], context=context, timeout=WATCH_SECONDS + 10
        )
        try:
            listed = call(connection, "GET", SERVICES)
            for service, address in without_address(listed["items"], os.environ["ADDRESSES"]):
                give(connection, service, address)
            wait_for_change(connection, listed["metadata"]["resourceVersion"])
        except (OSError, http.client.HTTPException) as error:
            print(f"once more in {PAUSE_SECONDS} s: {error}", flush=True)  # noqa: T201  (it is the part's log)
            time.sleep(PAUSE_SECONDS)
        finally:
            connection.close()


def without_address(services: Sequence[Service], network: str) -> Iterator[tuple[Service, str]]:
    """The Services that wait for an address, each with one that is free."""
    taken = {given.get("ip") for service in services for given in ingress(service)}
    free = (str(host) for host in ip_network(network).hosts() if str(host) not in taken)
    for service in services:
        if service["spec"]["type"] == "LoadBalancer" and not ingress(service):
            yield service, next(free)


def ingress(service: Service) -> Sequence[Mapping[str, str]]:
    return service["status"].get("loadBalancer", {}).get("ingress", ())


def give(connection: http.client.HTTPSConnection, service: Service, address: str) -> None:
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    status = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
    call(connection, "PATCH", f"/api/v1/namespaces/{namespace}/services/{name}/status", status)
    print(f"{namespace}/{name} has {address}", flush=True)  # noqa: T201


def wait_for_change(connection: http.client.HTTPSConnection, version: str) -> None:
    """Until any Service changes, or long enough."""
    connection.request("GET", f"{SERVICES}?watch=1&resourceVersion={version}&timeoutSeconds={WATCH_SECONDS}")
    connection.getresponse().readline()


def call(
    connection: http.client.HTTPSConnection, method: str, path: str, body: Mapping[str, Any] | None = None
) -> Any:
    sent = json.dumps(body) if body else None
    connection.request(method, path, sent, {"Content-Type": "application/merge-patch+json"})
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != http.client.OK:
        raise http.client.HTTPException(f"{method} {path} answers {answer.status}: {said[:200]!r}")
    return json.loads(said)


if __name__ == "__main__":
    main()
