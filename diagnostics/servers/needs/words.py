"""What a server says it misses: variables named in its output, in a log, or in the error texts of its code."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from diagnostics.servers.needs.need import NAME, Need, Source, is_of_the_system, merged
from diagnostics.text import clean

_MOST = 64 * 1024
"""Characters that are looked at: a server that fails says why in its last words."""
_LONGEST = 1500
"""Characters of a line."""
_DECORATED = re.compile(r"[`'\"*‘’“”│┃|]+")
_SINGLE = re.compile(
    r"(?:(?:[eE]nv(?:ironment)?\s+var(?:iable)?s?:?\s+|env\.|(?<!=)\$\{?)([A-Z][A-Z0-9]{2,})(?![\w-])"
    r"|(?<![\w-])([A-Z][A-Z0-9]{2,})\s+env(?:ironment)?\s+var)"
)
"""A name without an underscore counts only where the text says that it is a variable."""
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")
_MISSED = re.compile(
    r"\b(?:required|missing|needed|unset|undefined|mandatory|must\s+(?:be\s+(?:set|provided|defined|specified|configured|present|supplied|given|passed|exported|non-?empty)|provide|set|specify)"
    r"|(?:is|are|was|were|been|env|variables?|key|token)\s+not\s+(?:\w+\s+)?(?:set|defined|found|provided|configured|specified|present"
    r"|available|given)|not\s+(?:set|provided|defined|configured|specified|found)\b|isn.t\s+set|aren.t\s+set"
    r"|cannot\s+be\s+(?:empty|blank|null)|(?:is|are)\s+(?:empty|absent)|has\s+no\s+value|no\s+value\s+for|unbound\s+variable"
    r"|no\s+[\w ]{0,40}(?:key|token|secret|credentials?|password)s?\s+(?:was\s+|were\s+)?(?:provided|found|set|configured|given)"
    r"|not\s+authenticated|could\s+not\s+find|failed\s+to\s+(?:get|read|load))\b",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\b(?:please\s+(?:\w+\s+){0,2}(?:set|provide|define|export|specify|configure|supply|add)"
    r"|(?:you\s+)?(?:must|need\s+to|have\s+to|should)\s+(?:set|provide|define|export|specify|configure|supply|add)"
    r"|either\s+(?:set|provide|pass|define|export)|requires?|\bor\s+pass|^set|^provide|^export|^define|\bor\s+set|[.:;,]\s+set\s+(?:it\s+in|the|your)?)\b",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"\b(?:optional(?:ly)?|keyless|by\s+default|defaults?\s+to|using\s+(?:the\s+)?default|if\s+you\s+want|to\s+(?:enable|use\s+a)"
    r"|deprecated|no\s+longer|ignored|no\s+auth\b|will\s+be\s+(?:disabled|skipped|unavailable|limited)|are\s+disabled|is\s+disabled"
    r"|for\s+(?:higher|better|more)\b|to\s+(?:increase|raise|avoid|silence|hide|disable|change|override))\b",
    re.IGNORECASE,
)
_IN_SOME_MODE = re.compile(
    r"\b(?:required|needed|mandatory|set|provided)\s+(?:for|when|if|with|in\s+\w+\s+mode)\b(?!\s+(?:the\s+)?(?:server|this|api|auth))"
    r"|\b(?:http|sse|remote|oauth|stateless)\s+(?:mode|transport)\b|=\s*(?:true|1)\b.{0,20}\brequires?\b",
    re.IGNORECASE,
)
"""What only code says, of all its modes; a server that speaks is in one of them."""
_GOES_ON = re.compile(
    r"\s*\W*(?:using|falling\s+back|defaulting|continuing|running\s+in|skipping|disabling)\b(?!\s+(?:a\s+)?(?:dummy|fake))",
    re.IGNORECASE,
)
_ANY_OF = re.compile(r"\b(?:either|one\s+of|any\s+of|at\s+least\s+one|alternatively)\b", re.IGNORECASE)
_LIST = re.compile(
    r"(?:missing|required|following|not\s+(?:set|present)|undefined|invalid)\b[^.]{0,120}:\s*$", re.IGNORECASE
)
_ITEM = re.compile(r"\s*(?:[-*•✖✗×·>→]|\d+[.)])?\s*([A-Z][A-Z0-9_]{2,})\b\s*(.*)$")
_FIXED = [
    re.compile(pattern)
    for pattern in (
        r"^(?:\w+\.)*KeyError: '([A-Z][A-Z0-9_]*_[A-Z0-9_]+)'",
        r"key not found: \"([A-Z][A-Z0-9_]+)\" \(KeyError\)",
        r"must (?:have|contain) required property '([A-Z][A-Z0-9_]+)'",
        r"should have required property '\.?([A-Z][A-Z0-9_]+)'",
        r"^\s*([A-Z][A-Z0-9_]+): (?:unbound variable|parameter null or not set|parameter not set)",
        r": ([A-Z][A-Z0-9_]+): (?:unbound variable|parameter null or not set|parameter not set)",
        r"([A-Z][A-Z0-9_]+) not found\. Declare it as envvar or define a default",
        r"required key ([A-Z][A-Z0-9_]+) missing value",
        r"environment variable not found: \"?([A-Z][A-Z0-9_]+)",
        r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b\W{1,4}NotPresent",
    )
]
_FIELD_PATH = re.compile(r"\"(?:path|instancePath|loc)\":\s*\[\s*\"([A-Z][A-Z0-9_]+)\"\s*\]")
_ZOD = re.compile(
    r"\"received\":\s*\"undefined\"|\"Required\"|received undefined|too_small|non-?empty", re.IGNORECASE
)
_PYDANTIC = re.compile(r"^\s*([A-Za-z_]\w*)\s*\n\s+Field required\b", re.MULTILINE)


_ZOD_PRETTY = re.compile(
    r"(?:received undefined|Required)[^\n]*\n\s*→ at ([A-Z][A-Z0-9_]+)\s*$", re.MULTILINE
)


def needs_said(text: str, strict: bool = False) -> tuple[Need, ...]:
    """The variables that a text says are missing, in the order it names them.

    In: any text from a server, hostile or not; `strict` for texts that stand in code: one must speak of a lack, and
    not of one mode among others, since 'set X to …' may be advice for a feature. Only its last 64 KiB are read. Out: needs with the sentence as evidence; a text that
    reports a default or an optional feature gives none.
    """
    if "_" not in text and "env" not in text.casefold():
        return ()
    if strict and (not _MISSED.search(text) or _IN_SOME_MODE.search(text)):
        return ()
    text = text[-_MOST:].replace("\r\n", "\n").replace("\r", "\n")
    found = [*_schema_errors(text)]
    lines = [clean(line, _LONGEST) for line in _messages(text)]
    found += _listed(lines)
    for line in lines:
        fixed = _in_fixed_form(line)
        if fixed:
            found.append(fixed)
        else:
            found += _in_line(line)
    return merged(found)


def still_needed(text: str, env: Mapping[str, str]) -> tuple[Need, ...]:
    """What a server says it misses and does not have in the environment it was started with, or has empty there."""
    return tuple(
        need
        for need in needs_said(text)
        if not any(all(env.get(name, "").strip() for name in choice) for choice in need.choices)
    )


def _messages(text: str) -> Iterator[str]:
    """The lines, and of a log line in JSON the text in it."""
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped.startswith("{") and stripped.endswith("}") and len(stripped) < 20_000:
            try:
                row = json.loads(stripped)
            except (ValueError, RecursionError):
                row = None
            if isinstance(row, dict):
                yield from (part for text in _texts(row) for part in text.split("\n"))
                continue
        yield line


def _texts(row: dict[str, Any]) -> Iterator[str]:
    for key in ("message", "msg", "error", "err", "detail", "reason"):
        value = row.get(key)
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict) and isinstance(value.get("message"), str):
            yield value["message"]


def _schema_errors(text: str) -> Iterator[Need]:
    """What the validators of zod and pydantic print: the field's name on a line of its own."""
    for hit in _FIELD_PATH.finditer(text):
        around = text[max(0, hit.start() - 300) : hit.end() + 200]
        if _ZOD.search(around) and not is_of_the_system(hit[1]):
            yield Need(((hit[1],),), Source.WORDS, clean(f"{hit[1]}: {_reason(around)}"))
    for hit in _ZOD_PRETTY.finditer(text):
        yield Need(((hit[1],),), Source.WORDS, f"{hit[1]}: required")
    for hit in _PYDANTIC.finditer(text):
        if hit[1].isupper():
            yield Need(((hit[1],),), Source.WORDS, f"{hit[1]}: Field required")


