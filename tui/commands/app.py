"""`mcp-doctor [SERVER …]`: the full-screen app; without a terminal the same checks as text."""

from tui.arguments import Call
from tui.commands import check
from tui.opening import has_screen, open_app


def run(call: Call) -> int:
    """Opens the app. Where stdout is no terminal, or TERM=dumb, it does `check` instead (the contract)."""
    if call.extra.get("or_demo") and _nothing_configured(call):
        from tui.commands import demo

        return demo.run(call)
    if not has_screen():
        return check.run(call)
    return open_app(check.session_of(call), no_color=call.colour is False, slow=bool(call.extra.get("slow")))


def _nothing_configured(call: Call) -> bool:
    context = check.looked(check.session_of(call))
    return not call.names and not any(file.servers or file.problems for file in context.files)
