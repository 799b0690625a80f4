"""Image: a container image built from a folder and pushed to a registry, to be deployed by digest.

Does not create the repository it pushes to: Registry does, in ECR.
Does not make a bill of materials (SBOM): the Docker provider builds without attestations. Who signs the image attests one, with
`cosign attest --type cyclonedx`, and it is found by the image's digest, at `attestations`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi

from slipway.content import content_hash
from slipway.validation import REPOSITORY, TAG, Checks, is_text, matches, usable
from slipway.versions import docker_plugin

REPOSITORY_RULE = "registry/path without a tag"
TAG_RULE = "a tag, as v1.2.3"
DOCKERFILE = "Dockerfile"
_TAG_DIGITS = 12


class RegistryLogin(TypedDict):
    """Who pushes to a registry."""

    username: pulumi.Input[str]
    """User name at the registry."""
    password: pulumi.Input[str]
    """Password or token at the registry; give it as a secret."""


class ImageArgs(TypedDict):
    """Arguments of Image."""

    repository: pulumi.Input[str]
    """Where the image goes, with its registry, without a tag: `registry.example.com/team/chat`, or a Registry's URL."""
    context: str
    """Folder of the build context, relative to the program. Its .dockerignore is honoured."""
    tag: NotRequired[str]
    """Tag to push besides the digest. Default the first twelve digits of the content's SHA-256: it never moves."""
    dockerfile: NotRequired[str]
    """The Dockerfile, relative to `context`. Default `Dockerfile`."""
    build_args: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Build arguments; no secrets, they stay readable in the image. Default none."""
    platform: NotRequired[str]
    """Platform to build for, as `linux/amd64`. Default the Docker daemon's own."""
    network_mode: NotRequired[str]
    """Network of the build's RUN steps, as `host`. Default Docker's own."""
    login: NotRequired[pulumi.Input[RegistryLogin]]
    """Login at the registry, as a Registry gives it. Default none."""


@dataclass(frozen=True)
class _Image:
    repository: pulumi.Input[str]
    context: str
    tag: str | None
    dockerfile: str
    build_args: Mapping[str, pulumi.Input[str]]
    platform: str | None
    network_mode: str | None
    login: pulumi.Input[RegistryLogin] | None


def _resolve(name: str, args: ImageArgs) -> _Image:
    given, args = args, usable(args, ImageArgs)
    context, dockerfile = args.get("context", ""), args.get("dockerfile", DOCKERFILE)
    with Checks("image", name, given, ImageArgs) as check:
        check.value("repository", args.get("repository"), REPOSITORY_RULE, matches(REPOSITORY))
        check.value("tag", args.get("tag"), TAG_RULE, matches(TAG))
        check.value("dockerfile", dockerfile, "a file in the context", lambda file: is_file(context, file))
        check.value("platform", args.get("platform"), "as linux/amd64", is_text)
    return _Image(
        repository=args["repository"],
        context=context,
        tag=args.get("tag"),
        dockerfile=dockerfile,
        build_args=args.get("build_args", {}),
        platform=args.get("platform"),
        network_mode=args.get("network_mode"),
        login=args.get("login"),
    )


def is_file(context: Any, dockerfile: Any) -> bool:
    """Whether the Dockerfile is where the build will look for it."""
    if not (isinstance(context, str) and isinstance(dockerfile, str)):
        return False
    try:
        return (Path(context) / dockerfile).is_file()
    except OSError:  # too long for any file
        return False


class Image(pulumi.ComponentResource):
    """An image that is built again when the content of its context, its Dockerfile or a build argument changes.

    The Docker daemon is the one that DOCKER_HOST names. Images stay in the registry when the stack goes: a pod that
    runs elsewhere may still need them.
    """

    ref: pulumi.Output[str]
    """The image by digest: `repository@sha256:…`."""
    content: pulumi.Output[str]
    """SHA-256 of everything the build saw."""
    attestations: pulumi.Output[str]
    """Where cosign keeps what is said of the image under a signature, its bill of materials too: `repository:sha256-….att`."""

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = _resolve(name, args)
        super().__init__("slipway:index:Image", name, {}, opts)
        content = content_hash(Path(settings.context), settings.dockerfile)
        pushed = _push(self, name, settings, _build(self, name, settings, content))

        self.ref = pulumi.Output.concat(settings.repository, "@", pushed.output("sha256Digest"))
        self.content = pulumi.Output.from_input(content)
        self.attestations = self.ref.apply(attestations)
        self.register_outputs({"ref": self.ref, "content": self.content, "attestations": self.attestations})


def attestations(ref: str) -> str:
    """Where cosign keeps what is attested of an image that is named by its digest.

    https://github.com/sigstore/cosign/blob/v2.6.1/specs/SIGNATURE_SPEC.md#tag-based-discovery
    """
    repository, _, digest = ref.partition("@")
    return f"{repository}:{digest.replace(':', '-')}.att"


class _Made(pulumi.CustomResource):
    """A resource of the Docker provider. Every release of a built image registers two, and the SDK's own classes take longer to
    load than all else that the two cost."""

    def __init__(self, kind: str, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        # Left to itself the provider deletes an image before it makes the next one, and Pulumi then first deletes everything
        # that depends on it too: the Deployments that serve with it.
        kept = pulumi.ResourceOptions(delete_before_replace=False, version=docker_plugin())
        token = f"docker:index/{kind[0].lower()}{kind[1:]}:{kind}"
        super().__init__(token, name, props, pulumi.ResourceOptions.merge(opts, kept))

    def output(self, name: str) -> pulumi.Output[str]:
        return vars(self)[name]


def _build(parent: Image, name: str, settings: _Image, content: str) -> _Made:
    image = pulumi.Output.concat(settings.repository, ":", settings.tag or content[:_TAG_DIGITS])
    build = {
        "context": settings.context,
        "dockerfile": settings.dockerfile,
        "buildArgs": settings.build_args,
        "platform": settings.platform,
        "networkMode": settings.network_mode,
    }
    props = {"name": image, "build": build, "keepLocally": True, "triggers": {"content": content}}
    return _Made(
        "RemoteImage", f"{name}-build", {**props, "imageId": None}, pulumi.ResourceOptions(parent=parent)
    )


def _push(parent: Image, name: str, settings: _Image, built: _Made) -> _Made:
    props = {
        "name": built.output("name"),
        "keepRemotely": True,
        "triggers": {"image": built.output("imageId")},
        "authConfig": None if settings.login is None else _auth(settings.repository, settings.login),
    }
    # A registry's token is new at each run, which is no reason to push. One that is pushed is pushed with the new token.
    opts = pulumi.ResourceOptions(parent=parent, ignore_changes=["authConfig"])
    return _Made("RegistryImage", f"{name}-push", {**props, "sha256Digest": None}, opts)


def _auth(repository: pulumi.Input[str], login: pulumi.Input[RegistryLogin]) -> pulumi.Output[dict[str, str]]:
    def auth(both: Mapping[str, Any]) -> dict[str, str]:
        login: Mapping[str, str] = both["login"]
        registry = both["repository"].split("/")[0]
        return {"address": registry, "username": login["username"], "password": login["password"]}

    return pulumi.Output.secret(pulumi.Output.all(repository=repository, login=login).apply(auth))
