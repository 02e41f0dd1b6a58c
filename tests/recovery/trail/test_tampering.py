"""Every byte changed, every line dropped, swapped, repeated: none of it goes unseen, and the place is named."""

import json
import random
from collections.abc import Callable, Iterator
from itertools import combinations

import pytest

from diagnostics.host import Host
from recovery.journal import Event, Journal
from recovery.trail.key import key_files
from recovery.trail.record import canonical, digest
from tests.recovery.trail.conftest import anchor_of, edited, kinds, operate

Report = Callable[[str, object], None]


@pytest.fixture
def report(record_property: Report) -> Report:
    """Keeps a count for the end of the run."""
    return lambda name, count: record_property(f"count: tampers tried: {name}", count)


def changed_bytes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """At every place: a bit flipped, another letter case, another value, a byte too few and one too many."""
    random.seed(4)
    for at, byte in enumerate(content):
        values = {byte ^ 1, byte ^ 0x20, byte ^ 0x80, 0, 0x20, 0x0A, 0x30, random.randrange(256)} - {byte}
        for value in values:
            yield at, content[:at] + bytes([value]) + content[at + 1 :]
        yield at, content[:at] + content[at + 1 :]
        yield at, content[:at] + b" " + content[at:]


def test_every_byte_of_a_trail(host: Host, report: Report) -> None:
    journal = Journal(host)
    journal.append(Event.NOTE, "0a", note="first, with “quotes” and é")
    journal.append(Event.NOTE, "0a", note="last", step=1)
    content = journal.path.read_bytes()
    tried = 0
    for at, tampered in changed_bytes(content):
        journal.path.write_bytes(tampered)
        found = journal.examine()
        assert found.troubles, f"byte {at} of {content!r}: {tampered!r}"
        tried += 1
    journal.path.write_bytes(content)
    assert journal.verify() == []
    report("bytes of a trail", tried)
    assert tried >= 9 * len(content)


def test_every_byte_of_the_anchor(trail: Journal, host: Host, report: Report) -> None:
    anchor = anchor_of(host)
    content = anchor.read_bytes()
    tried = 0
    for at, tampered in changed_bytes(content):
        anchor.write_bytes(tampered)
        assert kinds(trail) == {"anchor"}, f"byte {at}: {tampered!r}"
        tried += 1
    anchor.write_bytes(content)
    assert trail.verify() == []
    report("bytes of its anchor", tried)


def test_every_line_dropped_repeated_moved_and_swapped(trail: Journal, report: Report) -> None:
    lines = trail.path.read_bytes().splitlines(keepends=True)
    count = len(lines)
    assert count == 10
    attacks: list[tuple[str, list[bytes], int]] = []
    for at in range(count):
        attacks.append(("drop", lines[:at] + lines[at + 1 :], min(at + 1, count - 1)))
        attacks += [
            ("repeat", [*lines[:to], lines[at], *lines[to:]], min(to + 1, count + 1))
            for to in range(count + 1)
        ]
        rest = lines[:at] + lines[at + 1 :]
        attacks += [
            ("move", [*rest[:to], lines[at], *rest[to:]], min(at, to) + 1) for to in range(count) if to != at
        ]
    for first, second in combinations(range(count), 2):
        swapped = [*lines]
        swapped[first], swapped[second] = swapped[second], swapped[first]
        attacks.append(("swap", swapped, first + 1))
        attacks.append(("drop several", lines[:first] + lines[second:], min(first + 1, count - 1)))
    attacks += [("cut off", lines[:keep], keep) for keep in range(1, count)]
    for what, tampered, _ in attacks:
        trail.path.write_bytes(b"".join(tampered))
        found = trail.examine().troubles
        assert found, (what, tampered == lines)
    for what, tampered, line in attacks:
        trail.path.write_bytes(b"".join(tampered))
        named = [each.line for each in trail.examine().troubles]
        near = {line, line + 1} if what in {"repeat", "drop", "drop several"} else {line}
        assert near & set(named) or what == "repeat", (what, line, named)
    report("lines dropped, repeated, moved, swapped, cut off", len(attacks))
    assert len(attacks) > 300


