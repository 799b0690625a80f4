"""What an App's values must be like."""

from __future__ import annotations

from slipway.app_objects import AppSettings
from slipway.app_routes import COOKIE, HEADER, HOSTNAME, HOSTNAMES_RULE, are_hostnames
from slipway.traffic import COLORS, STRATEGIES
from slipway.validation import (
    APP_NAME,
    APP_NAME_RULE,
    CPU,
    DNS_LABEL,
    DNS_NAME,
    ENV_NAME,
    MEMORY,
    MOUNT,
    MOUNT_RULE,
    PATH,
    PATH_RULE,
    Checks,
    is_one_of,
    is_text,
    is_whole,
    matches,
)


def check_values(check: Checks, app: AppSettings) -> None:
    """Holds all of them against the rules."""
    label = "lower-case letters, digits and -"
    check.value("name", app.name, APP_NAME_RULE, matches(APP_NAME))
    check.value("namespace", app.namespace, label, matches(DNS_LABEL))
    for color, image in app.images.items():
        check.value(f"{color}_image", image, "an image", is_text)
    check.value("active", app.active, f"one of {', '.join(COLORS)}", is_one_of(COLORS))
    check.value("strategy", app.strategy, f"one of {', '.join(STRATEGIES)}", is_one_of(STRATEGIES))
    check.value("canary_weight", app.canary_weight, "0-100", is_whole(0, 100))
    check.value("port", app.port, "1024-65535 (the container is not root)", is_whole(1024, 65535))
    check.value("health_path", app.health_path, PATH_RULE, matches(PATH))
    check.value("metrics_path", app.metrics_path, PATH_RULE, matches(PATH))
    check.value("probes.startup_seconds", app.startup_seconds, "1-3600", is_whole(1, 3600))
    check.value("probes.period_seconds", app.period_seconds, "1-300", is_whole(1, 300))
    check.value("probes.timeout_seconds", app.timeout_seconds, "1-60", is_whole(1, 60))
    check.value("probes.live_path", app.live_path, PATH_RULE, matches(PATH))
    check.value("scaling.min_replicas", app.min_replicas, "1-1000", is_whole(1, 1000))
    check.value("scaling.max_replicas", app.max_replicas, "1-1000", is_whole(1, 1000))
    check.value("scaling.idle_replicas", app.idle_replicas, "1-1000", is_whole(1, 1000))
    check.value("scaling.warm_seconds", app.warm_seconds, "0-3600", is_whole(0, 3600))
    check.value("scaling.cpu_percent", app.cpu_percent, "1-100", is_whole(1, 100))
    rate = app.requests_per_second
    check.value("scaling.requests_per_second", rate, "1-100000", is_whole(1, 100000))
    check.value("resources.cpu", app.cpu, "as 250m or 1", matches(CPU))
    check.value("resources.memory", app.memory, "as 256Mi", matches(MEMORY))
    check.value("user", app.user, "1-65535", is_whole(1, 65535))
    check.value("drain_seconds", app.drain_seconds, "1-300", is_whole(1, 300))
    check.value("rollout_seconds", app.rollout_seconds, "10-3600", is_whole(10, 3600))
    mounted = {"writable_paths": app.writable_paths, "files": app.files, "claims": app.claims}
    for argument, paths in mounted.items():
        for path in paths:
            check.value(argument, path, MOUNT_RULE, matches(MOUNT))
    for claim in app.claims.values():
        check.value("claims", claim, "names of PersistentVolumeClaims", matches(DNS_NAME))
    at = [path for paths in mounted.values() for path in paths]
    doubly = sorted({path for path in at if at.count(path) > 1})
    check.rule(
        not doubly, f"{', '.join(doubly)} must stand in one of writable_paths, files and claims, not in two"
    )
    for argument, words in {"command": app.command, "arguments": app.arguments}.items():
        for word in words:
            check.value(argument, word, "words of text", lambda word: isinstance(word, str))
    for key in (*app.env, *app.secrets):
        check.value("env and secrets", key, "named by letters, digits and _", matches(ENV_NAME))
    twice = sorted(app.env.keys() & app.secrets.keys())
    check.rule(not twice, f"{', '.join(twice)} must stand in env or in secrets, not in both")
    if all(map(is_whole(1, 1000), (app.idle_replicas, app.min_replicas, app.max_replicas))):
        check.rule(
            app.min_replicas <= app.max_replicas,
            f"scaling.max_replicas {app.max_replicas} is below scaling.min_replicas {app.min_replicas}",
        )
        check.rule(
            app.idle_replicas <= app.min_replicas,
            f"scaling.idle_replicas {app.idle_replicas} is above scaling.min_replicas {app.min_replicas}",
        )
    _check_routes(check, app)


def _check_routes(check: Checks, app: AppSettings) -> None:
    header = "a header's name, as X-Slipway-Color"
    check.value("preview.header", app.preview_header, header, matches(HEADER))
    for argument, hosts in {"hostnames": app.hostnames, "preview.hostnames": app.preview_hostnames}.items():
        for host in hosts:
            check.value(argument, host, "host names, as chat.example.com", matches(HOSTNAME))
        check.rule(are_hostnames(hosts), f"{argument} must be {HOSTNAMES_RULE}")
    both = [host for host in app.hostnames if host in app.preview_hostnames]
    check.rule(not both, f"{', '.join(both)} must stand in hostnames or in preview.hostnames, not in both")
    for name, value in app.canary_headers.items():
        check.value("canary_users.headers", name, header, matches(HEADER))
        check.value(f"canary_users.headers[{name}]", value, "text", is_text)
    check.value("sticky_cookie", app.sticky_cookie, "a cookie's name", matches(HEADER))
    check.value("mirror_percent", app.mirror_percent, "0-100", is_whole(0, 100))
    check.rule(
        app.strategy != "rolling" or app.mirror_percent == 0,
        "mirror_percent needs a second colour to copy to: under the strategy rolling it has to be 0",
    )
    for name, value in app.canary_cookies.items():
        check.value("canary_users.cookies", name, "a cookie's name", matches(HEADER))
        check.value(f"canary_users.cookies[{name}]", value, "a cookie's value", matches(COOKIE))
