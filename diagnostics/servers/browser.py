"""A server that is only being asked must not open a browser in front of the person."""

from dataclasses import replace

from diagnostics.model import Server
from diagnostics.servers.resolve import Launch

_VARIABLE = "BROWSER"
_NOTHING = "true"
"""A command that does nothing, and says that it worked: after a failure most programs try the next browser."""


def without_browser(launch: Launch, server: Server) -> Launch:
    """The launch with a browser that does nothing. One that the entry itself names stays: it may mean another thing.

    Python's `webbrowser`, and xdg-open outside the big desktops, go by this variable. The display stays as it is:
    servers that need one would fail without it, and that would not be the truth about them.
    """
    own = {*server.env, *server.env_names}
    return launch if _VARIABLE in own else replace(launch, env={**launch.env, _VARIABLE: _NOTHING})
