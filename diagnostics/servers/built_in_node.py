"""Whether a server can only be started with the Node that its client carries inside itself."""

from pathlib import Path

from diagnostics.host import Host
from diagnostics.model import Server
from diagnostics.servers.child_environment import inherited_by
from diagnostics.servers.program import ProgramState, look_up


def needs_built_in_node(server: Server, host: Host) -> bool:
    """Whether a desktop extension asks for `node`, and this host has none. The app has one; nobody else can use it."""
    extension = server.extension
    if extension is None or extension.manifest.kind != "node" or server.command not in {"node", "node.exe"}:
        return False
    found = look_up("node", dict(inherited_by(server, host)), Path(host.cwd), host)
    return found.state is not ProgramState.READY
