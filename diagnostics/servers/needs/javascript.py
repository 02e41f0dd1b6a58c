"""Variables in JavaScript and TypeScript, as people write it and as bundlers leave it: read with patterns, not parsed."""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from itertools import accumulate

from diagnostics.servers.needs.need import Need, Source
from diagnostics.servers.needs.reading import FileReading
from diagnostics.servers.needs.words import needs_said

_Held = dict[str, list[tuple[str, int]]]
"""A name in the code -> the variables whose value it gets, and where."""
_NEAR = 1500
_UPPER = r"[A-Z][A-Z0-9_]{2,79}"
_READ = re.compile(
    rf"(?:process\??\.env|import\.meta\.env|Bun\.env)(?:\??\.({_UPPER})\b|\??\.?\[\s*[\"'`]({_UPPER})[\"'`]\s*\])"
    rf"|Deno\.env\.get\(\s*[\"'`]({_UPPER})[\"'`]"
)
_WHOLE = re.compile(r"=\s*process\.env\b(?![.\[?])")
_ALIAS = re.compile(r"\b([A-Za-z_$]\w{2,30})\s*(?::\s*[\w.<>, ]{1,60})?$")
_TAKEN_APART = re.compile(r"\{([^{}]{3,3000})\}\s*(?::\s*[\w.<>]{1,60})?$")
_TAKEN = re.compile(rf"(?<![\w$.])({_UPPER})\s*(?::\s*[\w$]+\s*)?(=?)")
_HELPER = re.compile(
    rf"((?:[eE]nv|ENV)\w{{0,30}}|(?:config|cfg|settings)\.get|getConfig)\("
    rf"\s*(?:[\"'`][\w-]{{1,40}}[\"'`]\s*,\s*)?[\"'`]({_UPPER})[\"'`]\s*(\)|,)"
)
"""The end of a function's name that speaks of the environment, and the variable it is asked for."""
_INSISTS = re.compile(r"requir|must|need|assert|ensure|mandatory", re.IGNORECASE)
_OPTION = re.compile(rf"\.env\(\s*[\"'`]({_UPPER})[\"'`]\s*\)")
_REQUIRED_LIST = re.compile(
    r"\brequired\w*\s*(?::\s*[\w<>\[\]]+\s*)?[=:]\s*(?:new Set\()?\[([^\][]{3,800})\]", re.IGNORECASE
)
_QUOTED = re.compile(rf"[\"'`]({_UPPER})[\"'`]")
_SCHEMA = re.compile(
    r"(?:cleanEnv\(\s*[\w.$]+\s*,\s*|createEnv\(\s*\{[^{}]{0,400}?\bserver\s*:\s*|\b[\w$]+\s*\.object\(\s*)\{"
)
_PARSES_ENV = re.compile(
    r"[pP]arse(?:Async)?\(\s*(?:\{\s*\.\.\.\s*)?(?:process\.env|env)\b(?!\.)|cleanEnv\(|createEnv\("
)
_KEY = re.compile(r"[\s,{]([A-Za-z_]\w{1,79})\s*:\s*")
_MAY_BE_MISSING = re.compile(
    r"\.(?:optional|default|nullish|nullable|catch|or)\(|default\s*:|optional|devDefault"
)
_LOOSE = re.compile(
    r"process\.env\[(?!\s*[\"'`])|process\.env\)|\.\.\.process\.env|Object\.(?:entries|keys)\(process\.env"
)

