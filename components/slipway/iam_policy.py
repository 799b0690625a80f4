"""IAM policy documents: what more than one component says in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pulumi

Statement = dict[str, Any]


class Home(NamedTuple):
    """Where a resource lives. An ARN of one's own tells it without a call to the cloud."""

    partition: str
    region: str
    account: str


def home_of(arn: str) -> Home:
    """`arn:PARTITION:service:REGION:ACCOUNT:…`"""
    _, partition, _, region, account, _ = arn.split(":", 5)
    return Home(partition, region, account)


def document(*statements: Statement) -> str:
    """A policy as AWS takes it."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def document_once_known(*statements: Statement) -> pulumi.Output[str]:
    """The same of statements that name what is not made yet."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def taken_by(service: str) -> str:
    """The trust policy of a role that one AWS service takes."""
    principal = {"Service": f"{service}.amazonaws.com"}
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def taken_by_pods(*pods: Mapping[str, Any]) -> dict[str, Any]:
    """The trust policy, not yet as text, of a role that EKS Pod Identity hands to these service accounts.

    EKS states with each session whose it is: any other association with the role gets nothing.
    """

    def statement(pod: Mapping[str, Any]) -> Statement:
        whose = {
            "aws:RequestTag/eks-cluster-name": pod["cluster_name"],
            "aws:RequestTag/kubernetes-namespace": pod["namespace"],
            "aws:RequestTag/kubernetes-service-account": pod["service_account"],
        }
        return {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {"StringEquals": whose},
        }

    return {"Version": "2012-10-17", "Statement": [statement(pod) for pod in pods]}


def tls_only(bucket_arn: str) -> Statement:
    """Refuses every request to a bucket that did not come by TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
