"""Asks the checks along the path: order, limits, isolation, skipping. Yields findings as they come."""

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from diagnostics.ahead import keyring_asked_ahead
from diagnostics.catalog.wording import Wording, filled, wording
from diagnostics.check import Check, Verdict, all_checks
from diagnostics.command_lines import quoting
from diagnostics.context import Context
from diagnostics.deadline import DeadlineError, each_within, left_hanging, patience
from diagnostics.model import ClientFile, Finding, Reference, Server, Stage, Status, Store, Subject, Syntax
from diagnostics.stores import FILE_STORE
from diagnostics.text import Words, clean
from diagnostics.tokens.masking import mask_pasted

_OWN_SECONDS = 10.0
"""Limit for one answer of a check that names none, for it asks nobody."""
_AT_ONCE = 32
"""Outside questions asked at once; each waits on a peer, none computes."""

_BROKEN = {Status.FAIL, Status.UNKNOWN}

Progress = Callable[[Check, int], None]
"""Told before a check is asked about that many subjects."""


def diagnose(
    context: Context,
    checks: Sequence[Check] | None = None,
    earlier: Iterable[Finding] = (),
    progress: Progress = lambda _check, _count: None,
) -> Iterator[Finding]:
    """Every finding of the run, in the order of the path.

    In: `checks`, by default all; `earlier` findings that stand (when only some checks are asked again);
    `progress` is called as each check begins. A check that raises or runs out of time gives `unknown`.
    """
    failed = _Failed(earlier)
    with keyring_asked_ahead(context, None if checks is None else [each.id for each in checks]):
        for stage in Stage:
            for one in (each for each in (checks or all_checks()) if each.stage is stage):
                subjects = _subjects(context, one)
                progress(one, len(subjects))
                for finding in _ask(context, one, subjects, failed):
                    failed.note(finding)
                    yield finding


def _ask(context: Context, one: Check, subjects: Sequence[Subject], failed: "_Failed") -> Iterator[Finding]:
    open_questions: list[Subject] = []
    for subject in subjects:
        blocker = failed.blocker(one, subject)
        if blocker is not None:
            yield _finding(context, one, subject, _waits_for(blocker), 0)
        elif one.asks == "network" and context.options.offline:
            yield _finding(context, one, subject, Verdict(Status.SKIP, "runner.offline"), 0)
        elif one.asks == "start" and not context.options.start:
            yield _finding(context, one, subject, Verdict(Status.SKIP, "runner.not-asked-to-start"), 0)
        else:
            open_questions.append(subject)
    limit = one.within if one.within is None or context.options.timeout is None else context.options.timeout
    if limit is None:
        yield from _in_turn(context, one, open_questions)
        return
    for subject, answer in each_within(limit, partial(_attempt, context, one), open_questions, _AT_ONCE):
        yield from _findings(context, one, subject, _as_answer(one, answer, limit))