_HOLDER = re.compile(r"([A-Za-z_$][\w$]*)\s*([=:])\s*([^=;{}\n]{0,160})$")
_TYPED = re.compile(
    r"(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*:[\w$.<>\[\]| ]{1,60}(=)\s*([^=;{}\n]{0,120})$"
)
_ENDS = re.compile(
    r"\bthrow\b|process\.exit\(|process\.exitCode\s*=|Deno\.exit\(|\breject\(|Promise\.reject\(|\.fatal\("
)
_COMPLAINS = re.compile(
    r"\bthrow\b|Error\(|process\.exit|reject\(|\.(?:error|warn|fatal)\(|stderr\.write\(|(?:message|error|msg)\w*(?:\(\)\s*\{\s*return|\s*[=:])\s*.?$",
    re.IGNORECASE,
)
_SENT = re.compile(rf"[bB]earer (?:[\"']\s*\+\s*|\$\{{\s*)process\.env\.({_UPPER})\b")
"""Put into a header as it is, whether it is set or not."""
_IF = re.compile(r"\bif\s*\(")
_SHORT = re.compile(r"(?<![\w$.])([A-Za-z_$][\w$]*)\s*\|\|\s*\(")
_NO_DEFAULT = re.compile(r"\s*(?:\?\?|\|\|)\s*(?:\"\"|''|``|undefined\b|null\b|void 0|process\.env)")
_DEFAULT = re.compile(r"\s*(?:\?\?|\|\|)\s*\S")
_NEGATED = re.compile(
    r"^\(?\s*(?:!\s*\(?\s*([\w$.?\[\]\"']+?)(?:\?*\.(?:trim|length)\b(?:\(\))?)?"
    r"|([\w$.?\[\]\"']+?)(?:\.trim\(\)|\?*\.length)?\s*={2,3}\s*(?:undefined|null|void 0|\"\"|''|0)"
    r"|(?:undefined|null|void 0)\s*={2,3}\s*([\w$.?\[\]\"']+?)"
    r"|typeof\s+([\w$.?\[\]\"']+?)\s*(?:!={1,2}\s*[\"']string[\"']|={2,3}\s*[\"']undefined[\"']))\s*\)?$"
)


def read_file(text: str, where: str) -> FileReading:
    """What one file says of its variables. In: its text, and its name for the evidence."""
    found = FileReading()
    if "env" not in text and "Env" not in text:
        return found
    lines: list[int] = []

    def place(at: int) -> str:
        if not lines:
            lines.extend([0, *accumulate(len(line) + 1 for line in text.split("\n"))])
        return f"{where}:{bisect_right(lines, at)}"

    held: _Held = {}
    properties: dict[str, list[str]] = {}
    for name, start, end in _plain_reads(text):
        found.reads.setdefault(name, place(start))
        if _DEFAULT.match(text, end) and not _NO_DEFAULT.match(text, end):
            continue
        before = text[max(0, start - 200) : start]
        holder = _TYPED.search(before) or _HOLDER.search(before)
        if holder and "&&" not in holder[3] and not re.match(r"\s*(?:&&|[!=]==?)", text[end : end + 6]):
            if holder[2] == "=":
                held.setdefault(holder[1], []).append((name, start))
            else:
                properties.setdefault(holder[1], []).append(name)
    for name, at, default in _taken_apart(text):
        found.reads.setdefault(name, place(at))
        if not default:
            held.setdefault(name, []).append((name, at))
    for hit in _HELPER.finditer(text):
        found.reads.setdefault(hit[2], place(hit.start()))
        function = text[max(0, hit.start() - 40) : hit.end(1)]
        if hit[3] == ")" and _INSISTS.search(re.split(r"[^\w$]", function)[-1]):
            found.needs.append(_need([hit[2]], place(hit.start())))
    for hit in _OPTION.finditer(text):
        found.reads.setdefault(hit[1], place(hit.start()))
    for hit in _REQUIRED_LIST.finditer(text):
        for name in _QUOTED.findall(hit[1]):
            found.reads.setdefault(name, place(hit.start()))
            found.needs.append(_need([name], place(hit.start())))
    for hit in _SENT.finditer(text):
        if not _is_conditional(text, hit.start()):
            found.needs.append(_need([hit[1]], place(hit.start())))
    for name, at, required in _schema(text, properties):
        found.reads.setdefault(name, place(at))
        if required:
            found.needs.append(_need([name], place(at)))
    found.needs += [_need(names, place(at)) for names, at in _guards(text, held)]
    found.loose = bool(_LOOSE.search(text))
    return found


def complaints(text: str, where: str, names: Collection[str]) -> Iterator[Need]:
    """Needs that the error texts in a file tell of. In: the variables that the package reads."""
    seen: set[tuple[int, int]] = set()
    for name in names:
        at = text.find(name)
        for _ in range(20):
            if at < 0:
                break
            for span in _literals_around(text, at, at + len(name)):
                if span in seen:
                    continue
                seen.add(span)
                before = text[max(0, span[0] - 200) : span[0]]
                if _COMPLAINS.search(before) and not _is_conditional(text, span[0], name):
                    place = f"{where}:{text.count(chr(10), 0, at) + 1}"
                    for need in needs_said(_unescaped(text[span[0] : span[1]]), strict=True):
                        yield Need(need.choices, Source.CODE, f"{place}: {need.evidence}", need.options)
            at = text.find(name, at + len(name))


