"""The environment that a client's servers are born into, before the entry's own variables are added."""

from collections.abc import Mapping

from diagnostics.catalog.clients import client
from diagnostics.host import Host
from diagnostics.model import Server


def inherited_by(server: Server, host: Host) -> Mapping[str, str]:
    """The variables of this host's environment that the server's client lets through.

    Where that is not established for the client, all of them. Shell functions never pass.
    """
    rules = client(server.client).inheritance
    return {
        name: value
        for name, value in host.env.items()
        if rules.lets_through(name, host.platform.value) is not False and not value.startswith("() {")
    }
