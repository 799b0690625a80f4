"""Blue-green as it is usually written with Pulumi: a Service selects the active colour."""

import pulumi
import pulumi_kubernetes as k8s

config = pulumi.Config()
active = config.require("active")
namespace = k8s.core.v1.Namespace("selector", metadata={"name": "bench-selector"})
in_namespace = namespace.metadata.apply(lambda metadata: metadata.name)

for color in ("blue", "green"):
    labels = {"app": "chat", "color": color}
    k8s.apps.v1.Deployment(
        color,
        metadata={"namespace": in_namespace},
        spec={
            "replicas": 2,
            "selector": {"match_labels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [
                        {
                            "name": "app",
                            "image": config.require("image"),
                            "env": [
                                {"name": "COLOR", "value": color},
                                {"name": "HOSTNAME", "value": "0.0.0.0"},  # noqa: S104  (in a pod)
                            ],
                            "ports": [{"container_port": 3000}],
                            "readiness_probe": {
                                "http_get": {"path": "/healthz", "port": 3000},
                                "period_seconds": 2,
                            },
                        }
                    ]
                },
            },
        },
    )

service = k8s.core.v1.Service(
    "chat",
    metadata={"namespace": in_namespace},
    spec={
        "selector": {"app": "chat", "color": active},
        "ports": [{"port": 80, "target_port": 3000}],
    },
)

k8s.apiextensions.CustomResource(
    "route",
    api_version="gateway.networking.k8s.io/v1",
    kind="HTTPRoute",
    metadata={"namespace": in_namespace},
    spec={
        "hostnames": [config.require("host")],
        "parentRefs": [{"name": config.require("gateway"), "namespace": config.require("gatewayNamespace")}],
        "rules": [{"backendRefs": [{"name": service.metadata.apply(lambda made: made.name), "port": 80}]}],
    },
)
