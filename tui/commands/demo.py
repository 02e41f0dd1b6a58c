"""`mcp-doctor demo`: the app in a sandbox of its own, with broken examples to practise on."""

import sys

from tui.arguments import Call
from tui.commands import app, check
from tui.usage import UsageError

_ABOVE = """\
What follows was found in the sandbox, not on this computer. Don't type its
commands: they would act on your own keychain and files.
"""
_BELOW = """\
All of this was the sandbox. To mend it, open `mcp-doctor demo` in a terminal;
`mcp-doctor check` looks at this computer.
"""


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
            sys.stdout.write(f"{session.banner}\n{_ABOVE}\n")
            code = check.examine(session, call)
            sys.stdout.write(f"\n{_BELOW}")
            return code
    except UnknownScenarioError as error:
        raise UsageError(str(error)) from error
