"""Two applications, each in a namespace of its own, behind one gateway that tells them apart by host name."""

import pulumi

from slipway import App, Gateway

config = pulumi.Config()
image = config.require("image")
gateway = Gateway(
    "web-gateway",
    {
        "exposure": "node-port",
        "node_port": config.require_int("nodePort"),
        "replicas": 1,
        "definitions": "existing",
    },
)
HOSTS = {"storefront": "www.example.com", "backoffice": "backoffice.example.com"}

for name, host in HOSTS.items():
    App(
        name,
        {
            "blue_image": image,
            "green_image": image,
            "active": "blue",
            "gateway_name": gateway.gateway_name,
            "gateway_namespace": gateway.namespace,
            "hostnames": [host],
            "scaling": {"min_replicas": 1, "max_replicas": 2},
            "resources": {"cpu": "50m", "memory": "128Mi"},
        },
    )

pulumi.export("url", gateway.url)
pulumi.export("hosts", list(HOSTS.values()))
