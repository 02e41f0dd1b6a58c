"""`mcp-doctor fleet FILE|DIR …`: the reports of many hosts, in the app or as a table. Nothing is asked of any host."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.fleet.model import NotAReportError
from diagnostics.fleet.opening import Named, files_of
from tui.arguments import Call
from tui.usage import UsageError

if TYPE_CHECKING:
    from diagnostics.fleet.fleet import Fleet


def run(call: Call) -> int:
    """Opens the app; with `--format`, or where there is no full screen, writes instead.

    Out: 1 something fails on a host, 3 of something nothing is known (a host that was not reached, a report that
    can't be read), else 0.

    Raises:
        UsageError: a path that can't be read, or a folder without reports.
    """
    from tui.opening import has_screen
    from tui.output import is_standard, refuse

    if not is_standard(call.extra.get("output")):
        refuse(call.extra["output"])
    if not all(each.strip() for each in call.extra["paths"]):
        raise UsageError(
            "an empty name is no file or folder of reports"
        )  # to Python it is the folder we stand in
    paths = [Path(each) for each in call.extra["paths"]]
    try:
        files, more = files_of(paths)
    except NotAReportError as error:
        raise UsageError(str(error)) from error
    if call.extra.get("format") is None and call.extra.get("output") is None and has_screen():
        from tui.fleet_app import open_fleet

        return open_fleet(paths, no_color=call.colour is False, slow=bool(call.extra.get("slow")))
    return _write(files, more, call)


def _write(files: list[Named], more: int, call: Call) -> int:
    from diagnostics.fleet.fleet import Fleet
    from diagnostics.fleet.many import read_many
    from diagnostics.fleet.reading import too_many
    from diagnostics.host import this_host
    from tui.output import put

    host = this_host()
    now = time.time()
    fleet = Fleet()
    fleet.take(too_many(more))
    for _, items in read_many(files, now, host.env):
        fleet.take(items)
    if not len(fleet) and len(files) == 1 and files[0].by_person:
        raise UsageError("; ".join(f"{each.where} {each.said}" for each in fleet.troubles[:3]))
    for_people = call.extra.get("format") in {None, "text"}
    put(_rendered(fleet, now, call), call.extra.get("output"), host, for_people=for_people)
    return fleet.exit_code(call.extra.get("fail_on", "fail"))


def _rendered(fleet: "Fleet", now: float, call: Call) -> str:
    from diagnostics.fleet import rendering

    match call.extra.get("format"):
        case "json":
            import json

            return json.dumps(rendering.data(fleet, now), indent=1, ensure_ascii=False) + "\n"
        case "markdown":
            return rendering.markdown(fleet, now)
        case _:
            import shutil

            width = shutil.get_terminal_size((80, 24)).columns
            few = "utf" not in (sys.stdout.encoding or "").lower()
            return rendering.text(fleet, now, width, ascii_only=few)
