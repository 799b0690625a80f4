"""The files of local/node: data with $names in them, filled in here."""

from string import Template

from slipway_local.paths import repository


def node_file(name: str) -> str:
    """A file of local/node as it is."""
    return (repository() / "local/node" / name).read_text()


def rendered(name: str, /, **values: object) -> str:
    """A file of local/node with its names filled in; a name that is missing or left over is an error."""
    template = Template(node_file(name))
    unused = values.keys() - set(template.get_identifiers())
    if unused:
        raise ValueError(f"local/node/{name} has no place for {', '.join(sorted(unused))}")
    return template.substitute({key: str(value) for key, value in values.items()})
