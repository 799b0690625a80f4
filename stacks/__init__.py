"""What the environments are made of."""

from stacks import fast_start

fast_start.install()
