"""The way into the platform's API server with AWS credentials, which ministack has only for clusters that it starts itself.

The API server asks POST /_slipway/token-review about a token that `aws eks get-token` made: a signed call to STS that is
never made. It is held against AWS's rules (https://github.com/kubernetes-sigs/aws-iam-authenticator): what is signed, by
a key that the emulator knows, for which cluster, and when. The cluster's access entries say who that is.

There is one API server for all clusters. AmazonEKSClusterAdminPolicy makes its holder an administrator of it; another
access policy gives nothing, because its rules are evaluated inside EKS: give the entry kubernetesGroups.
"""

import base64
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from durable import Application, Message, Receive, Send
from ministack.core.iam_evaluator import (
    CredentialResolutionError,
    find_iam_access_key_account,
    resolve_credential,
)
from ministack.core.responses import get_account_id, set_request_account_id
from ministack.core.sigv4 import (
    build_canonical_request,
    build_string_to_sign,
    calculate_signature,
    signatures_match,
)
from ministack.services import eks

PATH = "/_slipway/token-review"
_PREFIX = "k8s-aws-v1."
_SECONDS = 15 * 60
_SKEW_SECONDS = 300
_EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_ADMIN = "AmazonEKSClusterAdminPolicy"


class RefusedError(Exception):
    """The token lets nobody in; the message says why, and goes into the API server's log."""


class TokenReviews:
    """An ASGI application around another: it answers the API server, everything else goes through."""

    def __init__(self, application: Application):
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._application(scope, receive, send)
            return
        body, more = bytearray(), True
        while more:
            message = await receive()
            body.extend(message.get("body", b""))
            more = message.get("more_body", False)
        answer = json.dumps(review(json.loads(body))).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def review(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A TokenReview with its status."""
    try:
        status: dict[str, Any] = {"authenticated": True, "user": user(asked["spec"]["token"])}
    except RefusedError as error:
        status = {"authenticated": False, "error": str(error)}
    return {"apiVersion": asked["apiVersion"], "kind": "TokenReview", "status": status}


def user(token: str) -> dict[str, Any]:
    """Who the API server has before it."""
    url, signed = _decoded(token)
    key, _, region, *_ = signed["X-Amz-Credential"].split("/")
    set_request_account_id(key)
    account = find_iam_access_key_account(key) or get_account_id()
    credential = resolve_credential(key, account, signed.get("X-Amz-Security-Token"))
    if isinstance(credential, CredentialResolutionError):
        raise RefusedError(f"the access key {key} is not known")
    for (owner, where, name), _ in list(eks._clusters.all_items()):
        expected = _signature(url, signed, name, credential.secret_access_key)
        if where == region and signatures_match(expected, signed["X-Amz-Signature"]):
            return _of_entry(name, owner, where, credential.principal_arn)
    raise RefusedError(f"the token is signed for none of the clusters in {region}, or with another secret")


def _decoded(token: str) -> tuple[SplitResult, dict[str, str]]:
    """The call that the token is, if it is the right one, signed as a whole and of now."""
    if not token.startswith(_PREFIX):
        raise RefusedError("not a token of `aws eks get-token`")
    encoded = token.removeprefix(_PREFIX)
    try:
        url = urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
        given = parse_qs(url.query, keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise RefusedError("the token is not a signed URL") from error
    signed = {name: values[0] for name, values in given.items() if len(values) == 1}
    scope = signed.get("X-Amz-Credential", "").split("/")
    right = {
        "the call": (signed.get("Action"), signed.get("Version")) == ("GetCallerIdentity", "2011-06-15"),
        "the path": url.path in ("", "/"),
        "the parameters": signed.keys() == given.keys(),
        "the algorithm": signed.get("X-Amz-Algorithm") == "AWS4-HMAC-SHA256",
        "the scope": len(scope) == 5 and scope[3:] == ["sts", "aws4_request"],  # noqa: PLR2004
        "the signed headers": {"host", "x-k8s-aws-id"}
        <= set(signed.get("X-Amz-SignedHeaders", "").split(";")),
        "the signature": {"X-Amz-Date", "X-Amz-Signature"} <= signed.keys(),
    }
    if wrong := [what for what, holds in right.items() if not holds]:
        raise RefusedError(f"{', '.join(wrong)} of the token is not as EKS wants it")
    # Tools that were told where the emulator is sign for that address.
    if url.netloc not in (f"sts.{scope[2]}.amazonaws.com", *_own_addresses()):
        raise RefusedError(f"the token is signed for {url.netloc}, which is not STS")
    _check_time(signed["X-Amz-Date"], scope[1], signed.get("X-Amz-Expires", ""))
    return url, signed


def _own_addresses() -> list[str]:
    return [f"{host}:{os.environ['GATEWAY_PORT']}" for host in ("127.0.0.1", "localhost")]


def _check_time(at: str, day: str, expires: str) -> None:
    """The URL itself expires after a minute; EKS takes it for fifteen, and clients keep it for fourteen."""
    try:
        signed_at = datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        lasts = int(expires)
    except ValueError as error:
        raise RefusedError("the token's time cannot be read") from error
    age = (datetime.now(UTC) - signed_at).total_seconds()
    if not at.startswith(day) or not 0 <= lasts <= _SECONDS or not -_SKEW_SECONDS <= age <= _SECONDS:
        raise RefusedError(f"the token is of {at} and no longer, or not yet, good")


def _signature(url: SplitResult, signed: Mapping[str, str], cluster: str, secret: str) -> str:
    """The cluster's name is not in the URL: it is the value of a header under the signature."""
    _, day, region, service, _ = signed["X-Amz-Credential"].split("/")
    canonical = build_canonical_request(
        "GET",
        url.path or "/",
        {"host": url.netloc, "x-k8s-aws-id": cluster},
        signed,
        signed["X-Amz-SignedHeaders"],
        payload_hash=_EMPTY_SHA256,
    )
    text = build_string_to_sign(signed["X-Amz-Date"], day, region, service, canonical)
    return calculate_signature(secret, day, region, service, text)


def _of_entry(cluster: str, account: str, region: str, principal: str) -> dict[str, Any]:
    entry = eks._access_entry_for_principal(cluster, account, region, principal)
    if entry is None:
        raise RefusedError(f"{principal} has no access entry in the cluster {cluster}")
    policies = {
        policy.rpartition("/")[2]
        for holder, policy, association in eks._access_policy_associations(cluster, account, region)
        if holder == entry["principalArn"] and association["accessScope"]["type"] == "cluster"
    }
    groups = [*entry.get("kubernetesGroups", ()), *(["system:masters"] if _ADMIN in policies else [])]
    return {
        "username": entry.get("username") or principal,
        "uid": f"aws-iam-authenticator:{account}:{principal}",
        "groups": groups,
    }