def _reason(around: str) -> str:
    said = re.search(r"\"message\":\s*\"([^\"]{1,120})\"", around)
    return said[1] if said else "required"


def _listed(lines: Sequence[str]) -> Iterator[Need]:
    """A heading (`Missing environment variables:`), then a name a line."""
    for at, line in enumerate(lines):
        if not _LIST.search(line) or _HARMLESS.search(line):
            continue
        any_of = _ANY_OF.search(line)
        names: list[str] = []
        for below in lines[at + 1 : at + 30]:
            item = _ITEM.match(below)
            if item is None or _HARMLESS.search(item[2]) or is_of_the_system(item[1]):
                break
            names.append(item[1])
        if not names or not all("_" in each or "env" in line.casefold() for each in names):
            continue
        groups = [names] if any_of else [[each] for each in names]
        for group in groups:
            yield Need(tuple((each,) for each in group), Source.WORDS, f"{line} {', '.join(names)}")


def _in_fixed_form(line: str) -> Need | None:
    for pattern in _FIXED:
        hit = pattern.search(line)
        if hit and not is_of_the_system(hit[1]):
            return Need(((hit[1],),), Source.WORDS, line)
    return None


def _in_line(line: str) -> Iterator[Need]:
    plain = _DECORATED.sub("", line)
    if re.match(
        r"\s*(?:const|let|var|import|from|return|if|at|File|throw|raise|console)\b.*[({;]", plain
    ) and ("throw new" not in plain and "raise " not in plain):
        return  # a line of code from a stack trace
    sentences = re.split(r"(?<=[.!?;])\s+(?=[A-Z-])", plain)
    for at, sentence in enumerate(sentences):
        if not (_MISSED.search(sentence) or _ASKED.search(sentence)) or _HARMLESS.search(sentence):
            continue
        if at + 1 < len(sentences) and _GOES_ON.match(sentences[at + 1]):
            continue
        yield from _named_in(sentence, line)