def test_each_kind_of_tampering_is_called_by_its_name(trail: Journal, host: Host) -> None:
    content = trail.path.read_bytes()

    def after(edit: Callable[[list[bytes]], list[bytes]]) -> set[str]:
        trail.path.write_bytes(content)
        return kinds(edited(trail, edit))

    foreign = canonical({"op": "x", "event": "note", "previous": "", "hash": "1", "uid": host.uid}) + b"\n"
    assert after(lambda lines: [lines[0].replace(b"Unlock", b"Unlink"), *lines[1:]]) == {"changed"}
    assert after(lambda lines: lines[:3] + lines[4:]) == {"missing"}
    assert after(lambda lines: lines[:3] + lines[6:]) == {"missing"}
    assert after(lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]]) == {"missing", "moved"}
    assert after(lambda lines: [*lines[:4], lines[1], *lines[4:]]) == {"repeated"}
    assert after(lambda lines: [*lines[:4], foreign, *lines[4:]]) == {"inserted"}
    assert after(lambda lines: lines[:-1]) == {"cut-off"}
    assert after(lambda lines: []) == {"gone"}
    trail.path.unlink()
    assert kinds(trail) == {"gone"}
    trail.path.write_bytes(content)
    anchor_of(host).unlink()
    assert kinds(trail) == {"anchor"}


def test_the_place_is_told_with_line_time_and_operation(trail: Journal) -> None:
    records = trail.records()
    edited(trail, lambda lines: [*lines[:6], lines[6].replace(b'"step":0', b'"step":1'), *lines[7:]])
    (found,) = trail.examine().troubles
    assert (found.line, found.at, found.operation) == (7, records[6]["at"], "0b")


def test_who_rewrites_the_whole_chain_without_the_key_is_seen(
    trail: Journal, host: Host, report: Report
) -> None:
    """Someone who knows how it is made, and has everything but the key file."""
    originals = trail.records()
    own = bytes.fromhex(key_files(host)[0].read_text())
    tried = 0
    for key in (None, b"\0" * 32, b"a guess", own[::-1]):
        for named in (True, False):
            previous, lines = "0" * 64, []
            for number, record in enumerate(originals):
                made = {**record, "previous": previous, "pid": 1}
                if not named:
                    made.pop("key")
                    made.pop("n")
                made["hash"] = previous = digest(made, key)
                lines.append(canonical(made) + b"\n")
                if number % 3 == 2:
                    trail.path.write_bytes(b"".join(lines))
                    assert trail.examine().troubles
                    tried += 1
    report("chains forged without the key", tried)


def test_what_a_writer_found_missing_stays_in_the_chain(trail: Journal, host: Host) -> None:
    """The next operation moves the anchor on; the gap must not be healed by that."""
    edited(trail, lambda lines: lines[:-3])
    operate(host, "0c")
    (found,) = trail.examine().troubles
    assert (found.kind, found.line) == ("noticed", 8)
    assert "10 records were known" in found.what


def test_a_key_without_a_trail_is_no_clean_slate(trail: Journal, host: Host) -> None:
    """Put aside as advised, or deleted: it can't be told, so it is not called well."""
    trail.path.unlink()
    anchor_of(host).unlink()
    found = trail.examine()
    assert found.holds is None
    assert "put aside, or deleted" in found.unknown[0].what


@pytest.mark.parametrize("what", ["trail", "anchor", "both", "replaced last"])
def test_writing_goes_on_after_files_were_taken_away(trail: Journal, host: Host, what: str) -> None:
    if what == "replaced last":
        edited(trail, lambda lines: [*lines[:-1], lines[-1].replace(b'"0b"', b'"0a"')])
        operate(host, "0c")
        assert kinds(trail) == {"changed"}
        return
    if what in {"trail", "both"}:
        trail.path.unlink()
    if what in {"anchor", "both"}:
        anchor_of(host).unlink()
    operate(host, "0c")
    assert kinds(trail) == (set() if what == "both" else {"noticed"})


def test_a_lost_key_is_told_and_keeps_nobody_from_writing(trail: Journal, host: Host) -> None:
    key_files(host)[0].unlink()
    assert kinds(trail) == {"copied", "anchor"}
    operate(host, "0c")
    found = trail.examine()
    assert {each.kind for each in found.troubles} == {"key", "noticed"}
    assert found.keyed == 5
    assert [each.id for each in trail.operations()] == ["0a", "0b", "0c"]


def test_another_line_break_or_spelling_is_a_change(trail: Journal) -> None:
    content = trail.path.read_bytes()
    for tampered in (
        content.replace(b"\n", b"\r\n"),
        content.replace(b"\n", b"\n\n", 1),
        b"".join(
            json.dumps(json.loads(line), sort_keys=True).encode() + b"\n" for line in content.splitlines()
        ),
        content.replace(b'{"at":', b'{"at":"","at":', 1),
        b"\xef\xbb\xbf" + content,
        content + content,
        content[:-1],
    ):
        trail.path.write_bytes(tampered)
        assert trail.examine().troubles
