"""The drill's client: starts a server as `mcp-doctor run` would, and says what became of it.

In this process and with the sandbox's host, so that what the launcher records goes to the sandbox's trail alone.
"""

from typing import TYPE_CHECKING

from diagnostics.model import Reference
from diagnostics.secret import Secret

if TYPE_CHECKING:
    from tui.session import DoctorSession

_SECONDS = 15.0


def start(name: str, session: "DoctorSession") -> str:
    """Starts the server of that name and ends it again. Out: one sentence. Takes up to its deadline."""
    from diagnostics.references import unwrap
    from diagnostics.servers.child_environment import inherited_by
    from diagnostics.servers.launch import Outcome, handshake
    from diagnostics.servers.remote_target import given
    from diagnostics.servers.resolve import UnresolvedError, resolve
    from recovery.emergency.serving import Serving

    context = session.look()
    server = next((each for each in context.servers if each.name == name), None)
    if server is None:
        return f"{name} is not configured any more."
    serving = Serving(server, session.host)
    served: list[Reference] = []

    def read(reference: Reference) -> Secret | None:
        held = serving.value(reference)
        if held is not None:
            served.append(reference)
            return held
        return given(context, server, reference)

    try:
        env = inherited_by(server, session.host)
        launch = resolve(unwrap(server), read, env, platform=session.host.platform)
    except UnresolvedError:
        return f"{name} did not start: there is no token for it."
    result = handshake(launch, session.host, _SECONDS)
    if result.outcome is not Outcome.ANSWERED:
        return f"{name} did not start."
    whose = "the emergency token" if served else "the token of the usual path"
    return f"{name} runs, with {whose}."
