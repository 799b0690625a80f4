"""What the emulator forgets of ElastiCache: remembered here, so that a second preview shows no change.

Replication group: KmsKeyId
Cache cluster:     AutoMinorVersionUpgrade, which it was given and does not tell
Parameter group:   DescribeCacheParameters tells those that were changed alone when it is asked for `user`

They stay in ministack's own records, and so in its saved state.
"""

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import elasticache

Parameters = Mapping[str, Any]
Record = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Puts them around ministack's own calls."""
    create = elasticache._create_replication_group
    group_xml, cluster_xml = elasticache._rg_xml, elasticache._cluster_xml_inner
    describe_parameters = elasticache._describe_cache_parameters

    def creating(parameters: Parameters) -> Answer:
        name = elasticache._p(parameters, "ReplicationGroupId")
        there_before = name in elasticache._replication_groups
        answer = create(parameters)
        if not there_before and name in elasticache._replication_groups:
            elasticache._replication_groups[name]["KmsKeyId"] = elasticache._p(parameters, "KmsKeyId")
        return answer

    def group_with_given(group: Record) -> str:
        key = escape(group.get("KmsKeyId") or "")
        return group_xml(group) + (f"<KmsKeyId>{key}</KmsKeyId>" if key else "")

    def cluster_with_given(cluster: Record) -> str:
        upgrade = str(cluster.get("AutoMinorVersionUpgrade", True)).lower()
        return f"{cluster_xml(cluster)}<AutoMinorVersionUpgrade>{upgrade}</AutoMinorVersionUpgrade>"

    def describing_parameters(parameters: Parameters) -> Answer:
        status, headers, body = describe_parameters(parameters)
        wanted = elasticache._p(parameters, "Source")
        if wanted:
            told = body.decode() if isinstance(body, bytes) else body
            others = rf"<Parameter>(?:(?!</Parameter>).)*<Source>(?!{re.escape(wanted)}<).*?</Parameter>"
            body = re.sub(others, "", told, flags=re.DOTALL).encode()
        return status, headers, body

    elasticache._create_replication_group = creating
    elasticache._rg_xml = group_with_given
    elasticache._cluster_xml_inner = cluster_with_given
    elasticache._describe_cache_parameters = describing_parameters
