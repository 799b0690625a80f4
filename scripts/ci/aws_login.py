"""Takes an AWS role for this job by its OIDC token: no key is stored anywhere. Standard library alone.

`aws_login.py ROLE_ARN [REGION]` appends the credentials, good for an hour, to $GITHUB_ENV and has the log mask them.
The role is one of the Delivery component's. https://docs.github.com/en/actions/reference/security/oidc
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

AUDIENCE = "sts.amazonaws.com"
SECONDS = 20


class LoginError(Exception):
    """What is missing or refused, and what to do."""


def token(environment: Mapping[str, str]) -> str:
    """The job's own token, which says of which repository, branch and environment it is."""
    try:
        url, bearer = (environment[f"ACTIONS_ID_TOKEN_REQUEST_{part}"] for part in ("URL", "TOKEN"))
    except KeyError:
        raise LoginError(
            "this job may not ask for a token: give it `permissions: id-token: write`. Jobs of forks never get one"
        ) from None
    address = f"{url}&{urllib.parse.urlencode({'audience': AUDIENCE})}"
    answer = _ask(urllib.request.Request(address, headers={"Authorization": f"bearer {bearer}"}))  # noqa: S310
    return answer["value"]


def credentials(role: str, region: str, shown: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What STS gives for the token. The request is not signed: the token is what it is judged by."""
    asked = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": role,
        "RoleSessionName": f"run-{environment.get('GITHUB_RUN_ID', 'by-hand')}",
        "WebIdentityToken": shown,
    }
    endpoint = environment.get("AWS_ENDPOINT_URL", f"https://sts.{region}.amazonaws.com")
    request = urllib.request.Request(  # noqa: S310
        endpoint, urllib.parse.urlencode(asked).encode(), {"Accept": "application/json"}
    )
    answer = _ask(request)
    found = answer["AssumeRoleWithWebIdentityResponse"]["AssumeRoleWithWebIdentityResult"]["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
        "AWS_SESSION_TOKEN": found["SessionToken"],
    }


def _ask(request: urllib.request.Request) -> Any:
    where = urllib.parse.urlsplit(request.full_url).netloc
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - GitHub's and AWS's addresses
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise LoginError(
            f"{where} refuses ({error.code}): {error.read().decode(errors='replace')[:500]}"
        ) from None
    except (OSError, ValueError) as error:
        raise LoginError(f"{where} does not answer as it should: {error}") from None


def main(role: str, region: str = "eu-central-1") -> None:
    found = credentials(role, region, token(os.environ), os.environ) | {"AWS_REGION": region}
    for name, value in found.items():
        if name != "AWS_REGION":
            print(f"::add-mask::{value}")
    with Path(os.environ["GITHUB_ENV"]).open("a") as file:
        file.writelines(f"{name}={value}\n" for name, value in found.items())
    print(f"aws: this job is {role} for an hour")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except LoginError as error:
        sys.exit(f"aws: {error}")
