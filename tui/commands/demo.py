"""`mcp-doctor demo`: the app in a sandbox of its own, with broken examples and drills to practise on."""

import sys
from typing import TYPE_CHECKING

from tui.arguments import Call
from tui.commands import check
from tui.opening import has_screen, open_app
from tui.usage import UsageError

if TYPE_CHECKING:
    from tui.demo.drill import Practice
    from tui.session import DoctorSession

_ABOVE = """\
What follows was found in the sandbox, not on this computer. Don't type its
commands: they would act on your own keychain and files.
"""
_BELOW = """\
All of this was the sandbox. To mend it, open `{command}` in a terminal;
`mcp-doctor check` looks at this computer.
"""


def run(call: Call) -> int:
    """Opens the app on the sandbox; without a terminal, checks the sandbox as text."""
    from tui.demo import DrillError, open_demo
    from tui.demo.scenario import UnknownScenarioError

    scenario = call.extra.get("scenario")
    if scenario == "list":
        sys.stdout.write(_listed())
        return 0
    try:
        with open_demo(scenario) as session:
            if has_screen():
                code = open_app(session, no_color=call.colour is False, slow=bool(call.extra.get("slow")))
                if code == 0 and session.practice is not None:
                    _print_debrief(session.practice, session)
                return code
            sys.stdout.write(f"{session.banner}\n{_ABOVE}\n")
            if session.practice is not None:
                sys.stdout.write(_goal_of(session.practice))
            code = check.examine(session, call)
            command = f"mcp-doctor demo --scenario {scenario}" if scenario else "mcp-doctor demo"
            sys.stdout.write(f"\n{_BELOW.format(command=command)}")
            return code
    except (UnknownScenarioError, DrillError) as error:
        raise UsageError(str(error)) from error


def _listed() -> str:
    """Name and title of every scene; drills are marked."""
    from tui.demo.scenario import load, names

    scenes = [load(name) for name in names()]
    width = max(len(each.name) for each in scenes)
    lines = [f"{each.name:<{width}}  {'drill' if each.drill else 'scene'}  {each.title}\n" for each in scenes]
    return "".join(lines)


def _goal_of(practice: "Practice") -> str:
    given = "".join(f"  {line}\n" for line in practice.task)
    goal = "".join(f"  {line}\n" for line in practice.drill.goal)
    return f"The drill's goal:\n{goal}You have:\n{given}\n"


def _print_debrief(practice: "Practice", session: "DoctorSession") -> None:
    """What stays when the screen is gone."""
    import dataclasses

    from recovery.model import RecoveryError
    from tui.demo.debrief import as_text, judge

    try:
        host = practice.host or session.host
        found = practice.debrief or judge(practice, dataclasses.replace(session, host=host))
    except RecoveryError as error:
        sys.stdout.write(f"There is no debrief: {error}\n")
        return
    sys.stdout.write(as_text(found))
