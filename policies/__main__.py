"""The pack as Pulumi runs it: `pulumi preview --policy-pack policies`."""

import sys
from pathlib import Path

# Pulumi runs this file by its path, from its own folder; the rules are imported as what they are, a package.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from pulumi_policy import PolicyPack

from policies.crossguard import level, policies
from policies.pack import RULES, STACK_RULES
from policies.settings import load

settings = load([rule.name for rule in (*RULES, *STACK_RULES)])
PolicyPack("slipway", policies(RULES, STACK_RULES, settings), enforcement_level=level(settings))
