"""Opening the full-screen app, where there is a screen for it."""

import sys

from diagnostics.host import this_host
from diagnostics.model import Platform
from tui.session import DoctorSession


def has_screen() -> bool:
    """Whether a full-screen app can be shown and driven."""
    host = this_host()
    shows_little = {"dumb"} if host.platform is Platform.WINDOWS else {"", "dumb"}  # Windows sets no TERM
    return sys.stdout.isatty() and sys.stdin.isatty() and host.env.get("TERM", "") not in shows_little


def open_app(session: DoctorSession, *, no_color: bool = False, slow: bool = False) -> int:
    """Runs the app on a session, and the demo after it when the person asked for that on an empty computer.

    In: `slow` = the person said that the line is. Out: 0, or 2 when nothing has the name that was given, 130 when it was interrupted, 4 when it broke.
    """
    import gc

    gc.disable()  # until the first picture is painted: loading the screen library makes no garbage
    from tui.app import DoctorApp
    from tui.line import line_of

    app = DoctorApp(session, no_color=no_color, line=line_of(this_host(), said_slow=slow))
    app.run()
    gc.enable()
    if app.return_value == "demo":
        from tui.demo import open_demo

        with open_demo(None) as sandbox:
            return open_app(sandbox, no_color=no_color, slow=slow)
    return app.return_code or 0