def _in_turn(context: Context, one: Check, subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Asks a check that asks nobody. What it looks at may stand on a disk that hangs: then the rest gets less time."""
    left = list(subjects)
    while left:
        limit = patience(_OWN_SECONDS)
        for subject, answer in each_within(
            limit, partial(_attempt, context, one), tuple(left), 1, left_hanging
        ):
            left.pop(0)
            yield from _findings(context, one, subject, _as_answer(one, answer, limit))
            if isinstance(answer, DeadlineError):
                break


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a check said about one subject, and how long it took."""

    verdicts: Sequence[Verdict]
    milliseconds: int


def _attempt(context: Context, one: Check, subject: Subject) -> _Answer:
    began = time.monotonic()
    try:
        said = one.run(context, subject)
        verdicts = [] if said is None else [said] if isinstance(said, Verdict) else list(said)
    except Exception as error:
        verdicts = [_broke(one, error)]
    return _Answer(verdicts, round((time.monotonic() - began) * 1000))


def _as_answer(one: Check, answer: _Answer | BaseException, limit: float) -> _Answer:
    if isinstance(answer, DeadlineError):
        late = Verdict(Status.UNKNOWN, "runner.no-answer", facts={"seconds": f"{limit:g}"})
        return _Answer([late], round(limit * 1000))
    return _Answer([_broke(one, answer)], 0) if isinstance(answer, BaseException) else answer


def _findings(context: Context, one: Check, subject: Subject, answer: _Answer) -> list[Finding]:
    spent = answer.milliseconds
    try:
        found = [_finding(context, one, subject, verdict, spent) for verdict in answer.verdicts]
    except Exception as error:  # no words for the outcome, a fact that the words ask for is missing
        found = [_finding(context, one, subject, _broke(one, error), spent)]
    if one.stage is not Stage.CONFIG and _is_switched_off(context, subject):
        found = [
            _finding(context, one, subject, _not_counted(each), spent) if each.status in _BROKEN else each
            for each in found
        ]
    return [found[0], *map(_numbered, found[1:], range(2, len(found) + 1))] if found else []


def _is_switched_off(context: Context, subject: Subject) -> bool:
    """Whether the server is one that its client does not start: nothing is broken then that anybody uses."""
    if isinstance(subject, Reference):
        return context.server(subject.server_id).disabled
    return isinstance(subject, Server) and subject.disabled


def _not_counted(finding: Finding) -> Verdict:
    return Verdict(Status.SKIP, "runner.switched-off", facts={"found": finding.title})


def _broke(one: Check, error: BaseException) -> Verdict:
    return Verdict(Status.UNKNOWN, "runner.broke", evidence=(f"{type(error).__name__} in {one.id}",))


def _numbered(finding: Finding, number: int) -> Finding:
    """A further answer about the same subject, with an id of its own."""
    return dataclasses.replace(finding, id=f"{finding.id}:{number}")


def _waits_for(blocker: Finding) -> Verdict:
    return Verdict(Status.SKIP, "runner.waits", facts={"blocker": blocker.title, "blocker_id": blocker.id})


def _finding(context: Context, one: Check, subject: Subject, verdict: Verdict, spent: int) -> Finding:
    words = wording()
    key = verdict.outcome if verdict.outcome.startswith("runner.") else f"{one.id}.{verdict.outcome}"
    server, field, path = _place(subject)
    facts = {
        "check": one.id,
        "question": one.question,
        "server": _safe_name(subject.name if isinstance(subject, Server) else server or ""),
        "field": _safe_name(field or ""),
        "path": _safe_name(str(path or "")),
    }
    facts |= {name: _safe(context.scrubber.scrub(str(value))) for name, value in verdict.facts.items()}
    text: Wording = words[key]
    if one.stage is not Stage.BACKEND and context.store.subject.kind == FILE_STORE:
        text = _of_the_file(text)
    fix = text.fix_for(context.host.platform)
    quoted: Mapping[str, str] = facts
    if any(line.startswith("$ ") for line in fix):
        quoted = _quoted(facts, verdict, quoting(context.host.platform))
    return Finding(
        id=one.id if isinstance(subject, Store) else f"{one.id}:{_safe_name(_handle(subject))}",
        check=one.id,
        stage=one.stage,
        status=verdict.status,
        outcome=verdict.outcome,
        title=filled(text.title, facts),
        detail=filled(text.detail, facts),
        fix=tuple(filled(line, quoted if line.startswith("$ ") else facts) for line in fix),
        evidence=tuple(_safe(context.scrubber.scrub(line)) for line in verdict.evidence),
        cause=verdict.cause,
        server=server,
        reference=None if field is None else _safe_name(field),
        path=str(path) if path else None,
        subject=subject.key,
        facts=facts,
        concerns=verdict.concerns,
        duration_ms=spent,
    )


def _of_the_file(text: Wording) -> Wording:
    """The words for where an encrypted file is the store: "keychain" would be untrue."""
    from diagnostics.stores.choice import in_words_of_the_file as said

    elsewhere = {name: tuple(map(said, lines)) for name, lines in text.fix_on.items()}
    return Wording(said(text.title), said(text.detail), tuple(map(said, text.fix)), elsewhere)


def _quoted(facts: Mapping[str, str], verdict: Verdict, quote: Callable[[str], str]) -> Mapping[str, str]:
    """The facts as they belong into a command."""
    return {
        name: value if isinstance(verdict.facts.get(name), Words) else quote(value)
        for name, value in facts.items()
    }


def _safe(text: str) -> str:
    """Fit to be shown: people paste credentials where a name, a path or a command belongs."""
    return mask_pasted(clean(text))


_safe_name = lru_cache(maxsize=8192)(_safe)
"""For what every check says again of the same subjects: their names and places."""


def _handle(subject: Subject) -> str:
    if isinstance(subject, Reference):
        return f"{subject.server_id}:{subject.field}" + (f":{subject.name}" if subject.name else "")
    return subject.key


def _place(subject: Subject) -> tuple[str | None, str | None, object]:
    match subject:
        case Reference():
            return subject.server_id, subject.field, None
        case Server():
            return subject.id, None, subject.path
        case ClientFile():
            return None, None, subject.path
        case Store():
            return None, None, None


def _subjects(context: Context, one: Check) -> Sequence[Subject]:
    if one.of is ClientFile:
        return context.files
    if one.of is Server:
        return context.servers
    if one.of is Reference:
        return context.references
    return [context.store.subject]


class _Failed:
    """Which checks have failed on what, so that a question which rests on a broken link is not asked."""

    def __init__(self, earlier: Iterable[Finding]) -> None:
        self._found: dict[tuple[str, str], Finding] = {}
        for finding in earlier:
            self.note(finding)

    def note(self, finding: Finding) -> None:
        """Remembers a finding that blocks: a fail, or a skip that itself waits for one."""
        waits = finding.status is Status.SKIP and finding.outcome == "runner.waits"
        if finding.status is Status.FAIL or waits:
            for place in _places(finding):
                self._found.setdefault((finding.check, place), finding)

    def blocker(self, one: Check, subject: Subject) -> Finding | None:
        """The finding that this question waits for, if any."""
        for need in one.needs:
            for place in _rests_on(subject):
                finding = self._found.get((need, place))
                if finding is not None:
                    return finding
        return None


def _places(finding: Finding) -> Iterator[str]:
    """What the finding is about, and what it belongs to."""
    yield finding.subject
    if finding.server is not None:
        yield f"part of {finding.server}"
        if finding.reference is None:
            yield f"whole {finding.server}"
    elif finding.subject.startswith("store:"):
        yield "store"


def _rests_on(subject: Subject) -> Iterator[str]:
    """The subject itself, and what it belongs to or is made of."""
    yield subject.key
    match subject:
        case Server():
            yield f"part of {subject.id}"
        case Reference():
            yield f"whole {subject.server_id}"
            if subject.syntax in {Syntax.SECRET, Syntax.KEYTAR, Syntax.OAUTH}:
                yield "store"
        case _:
            return
