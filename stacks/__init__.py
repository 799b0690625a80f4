"""What the environments are made of."""

from stacks import sdk_imports

sdk_imports.install()
