"""How the monitor stands: what starts it, its last round, the next one, and what fails. Looks only."""

import shlex
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from diagnostics.history import Credential, History, Round, history_path, read_history
from diagnostics.history.times import zone_of
from diagnostics.host import Host
from diagnostics.model import Platform, Status
from diagnostics.monitor.timers import NAMES, Installed, has_systemd, lingers, looked
from diagnostics.monitor.words import local, name_of, span
from diagnostics.text import clean

SCHEMA = "mcp-doctor.monitor/1"
_LATE = timedelta(days=2)
"""Without a round for so long the monitor counts as stopped, whatever its interval. So does one whose last round lies so
far ahead: the clock was set back since, and nobody can tell how long ago it was."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the monitor on this host."""

    host: Host
    engines: tuple[Installed, ...]
    history: History
    now: datetime
    unclear: tuple[str, ...] = ()
    """Which engines could not be asked, and why; a line each."""

    @property
    def last(self) -> Round | None:
        """The newest round."""
        return self.history.rounds[-1] if self.history.rounds else None

    @property
    def is_late(self) -> bool:
        """Whether a monitor is installed and no round was done for long."""
        return bool(self.engines) and self.last is not None and abs(self.now - self.last.at) > _LATE

    @property
    def is_well(self) -> bool:
        """Whether it is installed, switched on and done in time."""
        return bool(self.engines) and not any(each.trouble for each in self.engines) and not self.is_late


def standing(host: Host) -> Standing:
    """Looks: at files, and by asking the timers' own programs."""
    engines, unclear = looked(host)
    return Standing(host, tuple(engines), read_history(host), datetime.now(UTC), tuple(unclear))


def lines_of(found: Standing) -> list[str]:
    """For people."""
    lines: list[str] = []
    if not found.engines and found.unclear:
        lines.append("It is not known whether the monitor is installed:")
    elif not found.engines:
        lines += [
            "The monitor is not installed. To have credentials looked after:",
            "$ mcp-doctor monitor install",
        ]
    for each in found.engines:
        lines.append(
            f"Started by {NAMES[each.engine]} ({each.where})" + (f": {each.trouble}" if each.trouble else "")
        )
        if each.next is not None:
            lines.append(f"  Next round: about {local(each.next)}")
    lines += [f"  {each}" for each in found.unclear]
    if len(found.engines) > 1:
        lines.append("  Two timers begin the same rounds; to keep one: mcp-doctor monitor install")
    if found.engines and has_systemd(found.host):
        stays = (
            "stays when you log out (lingering is on)"
            if lingers(found.host)
            else "ends with your last logout"
        )
        lines.append(f"Your systemd, with the session bus and the keychain, {stays}.")
        if not lingers(found.host):
            lines += ["  To let it go on:", f"  $ loginctl enable-linger {shlex.quote(found.host.user)}"]
    last = found.last
    if last is None:
        lines.append(
            "Whether a round was done is not known."
            if found.history.trouble
            else "No round has been done yet."
        )
    else:
        ago = found.now - last.at
        when = f"{span(ago)} ago" if ago >= timedelta() else f"{span(ago)} from now: the clock was set back"
        lines.append(
            f"Last round: {local(last.at)} ({when}), took {last.took:g} s"
            + (f"; {last.clock}" if last.clock else "")
        )
        lines.append(f"  {_counted(last)}")
        for key, how in last.states.items():
            if how.status in {Status.FAIL, Status.UNKNOWN}:
                word = "fails" if how.status is Status.FAIL else "not known"
                since = _since(found.history, key)
                lines.append(f"  {name_of(_credential(found, key))}: {word}{since}: {how.title}")
        if found.is_late:
            lines.append(
                "  That is long ago: the timer does not run, or the rounds fail. Try one: mcp-doctor monitor run"
                if ago >= timedelta()
                else "  How long ago that was can't be told, so neither whether the monitor runs. Try: mcp-doctor monitor run"
            )
    if last is not None or any(each.next for each in found.engines):
        lines.append(zone_of(last.at if last else found.now, found.now))
    if found.history.trouble:
        is_damaged = "" if found.history.is_unreadable else "is damaged: "
        lines.append(
            f"The history ({clean(str(history_path(found.host)))}) {is_damaged}{found.history.trouble}"
        )
    return lines


def as_data(found: Standing) -> dict[str, Any]:
    """For programs."""
    last = found.last
    return {
        "schema": SCHEMA,
        "installed": [
            {
                "engine": each.engine.value,
                "where": each.where,
                "active": each.active,
                "trouble": each.trouble or None,
                "next": _iso(each.next),
            }
            for each in found.engines
        ],
        "not_known": list(found.unclear),
        "lingering": lingers(found.host) if found.host.platform is Platform.LINUX else None,
        "last": None
        if last is None
        else {
            "round": last.number,
            "at": _iso(last.at),
            "took_seconds": last.took,
            "clock": last.clock or None,
            "said": [list(each) for each in last.said],
            "summary": {status.value: count for status, count in _counts(last).items()},
            "credentials": [
                {
                    "server": _credential(found, key).server or None,
                    "field": _credential(found, key).field or None,
                    "name": _credential(found, key).name or None,
                    "status": how.status.value,
                    "cause": how.cause or None,
                    "title": how.title,
                    "expires": _iso(how.expires),
                }
                for key, how in last.states.items()
            ],
        },
        "rounds": len(found.history.rounds),
        "history_trouble": found.history.trouble or None,
    }


def _credential(found: Standing, key: str) -> Credential:
    return found.history.credentials.get(key, Credential(key, key, "", ""))


def _since(history: History, key: str) -> str:
    found = history.since(key)
    return f" since {local(found[0].at)}" if found is not None else ""


def _counts(last: Round) -> dict[Status, int]:
    counts = Counter(how.status for how in last.states.values())
    return {each: counts[each] for each in Status}


def _counted(last: Round) -> str:
    words = {
        Status.OK: "well",
        Status.WARN: "with a warning",
        Status.FAIL: "failing",
        Status.UNKNOWN: "not known",
    }
    told = [f"{count} {words[each]}" for each, count in _counts(last).items() if count and each in words]
    return ", ".join(told) or "nothing was configured"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
