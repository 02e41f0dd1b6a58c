"""What an error text or a log says about why a server got no credential. Pure: text in, matches out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from diagnostics.catalog.signatures import Pattern, Signature, harmless, signatures
from diagnostics.fix_lines import fix_on
from diagnostics.host import Host
from diagnostics.logs.line import Line, lines_of, newest, still_failing
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_tokens

SCHEMA = "mcp-doctor.explanation/1"
MOST = 1_000_000
"""Characters that are looked at: a log's end, where its failure stands."""
SURE = 0.65
"""Confidence from which a match names a reason; a bare "it ended" and a word in passing stay below."""
_FAINT = 0.55
_MORE_OF_IT = 0.01
"""What each further pattern of a cause that matches adds."""
_OLDER = 0.6
"""What remains of the confidence where the newest attempt failed for another reason."""


@dataclass(frozen=True, slots=True)
class Match:
    """One cause that the text shows. Everything in it is safe to show."""

    cause: str
    title: str
    why: str
    fix: tuple[str, ...]
    evidence: str
    """The line that says so."""
    confidence: float
    servers: tuple[str, ...] = ()
    """Whom it befell, where the text speaks of several servers."""


def explain(text: str, host: Host) -> list[Match]:
    """The causes that a text shows, best first; none where it shows no failure.

    In: any text, of which the last `MOST` characters are read. Bounded in time, whatever the text.
    """
    known = harmless()
    lines = still_failing(lines_of(text[-MOST:], known), known)
    found = _matches(lines, newest(lines, known), text, host)
    if all(each.confidence < _FAINT for each in found):
        wrapped = _rejoined(lines)
        found = max((found, _matches(wrapped, frozenset(range(len(wrapped))), text, host)), key=_best)
    return sorted(found, key=lambda each: -each.confidence)


def to_json(matches: Sequence[Match]) -> dict[str, Any]:
    """The matches as the contract's explanation."""
    return {
        "schema": SCHEMA,
        "matches": [
            {
                "cause": each.cause,
                "title": each.title,
                "why": each.why,
                "fix": [line.removeprefix("| ") for line in each.fix],
                "evidence": each.evidence,
                "confidence": round(each.confidence, 2),
            }
            | ({"servers": list(each.servers)} if each.servers else {})
            for each in matches
        ],
    }


def render_text(matches: Sequence[Match], most: int = 3) -> str:
    """The matches for a person, the best first. Plain text, no escape sequences."""
    if not matches:
        return "Nothing in this text shows a failure that the doctor knows.\n"
    return "\n".join(_paragraph(number, each) for number, each in enumerate(worth_telling(matches, most)))


def worth_telling(matches: Sequence[Match], most: int = 3) -> list[Match]:
    """The best match, and those beside it that are likely enough."""
    return [each for each in matches[:most] if each is matches[0] or each.confidence >= SURE]


def _paragraph(number: int, match: Match) -> str:
    head = f"{match.title}  [{match.cause}, {match.confidence:.0%}]"
    lines = [head if number == 0 else f"Perhaps also: {head}"]
    if match.servers:
        lines.append(f"  server: {', '.join(match.servers)}")
    lines += [f"  seen: {match.evidence}", f"  {match.why}"]
    lines += [
        f"    {line.removeprefix('| ')}" if line.startswith(("$ ", "| ")) else f"  - {line}"
        for line in match.fix
    ]
    return "\n".join(lines) + "\n"


def _best(matches: Sequence[Match]) -> float:
    return max((each.confidence for each in matches), default=0)


def _rejoined(lines: Sequence[Line]) -> list[Line]:
    """Each line with the one after it: a pasted text may have been cut at the window's edge."""
    return [
        Line(f"{first.text} {second.text}", first.server)
        for first, second in pairwise(lines)
        if len(first.text) + len(second.text) <= 600
    ][-200:]


def _matches(lines: Sequence[Line], latest: frozenset[int], text: str, host: Host) -> list[Match]:
    several = len({each.server for each in lines if each.server}) > 1
    whole = "\n".join(each.text for each in lines)
    hits = [hit for each in signatures() if (hit := _hit(each, lines, latest, whole)) is not None]
    is_told = any(each.confidence > SURE and each.is_newest for each in hits)
    return [
        Match(
            cause=each.signature.cause,
            title=each.signature.title,
            why=each.signature.why,
            fix=fix_on(each.signature, text, host),
            evidence=clean(mask_tokens(each.line.text), 400),
            confidence=each.confidence * (_OLDER if is_told and not each.is_newest else 1),
            servers=each.servers if several else (),
        )
        for each in hits
    ]


@dataclass(frozen=True, slots=True)
class _Hit:
    signature: Signature
    line: Line
    confidence: float
    is_newest: bool
    servers: tuple[str, ...]


def _hit(signature: Signature, lines: Sequence[Line], latest: frozenset[int], whole: str) -> _Hit | None:
    best: tuple[bool, float, list[int]] | None = None
    count = 0
    for pattern in signature.patterns:
        numbers = _where(pattern, signature, lines, whole)
        if numbers:
            count += 1
            fresh = [each for each in numbers if each in latest]
            told = bool(fresh), pattern.confidence, fresh or numbers
            if best is None or told[:2] > best[:2]:
                best = told
    if best is None:
        return None
    is_newest, confidence, numbers = best
    servers = dict.fromkeys(server for each in numbers if (server := lines[each].server))
    return _Hit(
        signature,
        lines[numbers[0]],
        min(0.99, confidence + _MORE_OF_IT * (count - 1)),
        is_newest,
        tuple(clean(mask_tokens(each), 80) for each in servers)[:20],
    )


def _where(pattern: Pattern, signature: Signature, lines: Sequence[Line], whole: str) -> list[int]:
    """The numbers of the lines that the pattern matches."""
    if not pattern.regex.search(whole):
        return []
    if pattern.beside is not None and not pattern.beside.search(whole):
        return []
    return [
        number
        for number, line in enumerate(lines)
        if pattern.regex.search(line.text) and not any(each.search(line.text) for each in signature.but)
    ]
