"""`mcp-doctor demo`: the app in a sandbox of its own, with broken examples to practise on."""

import sys

from tui.arguments import Call
from tui.commands import app, check
from tui.usage import UsageError


def run(call: Call) -> int:
    """Opens the app on the sandbox; without a terminal, checks the sandbox as text."""
    from tui.demo import open_demo
    from tui.demo.scenario import UnknownScenarioError, names

    scenario = call.extra.get("scenario")
    if scenario == "list":
        sys.stdout.write("\n".join(names()) + "\n")
        return 0
    try:
        with open_demo(scenario) as session:
            if app.has_screen():
                return app.open_app(session, no_color=call.colour is False)
            sys.stdout.write(session.banner + "\n\n")
            return check.examine(session, call)
    except UnknownScenarioError as error:
        raise UsageError(str(error)) from error
