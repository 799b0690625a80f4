"""The ports of the platform and who listens on them, always on loopback or on the pods' bridge."""

EMULATOR = 4566
API_SERVER = 16443
ETCD = 12379
ETCD_PEER = 12380
ETCD_HEALTH = 12381
KUBELET = 10250
KUBELET_HEALTH = 10248
PROXY_METRICS = 10249
PROXY_HEALTH = 10256
CONTROLLER_MANAGER = 10257
SCHEDULER = 10259
REGISTRY = 5000

CONTROL_PLANE_PORTS: dict[int, str] = {
    API_SERVER: "the Kubernetes API server",
    ETCD: "etcd",
    ETCD_PEER: "etcd",
    ETCD_HEALTH: "etcd",
    CONTROLLER_MANAGER: "the controller manager",
    SCHEDULER: "the scheduler",
}
NODE_PORTS: dict[int, str] = {
    KUBELET: "the kubelet",
    KUBELET_HEALTH: "the kubelet",
    PROXY_METRICS: "kube-proxy",
    PROXY_HEALTH: "kube-proxy",
}
EMULATOR_PORT: dict[int, str] = {EMULATOR: "the AWS emulator"}
SHARED_PORTS = EMULATOR_PORT | {REGISTRY: "the image registry"}
PORTS = CONTROL_PLANE_PORTS | NODE_PORTS | SHARED_PORTS
SIMULATION_PORTS = CONTROL_PLANE_PORTS | {KUBELET_HEALTH: "kwok"} | EMULATOR_PORT

BRIDGE = "slipway0"
NODE_ADDRESS = "10.199.0.1"
POD_NETWORK = "10.199.0.0/16"
LAST_POD = "10.199.254.255"
LOAD_BALANCERS = "10.199.255.0/24"
SERVICE_NETWORK = "10.198.0.0/16"
API_SERVICE = "10.198.0.1"
DNS_SERVICE = "10.198.0.10"
