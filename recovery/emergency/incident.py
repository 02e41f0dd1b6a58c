"""Incidents as the audit trail tells them: begun, served, closed."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from diagnostics.emergency import OpenIncident, open_incidents
from diagnostics.host import Host
from diagnostics.text import clean
from recovery.emergency.served import served
from recovery.journal import Event, Journal
from recovery.model import Ask, AskKind, RecoveryError, Remedy
from recovery.operation import Operation, operation_told_by
from recovery.steps.emergency import CloseIncident, ExtendTime, HoldToken, LetGoOfToken
from recovery.trail.record import Record

START, EXTEND, END_TOKEN, CLOSE = (
    "emergency-start",
    "emergency-extend",
    "emergency-end-token",
    "emergency-close",
)
"""Ids of the remedies that an incident is made of."""
CLOSING, ACCESS = "close-emergency", "emergency-access"
"""Ids of the remedies that lead to closing one and to beginning one; each is a walk of its own, in `fix` and in the app."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident: what the trail says, and whether it still shows on this computer."""

    id: str
    server: str
    servers: tuple[str, ...]
    names: tuple[str, ...]
    reason: str
    ticket: str
    who: str
    began: str
    """UTC, ISO 8601."""
    ends: str
    seconds: int
    token: str
    """The token's keyed fingerprint in this trail, "" = it was never held."""
    state: str
    """`open`, `half begun`, `closed`, or `taken back` (no server got the token)."""
    shown: OpenIncident | None
    """Its file in the state folder, None = there is none."""
    served: tuple[Record, ...]
    records: tuple[Record, ...]
    """All of the trail that is about it, in order."""
    closed: str = ""
    normal_path: str = ""
    """What the checks found on the usual path when it was closed; `ok` = it works."""
    token_revoked: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it has still to be closed."""
        return self.state in {"open", "half begun"}

    @property
    def seconds_left(self) -> float:
        """Until its token is gone; 0 = it is, by its time or with the process that held it."""
        from recovery.emergency import keeping

        left = self.shown.seconds_left() if self.shown is not None else 0.0
        return left if self.shown is not None and left > 0 and keeping.is_held(self.shown) else 0.0

    @property
    def held_by_process(self) -> bool:
        """Whether the process that began it holds the token, so that it goes with that process."""
        return self.shown is not None and self.shown.held_by == "process"

    def data(self) -> dict[str, Any]:
        """As plain data, safe to show."""
        from recovery.trail.ledger import cleaned

        told: dict[str, Any] = {
            "incident": self.id,
            "state": self.state,
            "server": self.server,
            "servers": list(self.servers),
            "credentials": list(self.names),
            "reason": self.reason,
            "ticket": self.ticket or None,
            "who": self.who,
            "began": self.began,
            "token_ends": self.ends or None,
            "seconds_left": round(self.seconds_left),
            "served": len(self.served),
            "token_fingerprint": self.token or None,
            "closed": self.closed or None,
            "normal_path": self.normal_path or None,
            "token_revoked": self.token_revoked if self.closed else None,
        }
        clean_: dict[str, Any] = cleaned(told)
        return clean_


def start_remedy(step: HoldToken, provider: str | None) -> Remedy:
    """What begins an incident. It asks for the token, and nothing else."""
    return Remedy(
        START,
        f"Emergency access for {clean(step.server, 100)}",
        "For when the keychain can't be mended in time. "
        + _where(step)
        + "Every start of the server that gets it is recorded, and until the incident is closed every start says "
        "that it is open.",
        "",
        (step,),
        (Ask("token", AskKind.TOKEN, f"Emergency token for {clean(step.server, 100)}", provider=provider),),
        recheck=("backend.emergency",),
    )


def _where(step: HoldToken) -> str:
    if not step.held_by:
        return "The token lies in the kernel's memory and never on a disk. "
    return (
        "The kernel's keyring can't be used here or is not wanted, so the token lies in the memory of this process "
        "alone and never on a disk: when this process ends, it is gone. It can reach the swap space, which only the "
        "kernel's keyring keeps it out of for certain. "
    )


def extend_remedy(step: ExtendTime) -> Remedy:
    """What gives the token of an open incident more time."""
    return Remedy(
        EXTEND,
        step.title,
        "The token stays the same, and the incident too. The new limit and its reason go into the audit trail.",
        "",
        (step,),
        recheck=("backend.emergency",),
    )


def end_token_remedy(incident: str) -> Remedy:
    """What takes the token away, before anything else of closing."""
    step = LetGoOfToken(incident)
    return Remedy(END_TOKEN, step.title, "The emergency token is taken away first.", "", (step,))


def close_remedy(incident: Incident, normal_path: str, *, token_revoked: bool) -> Remedy:
    """What closes an incident."""
    step = CloseIncident(incident.id, incident.server, normal_path, token_revoked)
    return Remedy(CLOSE, step.title, "The incident is closed.", "", (step,), recheck=("backend.emergency",))


def new_id() -> str:
    """A name for an incident; it shows in /proc/keys and says nothing."""
    return secrets.token_hex(4)


def incidents(host: Host, journal: Journal) -> list[Incident]:
    """All incidents of this trail, the oldest first; also one that shows and that the trail does not tell of.

    Raises:
        JournalError: the trail can't be read.
    """
    records = journal.records()
    shown = {each.id: each for each in open_incidents(host)}
    operations = [
        (told, steps) for told, steps in _operations(records) if told.remedy.startswith("emergency")
    ]
    found: dict[str, Incident] = {}
    for told, _ in operations:
        if told.remedy != START or not told.steps:
            continue
        data = told.steps[0].data
        name = clean(str(data.get("incident", "")), 40)
        about = [
            record
            for other, others in operations
            if any(each.data.get("incident") == name for each in other.steps)
            for record in others
        ]
        handed_out = served(records, name)
        closing = next(
            (
                other
                for other, _ in operations
                if other.remedy == CLOSE
                and other.state is Event.DONE
                and other.steps[0].data.get("incident") == name
            ),
            None,
        )
        last = closing.steps[0].data if closing is not None else {}
        ends = [
            each.steps[0].kept["ends"]
            for each, _ in operations
            if each.remedy in {START, EXTEND}
            and each.steps[0].data.get("incident") == name
            and each.state is not Event.UNDONE
            and each.steps[0].kept.get("ends")
        ]
        found[name] = Incident(
            id=name,
            server=_text(data.get("server")),
            servers=tuple(map(str, data.get("servers", ()))),
            names=tuple(map(str, data.get("names", ()))),
            reason=_text(data.get("reason")),
            ticket=_text(data.get("ticket")),
            who=_text(data.get("who")),
            began=told.at,
            ends=shown[name].ends if name in shown else _text(ends[-1]) if ends else "",
            seconds=int(data.get("seconds", 0)),
            token=_text(told.steps[0].kept.get("token")),
            state=_state(told, closed=closing is not None, shown=name in shown, was_served=bool(handed_out)),
            shown=shown.get(name),
            served=tuple(handed_out),
            records=tuple(sorted((*about, *handed_out), key=_place)),
            closed=closing.changed if closing is not None else "",
            normal_path=_text(last.get("normal_path")),
            token_revoked=last.get("token_revoked") is True,
        )
    for name, each in shown.items():
        if name not in found:
            found[name] = _untold(each)
    return sorted(found.values(), key=lambda each: each.began)


def find(found: Sequence[Incident], wanted: str | None) -> Incident:
    """The open incident that is meant: by its id or server; None = the only one.

    Raises:
        RecoveryError: there is none, or it is not clear which.
    """
    still = [each for each in found if each.is_open]
    if wanted is None:
        fits = still
    else:
        fits = [each for each in still if wanted in {each.id, each.server, *each.servers}]
    if len(fits) == 1:
        return fits[0]
    if not fits:
        closed = next((each for each in found if each.id == wanted), None)
        if closed is not None:
            raise RecoveryError(f"incident {closed.id} is {closed.state} already")
        about = f" for {clean(wanted, 100)!r}" if wanted else ""
        raise RecoveryError(f"no incident is open{about}")
    named = ", ".join(f"{each.id} ({each.server})" for each in fits)
    raise RecoveryError(f"several incidents are open: say which one ({named})")


def _state(told: Operation, *, closed: bool, shown: bool, was_served: bool) -> str:
    if closed:
        return "closed"
    if told.is_open:
        return "half begun"
    if told.state is Event.DONE or shown or was_served:
        return "open"
    return "taken back"


def _operations(records: Sequence[Record]) -> list[tuple[Operation, list[Record]]]:
    by_id: dict[str, list[Record]] = {}
    for record in records:
        if record.get("event") != Event.NOTE:
            by_id.setdefault(str(record.get("op")), []).append(record)
    return [(told, of) for of in by_id.values() if (told := operation_told_by(of)) is not None]


def _untold(shown: OpenIncident) -> Incident:
    return Incident(
        id=shown.id,
        server=shown.server,
        servers=shown.servers,
        names=shown.names,
        reason=shown.reason,
        ticket=shown.ticket,
        who=shown.who,
        began=shown.began,
        ends=shown.ends,
        seconds=0,
        token="",
        state="open",
        shown=shown,
        served=(),
        records=(),
    )


def _text(value: object) -> str:
    return clean(value, 500) if isinstance(value, str) else ""


def _place(record: Record) -> tuple[int, float, str]:
    number = record.get("n")
    try:
        at = datetime.fromisoformat(str(record.get("at"))).timestamp()
    except ValueError:
        at = 0.0
    return (number if isinstance(number, int) else 0, at, str(record.get("event")))
