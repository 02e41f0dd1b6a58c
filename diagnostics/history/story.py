"""Since when a credential is as it is, and what else changed in that moment. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from diagnostics.history.model import Condition, History, Round
from diagnostics.history.strip import usual_distance
from diagnostics.model import Status
from diagnostics.text import listed

_BEFORE = timedelta(minutes=5)
"""What happened so long before the last good round may still be why the next one was not: caches, tokens in use."""
_SOON = 2.5
"""Rounds no further apart than so many times the usual distance leave no doubt about the moment."""
_UNTIL_LOGIN = timedelta(days=7)
_LOCKED = {"keyring_locked", "macos_keychain_locked"}
STORE = "store:"
"""How the key of the keychain begins."""
_TOLD = 40


class Kind(StrEnum):
    """What may have happened, the most telling first."""

    DEED = "deed"
    """Something that mcp-doctor did: it stands in the audit trail."""
    END = "end"
    """The credential's own time was over."""
    RESTART = "restart"
    PASSWORD = "password"  # noqa: S105 - what changed, not what it is
    """The list of login passwords was changed."""
    KEYCHAIN = "keychain"
    CONFIG = "config"
    """The config file was changed."""
    CLOCK = "clock"
    OTHERS = "others"
    """Other credentials changed in the same way in the same round."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that changed."""

    kind: Kind
    at: datetime
    words: str
    """What happened, as it stands behind “right after”: `the computer was restarted`. Safe to show."""


@dataclass(frozen=True, slots=True)
class Change:
    """One moment at which a credential became something else."""

    round: Round
    before: Condition | None
    """None = it was not configured, or the history begins here."""
    now: Condition | None
    """None = it is no longer configured."""


@dataclass(frozen=True, slots=True)
class Story:
    """Since when a credential is as it is now."""

    now: Condition | None
    """None = it is not configured any more."""
    first: Round
    """The first round that found it so."""
    before: Round | None
    """The round before that; None = the history begins with it being so."""
    was: Condition | None
    """What it was then."""
    is_sure: bool
    """Whether the two rounds are so close together that the moment is known."""
    unclear: int = 0
    """Rounds between the two that could not find out."""
    reason: Round | None = None
    """Since when it is broken for the present reason, where it was broken for another one before."""

    @property
    def window(self) -> tuple[datetime, datetime]:
        """When it must have happened."""
        begin = self.before.at if self.before is not None else self.first.at
        end = self.first.at + timedelta(seconds=self.first.took)
        return min(begin, end) - _BEFORE, end


def story_of(history: History, key: str) -> Story | None:
    """The story of one credential; None where no round ever saw it."""
    told = list(history.of(key))
    if not any(how for _, how in told):
        return None
    now = told[-1][1]
    first = place = len(told) - 1
    while place >= 0:
        how = told[place][1]
        if _same(how, now):
            first = place
        elif not _unclear(how) or _unclear(now):
            break
        place -= 1
    unclear = sum(_unclear(how) for _, how in told[place + 1 : first])
    before = told[place] if place >= 0 else None
    usual = usual_distance(history)
    return Story(
        now,
        told[first][0],
        before[0] if before else None,
        before[1] if before else None,
        before is not None and timedelta() <= told[first][0].at - before[0].at <= usual * _SOON,
        unclear,
        _since_reason(told[first:], now),
    )


def changes(history: History, key: str, start: datetime, end: datetime) -> list[Change]:
    """What a credential became, round by round, the newest first; at most the newest few dozen."""
    found: list[Change] = []
    before: Condition | None = None
    is_first = True
    for one, how in history.of(key):
        is_new = not (_same(how, before) and _cause(how) == _cause(before))
        if is_new and not (is_first and how is None) and start <= one.at <= end:
            found.append(Change(one, before, how))
        before, is_first = how, False
    return found[::-1][:_TOLD]


def happenings(
    history: History, key: str, story: Story, seen: Sequence[Happening] = ()
) -> tuple[Happening, ...]:
    """What else changed when it became what it is, the most telling first.

    In: `seen` what was seen outside of the history (the audit trail, files); what lies outside of the moment is
    left out.
    """
    if story.before is None:
        return ()
    start, end = story.window
    found = [each for each in seen if start <= each.at <= end]
    found += _of_rounds(history, key, story)
    order = list(Kind)
    return tuple(sorted(found, key=lambda each: (order.index(each.kind), each.at)))


def password_before(story: Story, seen: Sequence[Happening]) -> Happening | None:
    """A change of login passwords some days before a keychain was found locked: it shows only at the next login."""
    if story.now is None or story.now.cause not in _LOCKED or story.before is None:
        return None
    start, _ = story.window
    found = [each for each in seen if each.kind is Kind.PASSWORD and start - _UNTIL_LOGIN <= each.at < start]
    return max(found, key=lambda each: each.at) if found else None


def _of_rounds(history: History, key: str, story: Story) -> Iterator[Happening]:
    first, before = story.first, story.before
    if before is None:
        return
    ends = story.was.expires if story.was is not None else None
    if _broke(story) and ends is not None and before.at - _BEFORE <= ends <= first.at:
        yield Happening(Kind.END, ends, "the credential's time was over")
    if first.boot and before.boot and first.boot != before.boot:
        started = first.at - timedelta(seconds=first.since)
        yield Happening(Kind.RESTART, started, "the computer was restarted")
    between = [each for each in history.rounds if before.number < each.number <= first.number]
    for each in between:
        if each.clock:
            yield Happening(Kind.CLOCK, each.at, f"the clock was set ({each.clock})")
    others: list[str] = []
    for other, how in first.states.items():
        was = before.states.get(other)
        if other == key or was is None or _same(how, was) or story.now is None:
            continue
        if how.status is story.now.status:
            if other.startswith(STORE):
                yield Happening(
                    Kind.KEYCHAIN, first.at, f"the keychain changed too: {how.title or how.status}"
                )
            else:
                others.append(_name_of(history, other))
    if others:
        yield Happening(Kind.OTHERS, first.at, f"in the same round: {listed(sorted(others), 4)}")


def _name_of(history: History, key: str) -> str:
    known = history.credentials.get(key)
    if known is None:
        return key
    return f"{known.server} {known.field}".strip() or known.name or key


def _broke(story: Story) -> bool:
    return story.now is not None and story.now.status is Status.FAIL


def _same(one: Condition | None, other: Condition | None) -> bool:
    return (one.status if one else None) is (other.status if other else None)


def _cause(one: Condition | None) -> str:
    return one.cause if one else ""


def _unclear(how: Condition | None) -> bool:
    return how is not None and how.status is Status.UNKNOWN


def _since_reason(told: Sequence[tuple[Round, Condition | None]], now: Condition | None) -> Round | None:
    """The first round of the present cause, where an earlier one of the same failure had another."""
    if now is None or now.status is not Status.FAIL:
        return None
    first: Round | None = None
    for one, how in reversed(told):
        if how is None or how.status is not Status.FAIL:
            continue
        if how.cause != now.cause:
            return first
        first = one
    return None
