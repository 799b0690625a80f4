"""The names of Cdn: a certificate proved by DNS, and the records that point at the distribution."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from slipway.cdn_firewall import REGION


def certificate(
    parent: pulumi.Resource, name: str, domains: Sequence[str], zone_id: pulumi.Input[str]
) -> pulumi.Output[str]:
    """ARN of a certificate for the domains, known once AWS has found its proofs in the zone."""
    opts = pulumi.ResourceOptions(parent=parent)
    wanted = aws.acm.Certificate(
        f"{name}-certificate",
        region=REGION,
        domain_name=domains[0],
        subject_alternative_names=list(domains),
        validation_method="DNS",
        opts=opts,
    )

    def proof(domain: str) -> "aws.route53.Record":
        option = wanted.domain_validation_options.apply(
            lambda options: next(option for option in options if bare(option.domain_name or "") == domain)
        )
        return aws.route53.Record(
            f"{name}-proof-{domain}",
            zone_id=zone_id,
            name=_field(option, "resource_record_name"),
            type=_field(option, "resource_record_type"),
            records=[_field(option, "resource_record_value")],
            ttl=300,
            allow_overwrite=True,  # the proof of a name is the same for every certificate of the account
            opts=opts,
        )

    # A wildcard is proved by the record of the name below its star.
    proofs = [proof(domain) for domain in sorted({bare(domain) for domain in domains})]
    proved = aws.acm.CertificateValidation(
        f"{name}-certificate-proved",
        region=REGION,
        certificate_arn=wanted.arn,
        validation_record_fqdns=[record.fqdn for record in proofs],
        opts=opts,
    )
    return proved.certificate_arn


def bare(domain: str) -> str:
    """The domain without the star of a wildcard."""
    return domain.removeprefix("*.")


def _field(option: pulumi.Output[Any], name: str) -> pulumi.Output[str]:
    return option.apply(lambda option: getattr(option, name))


def records(
    parent: pulumi.Resource,
    name: str,
    domains: Sequence[str],
    zone_id: pulumi.Input[str],
    distribution: "aws.cloudfront.Distribution",
) -> None:
    """Each domain at the distribution, over IPv4 and IPv6."""
    for domain in domains:
        for type_ in ("A", "AAAA"):
            aws.route53.Record(
                f"{name}-{domain}-{type_.lower()}",
                zone_id=zone_id,
                name=domain,
                type=type_,
                aliases=[
                    {
                        "name": distribution.domain_name,
                        "zone_id": distribution.hosted_zone_id,
                        "evaluate_target_health": False,
                    }
                ],
                opts=pulumi.ResourceOptions(parent=parent),
            )
