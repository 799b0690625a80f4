"""A gateway and an application on the cluster that $KUBECONFIG names."""

import pulumi

from slipway import App, Cluster, Gateway

config = pulumi.Config()
cluster = Cluster("cluster", {"kind": "existing"})
there = pulumi.ResourceOptions(providers=[cluster.provider])

gateway = Gateway(
    "shop-gateway",
    {
        "exposure": "node-port",
        "node_port": config.require_int("nodePort"),
        "replicas": 1,
        "definitions": "existing",
    },
    there,
)
shop = App(
    "shop",
    {
        "blue_image": config.require("image"),
        "green_image": config.require("image"),
        "active": "blue",
        "gateway_name": gateway.gateway_name,
        "gateway_namespace": gateway.namespace,
        "scaling": {"min_replicas": 1, "max_replicas": 3},
        "resources": {"cpu": "50m", "memory": "128Mi"},
    },
    there,
)

pulumi.export("url", gateway.url)
pulumi.export("weights", shop.weights)
