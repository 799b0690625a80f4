"""What holds data, and what goes with it when it is deleted or replaced."""

from __future__ import annotations

import re

HOLDERS = frozenset(
    {
        "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault",
        "aws:backup/vault:Vault",
        "aws:docdb/cluster:Cluster",
        "aws:docdb/elasticCluster:ElasticCluster",
        "aws:dynamodb/table:Table",
        "aws:ebs/volume:Volume",
        "aws:efs/fileSystem:FileSystem",
        "aws:eks/cluster:Cluster",
        "aws:fsx/lustreFileSystem:LustreFileSystem",
        "aws:fsx/ontapFileSystem:OntapFileSystem",
        "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
        "aws:fsx/windowsFileSystem:WindowsFileSystem",
        "aws:memorydb/cluster:Cluster",
        "aws:neptune/cluster:Cluster",
        "aws:opensearch/domain:Domain",
        "aws:rds/cluster:Cluster",
        "aws:rds/instance:Instance",
        "aws:redshift/cluster:Cluster",
        "aws:s3/bucket:Bucket",
        "aws:timestreamwrite/table:Table",
    }
)
"""Databases, file systems, clusters, vaults, buckets: the policies refuse to let them go. A cache is none: it is filled again."""

_LOST = {
    "aws:backup/vault:Vault": "the backups in it",
    "aws:cloudwatch/logGroup:LogGroup": "the logs in it",
    "aws:dynamodb/table:Table": "the table's rows",
    "aws:ebs/volume:Volume": "the files on it",
    "aws:ecr/repository:Repository": "the images in it, those that a rollback needs too",
    "aws:efs/fileSystem:FileSystem": "the files on it",
    "aws:eks/cluster:Cluster": "everything that runs in it, with its volumes",
    "aws:elasticache/replicationGroup:ReplicationGroup": "what is cached; it has to be filled again",
    "aws:elasticache/serverlessCache:ServerlessCache": "what is cached; it has to be filled again",
    "aws:kms/key:Key": "everything that is encrypted under it, once its waiting time is over",
    "aws:opensearch/domain:Domain": "the indices in it",
    "aws:rds/cluster:Cluster": "the databases in it; what is left are its snapshots",
    "aws:rds/instance:Instance": "the databases in it; what is left are its snapshots",
    "aws:route53/zone:Zone": "its records; a new zone has other name servers",
    "aws:s3/bucket:Bucket": "the objects in it",
    "aws:secretsmanager/secret:Secret": "the secret's value, once its waiting time is over",
    "aws:sqs/queue:Queue": "the messages in it",
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": "every object of its kind",
    "kubernetes:apps/v1:StatefulSet": "the pods' place; their volumes stay unless its policy deletes them",
    "kubernetes:core/v1:Namespace": "everything in it",
    "kubernetes:core/v1:PersistentVolume": "the files on it, unless it is kept when released",
    "kubernetes:core/v1:PersistentVolumeClaim": "the files on its volume, unless that is kept when released",
}
_LOOKS_STATEFUL = re.compile(
    r":(?:\w*(?:Database|Bucket|BucketV2|Volume|Vault|Cluster|FileSystem|Disk)|(?:DB)?Instance|Table|Key|Domain)$"
)


def lost_with(type_: str) -> str | None:
    """What is lost when a resource of this type is deleted or replaced; None for what only has to be made again."""
    if type_ in _LOST:
        return _LOST[type_]
    return "what it holds: by its name it may hold data" if _LOOKS_STATEFUL.search(type_) else None
