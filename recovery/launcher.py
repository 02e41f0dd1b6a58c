"""`mcp-doctor run`: gives a server its credentials and becomes it. Everything here stands in a server's start.

Standard output belongs to the server from the first byte, so nothing is ever printed there; standard error gets one
line, and only when the start fails or an emergency incident is open. Imports stand where they are needed: a start
pays for what it uses.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from diagnostics.host import Host
from diagnostics.model import Reference, Server
from diagnostics.secret import Secret
from diagnostics.servers.resolve import Launch, UnresolvedError, resolve
from diagnostics.stores.one_entry import Entries
from recovery.launching.becoming import become
from recovery.launching.call import parse
from recovery.launching.entry import of_command, of_name
from recovery.launching.failure import UNRESOLVED, LaunchError, end, in_words
from recovery.launching.value import value_of


def run(argv: Sequence[str], host: Host) -> int:
    """Becomes the server; returns only when that fails (on Windows: when the server has ended).

    In: the words after `mcp-doctor run`: `SERVER` or `-- COMMAND ARG …`, before them `--config PATH` and
    `--client NAME`. Out: 2 for a wrong call, 78 when a reference has no value, 127 and 126 for a command that is
    not there or can't be executed, else the server's own code.
    """
    server: Server | None = None
    try:
        call = parse(argv)
        server = of_command(call.command, host) if call.command else of_name(call, host)
        return become(launch_of(server, host, call.agreed), host)
    except UnresolvedError as error:
        asked = None if server is None else server.name
        failure = LaunchError(
            UNRESOLVED, error.cause, in_words(error, asked or None), reference=error.reference
        )
        return end(failure, server, host)
    except LaunchError as error:
        return end(error, server, host)


def launch_of(server: Server, host: Host, agreed: Mapping[str, str]) -> Launch:
    """What starting this entry means, with all its values. From here on this process leaves no core.

    Raises:
        UnresolvedError: a reference has no value.
        LaunchError: what belongs to the entry can't be read.
    """
    from recovery.core_dump import forbid

    in_emergency = _emergency(server, host)
    forbid(host, becomes_another=True)
    with Entries(host, hand_out=_hand_out) as entries:

        def read(reference: Reference) -> Secret | None:
            held = in_emergency(reference) if in_emergency is not None else None
            return value_of(reference, entries, host, agreed) if held is None else held

        return resolve(server, read, _inherited(server, host), platform=host.platform)


def _hand_out(bus: Any, collection: str) -> bool:
    """Whether a locked collection is unlocked now: a wallet that is open needs neither a password nor a window.

    After every login to a desktop of KDE the wallet is open, and its Secret Service calls it locked until someone asks.
    """
    from diagnostics.stores.bus import BusError
    from recovery.model import RecoveryError
    from recovery.stores.kwallet import hand_out

    try:
        return hand_out(bus, collection)
    except (BusError, RecoveryError):
        return False


def _emergency(server: Server, host: Host) -> Callable[[Reference], Secret | None] | None:
    """Gives a reference's value while an incident is open for its server; None = no incident is open at all."""
    try:
        if not os.listdir(host.state_dir / "emergency"):  # noqa: PTH208 - a start waits for this
            return None
    except OSError:
        return None
    from recovery.emergency.serving import Serving

    return Serving(server, host).value


def _inherited(server: Server, host: Host) -> Mapping[str, str]:
    if server.env_file is None:
        return host.env
    from diagnostics.servers.variables import joined

    return joined(host.env, _env_file(server, host), host.platform)


def _env_file(server: Server, host: Host) -> Mapping[str, str]:
    """The entry's `.env` file, as its client would read it."""
    from diagnostics.servers.env_file import EnvFileError, variables_of

    try:
        return variables_of(server, host)
    except EnvFileError as error:
        said = f"its env file {error.path} can't be read ({error})"
        raise LaunchError(UNRESOLVED, "path_not_found", said, server=server.id) from error
