"""The structured parts of a Pulumi.<stack>.yaml, each of which hands its values to a component as they are.

What a section leaves out is the component's own default, and what a whole section leaves out is not made. Patterns,
defaults and rules between values are the components' own, so that no component refuses what was let through here.
"""

from stacks.sections.app import App
from stacks.sections.audit import Audit
from stacks.sections.backup import Backup
from stacks.sections.cache import Cache
from stacks.sections.cdn import Cdn
from stacks.sections.cluster import Cluster
from stacks.sections.database import Database
from stacks.sections.delivery import Delivery
from stacks.sections.gates import Gates
from stacks.sections.gateway import Gateway
from stacks.sections.image import Image
from stacks.sections.migration import Migration
from stacks.sections.monitoring import Monitoring
from stacks.sections.network import Network
from stacks.sections.rules import Label, Section, Tags, Variables, rule
from stacks.sections.secret_store import SecretStore

__all__ = [
    "App",
    "Audit",
    "Backup",
    "Cache",
    "Cdn",
    "Cluster",
    "Database",
    "Delivery",
    "Gates",
    "Gateway",
    "Image",
    "Label",
    "Migration",
    "Monitoring",
    "Network",
    "SecretStore",
    "Section",
    "Tags",
    "Variables",
    "rule",
]
