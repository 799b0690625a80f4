"""The team's own component, made of Slipway's: its defaults are written once, here."""

import pulumi

from slipway import BackupVault, Network


class Foundation(pulumi.ComponentResource):
    """A network without a way out, for services that are reached by private links, and a year of backups."""

    def __init__(self, name: str, region: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("payments:index:Foundation", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.network = Network(
            name,
            {"zones": [f"{region}a", f"{region}b"], "tiers": ["private", "isolated"], "nat": "none"},
            child,
        )
        self.vault = BackupVault(name, {"retention_days": 365, "removal": "destroy"}, child)
        self.register_outputs({})
