"""What ministack lacks or forgets, one file a subject. Each says in its docstring what it adds.

An addition remembers what it was given, or answers a call of which AWS publishes the shape. Nothing here decides anything:
it is no more evidence of how AWS behaves than the emulator is.
"""

from additions import caches, databases, flow_logs_and_endpoints


def install() -> None:
    """Puts every addition into ministack. A name that ministack no longer has is an error at start."""
    caches.install()
    databases.install()
    flow_logs_and_endpoints.install()
