"""The program of every environment: `pulumi up -s <stack>`."""

import pulumi

from stacks.environment import Environment
from stacks.settings import load

for name, value in Environment(load()).outputs().items():
    pulumi.export(name, value)