def _named_in(sentence: str, line: str) -> Iterator[Need]:
    """The names in one sentence: each a need of its own, or one need with choices where it says so."""
    places: list[tuple[int, int, str]] = []
    for hit in NAME.finditer(sentence):
        before, after = sentence[: hit.start()], sentence[hit.end() :]
        if re.search(r"[/\\.<]$|code:?\s*$", before) and not re.search(r"env\.$|\s/$", before):
            continue  # part of a path, or an error's code
        if re.match(r"\s+(?:is|are)\s+(?:set|valid|present|found)\b", after) or is_of_the_system(hit.group()):
            continue
        places.append((hit.start(), hit.end(), hit.group()))
    for hit in _SINGLE.finditer(sentence):
        name = hit[1] or hit[2]
        if not any(start <= hit.start(1 if hit[1] else 2) < end for start, end, _ in places):
            group = 1 if hit[1] else 2
            if not is_of_the_system(name) and "_" not in name:
                places.append((hit.start(group), hit.end(group), name))
    places.sort()
    if not places:
        return
    options = frozenset(_OPTION.findall(sentence))
    for choices in _grouped(sentence, places):
        yield Need(choices, Source.WORDS, line, options)


def _grouped(sentence: str, places: Sequence[tuple[int, int, str]]) -> Iterator[tuple[tuple[str, ...], ...]]:
    between = [sentence[a[1] : b[0]] for a, b in itertools.pairwise(places)]
    is_or = [bool(re.search(r"\bor\b|(?<!\w)/|\|", each, re.IGNORECASE)) for each in between]
    any_of = bool(_ANY_OF.search(sentence[: places[0][0]])) or any(is_or)
    if not any_of:
        for name in dict.fromkeys(place[2] for place in places):
            yield ((name,),)
        return
    choices: list[list[str]] = [[places[0][2]]]
    for joint, (_, _, name) in zip(between, places[1:], strict=True):
        together = re.search(r"\band\b|&|\bwith\b|\bplus\b", joint, re.IGNORECASE) and not re.search(
            r"\bor\b", joint, re.IGNORECASE
        )
        if together:
            choices[-1].append(name)
        else:
            choices.append([name])
    yield tuple(dict.fromkeys(tuple(dict.fromkeys(each)) for each in choices))
