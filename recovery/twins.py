"""Entries of one name, told apart for the person: when each was changed, who wrote it, what its provider says."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from diagnostics.context import SERVICE
from diagnostics.model import Status
from diagnostics.secret import Secret
from diagnostics.stores import Entry
from diagnostics.stores.writers import writer_of
from diagnostics.text import clean
from diagnostics.tokens.remark import Remark
from recovery.entry_writing import matches
from recovery.model import Ask, AskKind
from recovery.ports import RecoveryWorld

Asked = Callable[[Secret, str], Remark]
"""What a provider says to a value. In: the value, the provider's id."""
_YEAR_3000 = 32503680000
_NAME, _VARIABLE = "entries named", "variable"


def which_one(answer: str, name: str, entries: Sequence[Entry], env_name: str) -> Ask:
    """The question which of them is right. In: the answer's name; the variable that the value is for, "" = unknown."""
    newest = sorted(entries, key=lambda each: -each.modified)
    return Ask(
        answer,
        AskKind.CHOICE,
        f"Which {clean(name)} is the right one?",
        "The same mark means the same value; the values themselves are not shown.",
        tuple((each.path, words_of(each)) for each in newest),
        about={_NAME: name, _VARIABLE: env_name},
    )


def is_about_twins(ask: Ask) -> bool:
    """Whether the question is which of several entries is right, and providers may be asked about them."""
    return ask.kind is AskKind.CHOICE and _NAME in ask.about


def with_answers(ask: Ask, world: RecoveryWorld, asked: Asked) -> Ask:
    """The same question, each choice with what the provider says to its value. Takes as long as the provider does.

    Raises:
        RecoveryError: the keychain can't be read.
    """
    entries = matches(world, SERVICE, ask.about[_NAME])
    said = answers(entries, ask.about.get(_VARIABLE, ""), asked)
    return judged(ask, entries, said)


def judged(ask: Ask, entries: Sequence[Entry], said: Mapping[str, Remark]) -> Ask:
    """The same question with what was said; what the provider accepts stands first, what it refuses last.

    Silence, an outage or a rate limit decides nothing: then the newest stands first, as before.
    """
    found = {each.path: words_of(each, said.get(each.path)) for each in entries}
    choices = [(path, found.get(path, words)) for path, words in ask.choices]
    choices.sort(key=lambda each: _rank(said.get(each[0])))
    hint = ask.hint
    if accepted_alone(entries, said) is not None:
        hint += " Its provider accepts only one of them: it stands first."
    elif any(each.status is Status.UNKNOWN for each in said.values()):
        hint += " Its provider did not say which one is right."
    return dataclasses.replace(ask, hint=hint, choices=tuple(choices))


def accepted_alone(entries: Sequence[Entry], said: Mapping[str, Remark]) -> Secret | None:
    """The one value that the provider accepts, where it has clearly refused every other; else None."""
    by_status: dict[Status | None, set[Secret | None]] = {}
    for each in entries:
        remark = said.get(each.path)
        by_status.setdefault(remark.status if remark else None, set()).add(each.secret)
    accepted = by_status.pop(Status.OK, set()) | by_status.pop(Status.WARN, set())
    refused = by_status.pop(Status.FAIL, set())
    return next(iter(accepted)) if len(accepted) == 1 and refused and not by_status else None


def answers(entries: Sequence[Entry], env_name: str, asked: Asked | None) -> dict[str, Remark]:
    """What the provider says to each entry's value, by the entry's path; each value is asked about once."""
    from diagnostics.tokens.token_format import identify, is_told_by_shape

    known: dict[Secret, Remark] = {}
    said: dict[str, Remark] = {}
    for each in entries:
        if asked is None or each.secret is None:
            continue
        provider = identify(each.secret, env_name or None)
        if provider is None or not (env_name or is_told_by_shape(each.secret, provider)):
            continue  # a token goes to its own provider only, so it must be sure whose it is
        if each.secret not in known:
            known[each.secret] = asked(each.secret, provider)
        said[each.path] = known[each.secret]
    return said


def words_of(entry: Entry, said: Remark | None = None) -> str:
    """One entry as a choice: when it was changed, who wrote it, a mark of its value, and the provider's answer."""
    changed = "at an unknown time"
    if 0 < entry.modified < _YEAR_3000:  # what a daemon says is not trusted
        changed = f"{datetime.fromtimestamp(entry.modified, UTC):%Y-%m-%d %H:%M:%S} UTC"
    mark = f"#{entry.secret.fingerprint()}" if entry.secret is not None else "not readable"
    answer = f". {said.words}" if said is not None and said.status is not Status.SKIP else ""
    return f"changed {changed}, written by {clean(writer_of(entry), 60)}, value {mark}{answer}"


def _rank(said: Remark | None) -> int:
    status = said.status if said is not None else None
    return 0 if status in {Status.OK, Status.WARN} else 2 if status is Status.FAIL else 1
