"""F9: a picture of what is on the screen, kept in the doctor's own folder. Taking it is quick; the rest is a thread's."""

from typing import TYPE_CHECKING

from diagnostics.text import clean
from tui.work import in_background

if TYPE_CHECKING:
    from pathlib import Path

    from tui.app import DoctorApp


def keep_picture(app: "DoctorApp") -> None:
    """Takes the picture now, keeps it in a thread, and tells where it is or why there is none."""
    from datetime import UTC, datetime

    strips = app.screen._compositor.render_strips()  # noqa: SLF001 - the only way to the screen as text
    lines = ["".join(segment.text for segment in strip) for strip in strips]
    svg = app.export_screenshot(title="mcp-doctor")
    context = app.board.context
    secrets = context.scrubber.learned if context is not None else ()
    host, goes = app.session.host, bool(app.session.banner)

    def job() -> "Path":
        from recovery.picture import save

        return save(host, svg, lines, secrets, datetime.now(UTC))

    def then(path: "Path") -> None:
        more = " It goes when the demo ends." if goes else ""
        app.notify(f"{clean(str(path))}{more}", title="A picture was kept", timeout=10, markup=False)

    def otherwise(error: Exception) -> None:
        from recovery.model import RecoveryError

        said = (
            str(error)
            if isinstance(error, RecoveryError)
            else f"no picture was kept ({type(error).__name__})"
        )
        app.notify(clean(said), severity="error", markup=False)

    in_background(app, job, then, otherwise, "picture")
