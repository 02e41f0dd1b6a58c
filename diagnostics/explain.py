"""What an error text or a log says about why a server got no credential. Pure: text in, matches out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.catalog.signatures import Harmless, Pattern, Signature, harmless, signatures
from diagnostics.host import Host
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_tokens

SCHEMA = "mcp-doctor.explanation/1"
MOST = 1_000_000
"""Characters that are looked at: a log's end, where its failure stands."""
_LONGEST_LINE = 2000
_MOST_LOOKED_AT = 150_000
"""Characters of different lines that are searched, the last ones; what bounds the time. Lines that differ only in the
time before them count once."""
_TIME = re.compile(r"^[\[(]?\d[\d:.,TZ/+ -]{7,40}[\])]?\s?")
_MORE_OF_IT = 0.01
"""What each further pattern of a cause that matches adds."""


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


def explain(text: str, host: Host) -> list[Match]:
    """The causes that a text shows, best first; none where it shows no failure.

    In: any text, of which the last `MOST` characters are read. Bounded in time, whatever the text.
    """
    lines = _still_failing(_lines(text), harmless())
    matches = (_match(each, lines, host) for each in signatures())
    found = [each for each in matches if each is not None]
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
                "fix": list(each.fix),
                "evidence": each.evidence,
                "confidence": round(each.confidence, 2),
            }
            for each in matches
        ],
    }


def render_text(matches: Sequence[Match], most: int = 3) -> str:
    """The matches for a person, the best first. Plain text, no escape sequences."""
    if not matches:
        return "Nothing in this text shows a failure that the doctor knows.\n"
    best = [each for each in matches[:most] if each is matches[0] or each.confidence >= 0.5]
    return "\n".join(_paragraph(number, each) for number, each in enumerate(best))


def _paragraph(number: int, match: Match) -> str:
    head = f"{match.title}  [{match.cause}, {match.confidence:.0%}]"
    lines = [head if number == 0 else f"Perhaps also: {head}", f"  seen: {match.evidence}", f"  {match.why}"]
    lines += [f"    {line}" if line.startswith("$ ") else f"  - {line}" for line in match.fix]
    return "\n".join(lines) + "\n"


def _lines(text: str) -> list[str]:
    """The lines to look at, in order, cleaned of escape sequences."""
    different: dict[str, str] = {}
    for raw in re.split(r"\r\n|\n|\r", text[-MOST:]):
        line = clean(raw, _LONGEST_LINE)
        if line:
            key = _TIME.sub("", line)
            different.pop(key, None)
            different[key] = line
    kept: list[str] = []
    room = _MOST_LOOKED_AT
    for line in reversed(different.values()):
        room -= len(line)
        if room < 0:
            break
        kept.append(line)
    return kept[::-1]


def _still_failing(lines: Sequence[str], known: Harmless) -> list[str]:
    """The lines without those that only sound like a failure, and without what came before a recovery."""
    last = max(
        (at for at, line in enumerate(lines) if any(each.search(line) for each in known.recovered)),
        default=-1,
    )
    return [line for line in lines[last + 1 :] if not any(each.search(line) for each in known.lines)]


def _match(signature: Signature, lines: Sequence[str], host: Host) -> Match | None:
    best: tuple[float, str] | None = None
    hits = 0
    for pattern in signature.patterns:
        line = _hit(pattern, signature, lines)
        if line is not None:
            hits += 1
            if best is None or pattern.confidence > best[0]:
                best = pattern.confidence, line
    if best is None:
        return None
    confidence = min(0.99, best[0] + _MORE_OF_IT * (hits - 1))
    return Match(
        cause=signature.cause,
        title=signature.title,
        why=signature.why,
        fix=signature.fix_on.get(host.platform.value, signature.fix),
        evidence=clean(mask_tokens(best[1]), 400),
        confidence=confidence,
    )


def _hit(pattern: Pattern, signature: Signature, lines: Sequence[str]) -> str | None:
    """The first line that the pattern matches."""
    for line in lines:
        if pattern.regex.search(line) and not any(each.search(line) for each in signature.but):
            if pattern.beside is not None and not any(pattern.beside.search(each) for each in lines):
                return None
            return line
    return None