def quoted_names(text: str, where: str) -> Iterator[tuple[str, str]]:
    """Texts that look like variables: for a package that reads them under names it hands around."""
    for hit in _QUOTED.finditer(text):
        if "_" in hit[1]:
            yield hit[1], f"{where}:{text.count(chr(10), 0, hit.start()) + 1}"


def _need(names: list[str], place: str) -> Need:
    return Need(tuple((name,) for name in dict.fromkeys(names)), Source.CODE, place)


def _plain_reads(text: str) -> Iterator[tuple[str, int, int]]:
    for hit in _READ.finditer(text):
        if not re.match(r"\s*=(?!=)", text[hit.end() : hit.end() + 4]):
            yield hit[1] or hit[2] or hit[3], hit.start(), hit.end()
    before = [text[max(0, whole.start() - 100) : whole.start()] for whole in _WHOLE.finditer(text)]
    for alias in {found[1] for each in before if (found := _ALIAS.search(each))}:
        pattern = rf"(?<![\w$.]){re.escape(alias)}(?:\??\.({_UPPER})\b|\[\s*[\"'`]({_UPPER})[\"'`]\s*\])"
        for hit in re.finditer(pattern, text):
            yield hit[1] or hit[2], hit.start(), hit.end()


def _taken_apart(text: str) -> Iterator[tuple[str, int, bool]]:
    for whole in _WHOLE.finditer(text):
        begins = max(0, whole.start() - 3100)
        opened = text.rfind("{", begins, whole.start())
        inside = None if opened < 0 else _TAKEN_APART.match(text, opened, whole.start())
        for one in _TAKEN.finditer(inside[1]) if inside else ():
            yield one[1], opened + 1 + one.start(), bool(one[2])


def _schema(text: str, properties: dict[str, list[str]]) -> Iterator[tuple[str, int, bool]]:
    """Keys of a schema that the environment is held against: zod, envalid, t3-env.

    In: the properties of objects that are filled from variables, for a schema of such an object.
    """
    direct = bool(_PARSES_ENV.search(text))
    if not direct and not (len(properties) > 1 and "arse(" in text):
        return
    for hit in list(_SCHEMA.finditer(text))[:200]:
        end = _closing(text, hit.end() - 1, 8000)
        if end is None:
            continue
        body = text[hit.end() - 1 : end]
        keys = [
            each
            for each in _KEY.finditer(body)
            if body.count("{", 0, each.start(1)) - body.count("}", 0, each.start(1)) == 1
        ]
        own = [each for each in keys if each[1] in properties]
        mapped = len(own) > 1 and len(own) * 2 >= len(keys)
        for one, after in zip(keys, [*keys[1:], None], strict=False):
            value = body[one.end() : after.start() if after else len(body)]
            if not re.match(r"[\w$.]+\s*\.?\w*\(", value):
                continue
            names = [one[1]] if direct and one[1].isupper() else properties.get(one[1], []) if mapped else []
            for name in names[:1]:
                yield (
                    name,
                    hit.end() - 1 + one.start(1),
                    len(names) == 1 and not _MAY_BE_MISSING.search(value),
                )


def _guards(text: str, held: _Held) -> Iterator[tuple[list[str], int]]:
    """`if (!token) throw …`: what the condition rests on."""
    if not held and "process.env" not in text:
        return
    for hit in _IF.finditer(text):
        if not re.match(r"\s*[(!\w]", text[hit.end() : hit.end() + 3]):
            continue
        end = _closing(text, hit.end() - 1, 400)
        if end is None:
            continue
        condition = text[hit.end() : end - 1]
        if not ("!" in condition or "==" in condition):
            continue
        if "env" not in condition and not any(holder in condition for holder in held):
            continue
        groups = _lacking(condition, _near(held, hit.start()))
        if groups and _ENDS.search(_body(text, end)) and not _is_conditional(text, hit.start()):
            for names in groups:
                yield names, hit.start()
    for hit in _SHORT.finditer(text) if held else ():
        found = _near(held, hit.start()).get(hit[1]) if hit[1] in held else None
        end = _closing(text, hit.end() - 1, 600) if found else None
        if found and end and _ENDS.search(text[hit.end() : end]):
            yield found, hit.start()


