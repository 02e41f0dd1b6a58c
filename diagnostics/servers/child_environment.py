"""The environment that a client's servers are born into, before the entry's own variables are added."""

from collections.abc import Mapping

from diagnostics.catalog.clients import client
from diagnostics.host import Host
from diagnostics.model import Server
from diagnostics.servers.env_file import EnvFileError, variables_of
from diagnostics.servers.variables import joined


def inherited_by(server: Server, host: Host) -> Mapping[str, str]:
    """The variables of this host's environment that the server's client lets through, and those of the entry's `.env`.

    Where that is not established for the client, all of them. Shell functions never pass. The file wins over the
    environment; one that can't be read gives nothing here.
    """
    rules = client(server.client).inheritance.under(host.env)
    passed = {
        name: value
        for name, value in host.env.items()
        if rules.lets_through(name, host.platform.value, value) is not False and not value.startswith("() {")
    }
    if server.env_file is None:
        return passed
    try:
        return joined(passed, variables_of(server, host), host.platform)
    except EnvFileError:
        return passed
