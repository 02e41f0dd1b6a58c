"""Remedies that lead to a walk of emergency access instead of a guide: closing an incident, and beginning one."""

from typing import TYPE_CHECKING

from diagnostics.text import clean
from recovery.model import Remedy
from tui.doctor import Doctor
from tui.work import in_background

if TYPE_CHECKING:
    from diagnostics.model import Finding, Server
    from recovery.emergency.incident import Incident


def open_walk(doctor: Doctor, remedy: Remedy, finding: "Finding | None", row: str) -> bool:
    """Opens the walk that the remedy stands for. In: `row` = the chosen server's id. Out: whether it stands for one."""
    from recovery.emergency.incident import ACCESS, CLOSING

    if remedy.id == CLOSING:
        _close(doctor, finding.facts.get("incident", "") if finding is not None else "")
    elif remedy.id == ACCESS:
        _begin(doctor, row)
    return remedy.id in {CLOSING, ACCESS}


def _close(doctor: Doctor, wanted: str) -> None:
    host = doctor.session.host

    def job() -> "Incident | None":
        from recovery.emergency.incident import incidents
        from recovery.journal import Journal

        return next((each for each in incidents(host, Journal(host)) if each.id == wanted), None)

    def show(found: "Incident | None") -> None:
        from tui.screens.emergency_close import CloseIncidentScreen

        if found is not None and found.is_open:
            doctor.push_screen(CloseIncidentScreen(doctor, found))
        else:
            doctor.notify("That incident is closed already.", markup=False)
            doctor.look(["backend.emergency"])

    in_background(doctor, job, show, lambda error: _broke(doctor, error), "incident")


def _begin(doctor: Doctor, row: str) -> None:
    from tui.screens.emergency_start import DetailsScreen

    fitting = _fitting(doctor)
    chosen = next((each for each in fitting if each.id == row), fitting[0] if len(fitting) == 1 else None)
    if chosen is not None:
        doctor.push_screen(DetailsScreen(doctor, chosen))
        return
    from tui.screens.pick import PickScreen

    rows = {f"for {clean(each.name, 60)} ({clean(each.client, 40)})": each for each in fitting}
    remedies = [Remedy("", title, clean(str(each.path), 200), "") for title, each in rows.items()]

    def picked(remedy: Remedy | None) -> None:
        if remedy is not None:
            doctor.push_screen(DetailsScreen(doctor, rows[remedy.title]))

    doctor.push_screen(PickScreen(remedies), picked)


def _fitting(doctor: Doctor) -> "list[Server]":
    from recovery.emergency.target import choices

    context = doctor.board.context
    servers = context.servers if context is not None else ()
    return [each for each in servers if choices([each]) and not each.disabled]


def _broke(doctor: Doctor, error: Exception) -> None:
    from tui.mending import say_error

    say_error(doctor, error)