def _near(held: _Held, at: int) -> dict[str, list[str]]:
    """What names hold at a place: the short ones of a bundler mean something else a function later."""
    return {
        holder: names
        for holder, places in held.items()
        if (names := [name for name, start in places if len(holder) > 2 or 0 <= at - start < _NEAR])
    }


def _lacking(condition: str, held: Mapping[str, list[str]]) -> list[list[str]]:
    """The needs that a condition for giving up tells of: `!a || !b` two, `!a && !b` one with a choice."""
    if "||" in condition and "&&" in condition:
        return []
    parts = re.split(r"\|\||&&", condition)
    if len(parts) > 8:
        return []
    groups = [_names_in(part.strip(), held) for part in parts]
    if "&&" in condition:
        return [] if not all(groups) else [[name for group in groups for name in group]]
    return [group for group in groups if group]


def _names_in(part: str, held: Mapping[str, list[str]]) -> list[str]:
    hit = _NEGATED.match(part)
    if hit is None:
        return []
    what = next(each for each in hit.groups() if each)
    read = _READ.fullmatch(what)
    if read:
        return [read[1] or read[2] or read[3]]
    return held.get(what.removeprefix("this."), [])


def _body(text: str, at: int) -> str:
    """What follows a condition: the block, or the one statement."""
    opened = re.match(r"\s*\{", text[at : at + 40])
    if opened:
        block = text[at : _closing(text, at + opened.end() - 1, 1500) or at + 600]
        return _IF.split(block, maxsplit=1)[0]
    end = text.find(";", at, at + 600)
    return text[at : end if end > 0 else at + 300]


def _closing(text: str, at: int, most: int) -> int | None:
    """Behind the bracket that closes the one at `at`; quoted text is passed over."""
    pairs = {"(": ")", "{": "}", "[": "]"}
    opens, closes = text[at], pairs[text[at]]
    depth, place, limit = 0, at, min(len(text), at + most)
    while place < limit:
        character = text[place]
        if character in "\"'`":
            end = text.find(character, place + 1, limit)
            while end > 0 and text[end - 1] == "\\":
                end = text.find(character, end + 1, limit)
            if end < 0:
                return None
            place = end
        elif character == opens:
            depth += 1
        elif character == closes:
            depth -= 1
            if depth == 0:
                return place + 1
        place += 1
    return None


def _is_conditional(text: str, at: int, own: str | None = None) -> bool:
    """Whether a place is only reached in some mode: it stands in the block of an `if` that is not about the variable.

    In: `own`, a variable whose own test does not count.
    """
    depth = 0
    for place in range(at - 1, max(0, at - 3000), -1):
        character = text[place]
        if character == "}":
            depth += 1
        elif character == "{":
            if depth:
                depth -= 1
                continue
            before = text[max(0, place - 300) : place].rstrip()
            if before.endswith("else") or re.search(r"\bcatch\s*(?:\([^()]*\))?$", before):
                return True
            head = re.search(r"\b(if|switch|while)\s*\(((?:[^()]|\([^()]*\))*)\)$", before)
            if head and head[1] == "if" and own is not None and _tests_a_value(head[2]):
                own = None
                continue
            if head:
                return True
            if re.search(r"\)\s*(?::\s*[\w<>\[\]| ]+)?$", before):
                return False  # the body of a function: who calls it is not followed
    return False


def _tests_a_value(condition: str) -> bool:
    return "!" in condition or "==" in condition


def _literals_around(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The quoted texts that a name may stand in, one for each kind of quote; not the name alone."""
    for quote in "\"`'":
        left = text.rfind(quote, max(0, start - 900), start)
        right = text.find(quote, end, end + 900)
        if left < 0 or right < 0 or right - left < end - start + 8:
            continue
        if text[left + 1] in "),;+]}:." or "throw new" in text[left:right]:
            continue  # the space between two texts
        if quote == "`" or "\n" not in text[left:right]:
            yield left + 1, right


def _unescaped(text: str) -> str:
    return text.replace("\\n", "\n").replace('\\"', '"').replace("\\'", "'").replace("${", "{")
