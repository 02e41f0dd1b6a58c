"""Walks the lines of a trail: is each record what was written, and does each follow the one before?"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from diagnostics.text import clean
from recovery.trail import clock
from recovery.trail.finding import Trouble
from recovery.trail.key import TrailKey
from recovery.trail.record import START, Record, canonical, digest, number_of, parsed


@dataclass
class Walk:
    """The walk's state and what it found. `walk` does all of it."""

    keys: Mapping[str, TrailKey]
    uid: int
    troubles: list[Trouble] = field(default_factory=list)
    notices: list[Trouble] = field(default_factory=list)
    records: list[tuple[int, Record]] = field(default_factory=list)
    """Line and record, of those that are whole."""
    last: Record | None = None
    number: int = 0
    """The newest record's number."""
    by_hash: dict[str, int] = field(default_factory=dict)
    """On which line a digest stands first."""
    strange_keys: dict[str, list[int]] = field(default_factory=dict)
    keyed: int = 0
    _suspect: bool = False
    """Whether the line before is in trouble itself, so that a broken link to it says nothing new."""
    _torn: Trouble | None = None
    _torn_length: int = 0

    def walk(self, lines: Sequence[bytes]) -> None:
        """All lines, in order."""
        for line, raw in enumerate(lines, start=1):
            record = parsed(raw)
            if record is None:
                self._settle_torn(None, line)
                self._torn, self._torn_length = _not_whole(line), len(raw)
                continue
            self._settle_torn(record, line)
            self._look(line, raw, record)
            self.records.append((line, record))
            self.last = record
        self._settle_torn(None, 0)
        for key, found in self.strange_keys.items():
            self._say_strange(key, found)
        self.troubles.sort(key=lambda each: each.line)

    def _settle_torn(self, record: Record | None, line: int) -> None:
        """A torn line is no trouble once the writer after the crash has seen it and said so."""
        said = record.get("torn") if record is not None else None
        if self._torn is not None:
            if said == self._torn_length:
                self.notices.append(
                    _about(self._torn.line, None, "a crash tore this line; the next record notes it", "torn")
                )
            else:
                self.troubles.append(self._torn)
                self._suspect = True
        elif said and record is not None:
            what = "the torn line that this record mentions is not there"
            self.troubles.append(_about(line, record, what, "missing"))
        self._torn = None

    def _look(self, line: int, raw: bytes, record: Record) -> None:
        before = len(self.troubles)
        previous = str(self.last.get("hash")) if self.last is not None else START
        seen = self.by_hash.get(str(record.get("hash")))
        if seen is not None:
            what = f"this record stands on line {seen} already: it was written here a second time"
            self.troubles.append(_about(line, record, what, "repeated"))
            self._suspect = True
            return
        self.by_hash[str(record.get("hash"))] = line
        if not self._is_genuine(line, raw, record):
            self._suspect = True
        elif record.get("previous") == previous:
            self._suspect = False
        else:
            if not self._suspect:
                self._say_broken_link(line, record)
            self._suspect = False
        number = number_of(record)
        self.number = number if number is not None else self.number + 1
        self._look_around(line, record)
        if len(self.troubles) == before and self.last is not None:
            jumped = clock.jump(self.last, record)
            if jumped:
                self.notices.append(_about(line, record, jumped, "clock"))

    def _is_genuine(self, line: int, raw: bytes, record: Record) -> bool:
        """Whether it is what was written, as far as its own digest tells."""
        name = record.get("key")
        key: TrailKey | None = None
        if name is not None:
            key = self.keys.get(str(name))
            if key is None:
                self.strange_keys.setdefault(clean(str(name), 40), []).append(line)
                return raw == canonical(record)
            self.keyed += 1
        elif self.keyed or self.strange_keys:
            what = "this record has no keyed digest, and those before it have: mcp-doctor did not write it"
            self.troubles.append(_about(line, record, what, "inserted"))
            return False
        told = str(record.get("hash"))
        if raw == canonical(record) and hmac.compare_digest(
            told.encode("utf-8", "replace"), digest(record, key.value if key else None).encode()
        ):
            return True
        self.troubles.append(_about(line, record, "this record was changed", "changed"))
        return False

    def _say_broken_link(self, line: int, record: Record) -> None:
        number, expected = number_of(record), self.number + 1
        if number is None or number == expected:
            what, kind = "the record before this one was changed, moved or taken out", "changed"
        elif number > expected:
            gone = str(expected) if number == expected + 1 else f"{expected} to {number - 1}"
            what, kind = f"before this one the record {gone} was taken out, or moved", "missing"
            if number > expected + 1:
                what = what.replace("the record", "the records").replace("was", "were")
        else:
            what, kind = f"this is record {number}, which does not belong here: it was moved", "moved"
        self.troubles.append(_about(line, record, what, kind))

    def _look_around(self, line: int, record: Record) -> None:
        """What a record says about itself and about what its writer found."""
        if record.get("uid") != self.uid and all(each.kind != "copied" for each in self.troubles):
            what = f"another user wrote this (uid {clean(str(record.get('uid')), 20)}): the trail was copied here"
            self.troubles.append(_about(line, record, what, "copied"))
        missed = record.get("missed")
        if missed:
            self.troubles.append(_about(line, record, _words_of(missed), "noticed"))

    def _say_strange(self, key: str, lines: list[int]) -> None:
        first = next(record for line, record in self.records if line == lines[0])
        span = f"line {lines[0]}" if len(lines) == 1 else f"{len(lines)} records from line {lines[0]}"
        everything = len(lines) == len(self.records)
        what = f"{span}: their digests were made with the key {key}, which is not here"
        what += (
            ": this trail was copied from another user, computer or home" if everything and self.keys else ""
        )
        self.troubles.append(_about(lines[0], first, what, "copied" if everything else "key"))


def _words_of(missed: object) -> str:
    """What a writer noted about the anchor that it found."""
    if not isinstance(missed, dict):
        return "the anchor did not fit when this was written"
    why = missed.get("why")
    if why:
        return f"when this was written: {clean(str(why))}"
    return (
        f"when this was written, {clean(str(missed.get('count')), 20)} records were known, the newest of "
        f"{clean(str(missed.get('at')), 40)}, and the trail did not end with it: records were taken from its end"
    )


def _not_whole(line: int) -> Trouble:
    return Trouble(
        line,
        "this line is not a whole record",
        "torn",
        todo="A power cut leaves such a last line; the next operation notes it, and then it is no trouble any more.",
    )


def _about(line: int, record: Record | None, what: str, kind: str) -> Trouble:
    at = clean(str(record.get("at", "")), 40) if record is not None else ""
    operation = clean(str(record.get("op", "")), 40) if record is not None else ""
    return Trouble(line, what, kind, at, operation)
