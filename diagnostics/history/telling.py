"""The story of a credential in sentences, the same in the app and at a plain terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from diagnostics.history.model import Condition, History
from diagnostics.history.story import Change, Happening, Story
from diagnostics.history.strip import usual_distance
from diagnostics.history.times import stamp, when
from diagnostics.model import Status
from diagnostics.text import counted

_STATES = {
    Status.OK: "In order",
    Status.WARN: "In order with a warning",
    Status.FAIL: "Broken",
    Status.UNKNOWN: "Could not be found out",
    Status.SKIP: "Switched off or not asked",
}
_WORDS = {
    Status.OK: "ok",
    Status.WARN: "warning",
    Status.FAIL: "broken",
    Status.UNKNOWN: "unclear",
    Status.SKIP: "not asked",
}
_SILENT = 3
"""So many usual distances after the last round, the monitor seems not to run any more."""

NO_HISTORY = (
    "There is no history yet: nothing looks at this computer while you don't.",
    "A monitor does: a timer that asks the same checks now and then, prompts nobody, and tells only what changed.",
    "$ mcp-doctor monitor install",
    "It shows what it will set up, asks first, and can be taken back.",
)
NOT_READ = ("Nothing is known of the time before now: of the history nothing can be read.",)
NOT_SEEN = "The monitor has not seen this one yet: it looks at what is configured when its next round comes."


@dataclass(frozen=True, slots=True)
class Told:
    """A story in words."""

    headline: str
    """`Broken since Tuesday 14:05, right after the computer was restarted.`"""
    lines: tuple[str, ...]
    """What else is to say, a sentence each."""
    beside: tuple[str, ...]
    """What else changed in that moment, each with its time."""


def state_word(how: Condition | None) -> str:
    """A state in a word: `ok`, `broken`; `not configured`."""
    return "not configured" if how is None else _WORDS[how.status]


def tell(
    story: Story,
    beside: Sequence[Happening],
    now: datetime,
    zone: tzinfo | None = None,
    password: Happening | None = None,
) -> Told:
    """The story in words.

    In: what else changed then, the most telling first; the present; the zone of the clock; a change of login
    passwords some days before.
    """
    state = "Not in the configs any more" if story.now is None else _STATES[story.now.status]
    lines = []
    if story.before is None:
        headline = f"{state} for as long as this history goes back ({when(story.first.at, now, zone)})."
    elif story.is_sure:
        first = f", right after {beside[0].words}" if beside else ""
        headline = f"{state} since {when(story.first.at, now, zone)}{first}."
        lines.append(f"It was last {_was(story)} {when(story.before.at, now, zone)}.")
    else:
        headline = (
            f"{state} since some time between {when(story.before.at, now, zone)} ({_was(story)}) "
            f"and {when(story.first.at, now, zone)}."
        )
        lines.append(
            f"{counted(story.unclear, 'round')} in between could not find out."
            if story.unclear
            else "Nobody looked in between: the computer was off, or no monitor ran."
        )
    how = story.now
    if how is not None and how.title:
        link = how.check.partition(".")[0]
        told = [f"link: {link}" if link else "", f"cause: {how.cause}" if how.cause else ""]
        why = f" ({', '.join(filter(None, told))})" if any(told) else ""
        lines.insert(0, f"{how.title}{why}.")
    if password is not None:
        lines.append(
            f"The list of login passwords was changed {when(password.at, now, zone)}: a keychain that kept its old "
            "password is not opened by the new one at login."
        )
    if story.reason is not None:
        lines.append(f"For this reason since {when(story.reason.at, now, zone)}; before, for another one.")
    if how is not None and how.expires is not None:
        over = "ended" if how.expires <= now else "ends"
        lines.append(f"The credential {over}: {when(how.expires, now, zone)}.")
    return Told(
        headline,
        tuple(lines),
        tuple(f"{stamp(each.at, now, zone)}  {each.words}" for each in beside),
    )


def tell_change(change: Change, now: datetime, zone: tzinfo | None = None) -> str:
    """`Tue 24 Nov 14:05  ok → broken: The keychain is locked`."""
    how = change.now
    why = f": {how.title}" if how is not None and how.title and how.status is not Status.OK else ""
    before = f"{state_word(change.before)} → " if change.before is not None else "first seen: "
    return f"{stamp(change.round.at, now, zone)}  {before}{state_word(how)}{why}"


def tell_gap(start: datetime, end: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """`Fri 20 Nov 18:00  nobody looked until Sat 21 Nov 05:00`."""
    return f"{stamp(start, now, zone)}  nobody looked until {stamp(end, now, zone)}"


def nothing(history: History) -> tuple[str, ...]:
    """What to say where there are no rounds: why, and what to do."""
    return NOT_READ if history.trouble else NO_HISTORY


def tell_state(history: History, now: datetime, zone: tzinfo | None = None) -> tuple[str, ...]:
    """What is to be known of the history itself: how old it is, whether it is damaged, whether rounds still come."""
    lines = []
    if history.is_unreadable:
        lines.append(f"The history of this computer: {history.trouble}.")
    elif history.trouble:
        lines.append(
            f"Part of the history can't be read: {history.trouble}. What can be read is shown; the monitor sets a "
            "damaged file aside at its next round."
        )
    if not history.rounds:
        return tuple(lines)
    last = history.rounds[-1].at
    rounds = f"{counted(len(history.rounds), 'round')} since {when(history.rounds[0].at, now, zone)}"
    lines.insert(0, f"{rounds}, the last one {when(last, now, zone)}.")
    if now - last > usual_distance(history) * _SILENT + timedelta(minutes=5):
        lines.append(
            "No round has come since: does the monitor still run? `mcp-doctor monitor status` tells."
        )
    if last > now + timedelta(minutes=5):
        lines.append(
            "The last round carries a time that is still to come: a clock was wrong then, or is now."
        )
    return tuple(lines)


def _was(story: Story) -> str:
    if story.was is None:
        return "not configured"
    return {
        Status.OK: "in order",
        Status.WARN: "in order, with a warning",
        Status.FAIL: "broken",
        Status.UNKNOWN: "unclear",
        Status.SKIP: "switched off or not asked",
    }[story.was.status]
