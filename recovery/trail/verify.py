"""Does the trail hold? Looks at its lines, its anchor, this computer, and the administrator's log."""

import hmac
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.host import Host
from diagnostics.regular_file import NotRegularError, open_regular
from diagnostics.text import clean
from recovery.trail import clock
from recovery.trail.actor import machine
from recovery.trail.anchor import Anchor, AnchorError, AnchorUnreadableError, anchor_files, read_anchor
from recovery.trail.chain import Walk
from recovery.trail.finding import Examination, Trouble
from recovery.trail.key import TrailKey, known_keys
from recovery.trail.record import Record, digest, number_of, parsed
from recovery.trail.sinks import shared_log

_SHARED_MOST = 1 << 24
"""Bytes from the end of the administrator's log."""


class Witnesses:
    """What stands outside of the trail. Read it before the trail: a writer may come in between."""

    def __init__(self, host: Host) -> None:
        self.keys, self.key_troubles = known_keys(host)
        self.anchor: Anchor | None = None
        self.anchor_trouble: AnchorError | None = None
        try:
            self.anchor = read_anchor(host, self.keys)
        except AnchorError as error:
            self.anchor_trouble = error
        self.emergencies, self.log_trouble = _emergencies(shared_log(host), self.keys)


def examine(
    host: Host, path: Path, witnesses: Witnesses, lines: Sequence[bytes], *, whole: bool
) -> Examination:
    """Everything that is to be said about the trail. In: its lines; `whole` = the last one has its line break."""
    walk = Walk(witnesses.keys, host.uid)
    walk.walk(lines)
    troubles = list(walk.troubles)
    notices = list(walk.notices)
    unknown = [Trouble(0, each, "key") for each in witnesses.key_troubles]
    if not whole and lines and parsed(lines[-1]) is not None:
        troubles.append(
            Trouble(
                len(lines),
                "the last line lacks its line break",
                "torn",
                todo="The next operation mends that.",
            )
        )
    for each in _by_the_anchor(path, witnesses, walk):
        (unknown if each.kind == "unreadable" else notices if each.kind == "behind" else troubles).append(
            each
        )
    (lost, earlier) = _by_the_log(witnesses, walk)
    troubles += lost
    notices += earlier
    if witnesses.log_trouble:
        unknown.append(Trouble(0, witnesses.log_trouble, "emergency-log"))
    (copied, told) = _by_the_machine(host, walk)
    troubles += copied
    notices += told
    if walk.records and not walk.keyed and not walk.strange_keys:
        first_version = (
            "all records are of the first version, without a keyed digest: the next record seals them"
        )
        notices.append(Trouble(0, first_version, "key"))
    if walk.records:
        line, newest = walk.records[-1]
        ahead = clock.ahead_of_now(newest)
        if ahead:
            notices.append(Trouble(line, ahead, "clock", _at(newest), _op(newest)))
    records = [record for _, record in walk.records]
    return Examination(
        len(records),
        walk.keyed,
        clean(str(records[0].get("at", "")), 40) if records else "",
        clean(str(records[-1].get("at", "")), 40) if records else "",
        tuple(troubles),
        tuple(unknown),
        tuple(sorted(notices, key=lambda each: each.line)),
    )


def begin_anew(host: Host, path: Path) -> list[str]:
    """The commands that put a trail which does not hold aside, so that a new one begins; nothing is lost."""
    there = [each for each in (path, *anchor_files(host)) if os.path.lexists(each)]
    number = next(
        at for at in range(1, 10_000) if not any(os.path.lexists(f"{each}.kept-{at}") for each in there)
    )
    return [f"$ mv {shlex.quote(str(each))} {shlex.quote(f'{each}.kept-{number}')}" for each in there]


def _by_the_anchor(path: Path, witnesses: Witnesses, walk: Walk) -> list[Trouble]:
    anchor = witnesses.anchor
    end = walk.records[-1][0] if walk.records else 0
    at, operation = _at(walk.last), _op(walk.last)
    if isinstance(witnesses.anchor_trouble, AnchorUnreadableError):
        return [Trouble(0, str(witnesses.anchor_trouble), "unreadable")]
    if witnesses.anchor_trouble is not None:
        return [Trouble(0, str(witnesses.anchor_trouble), "anchor")]
    if anchor is None:
        if walk.keyed > 1:
            gone = "the anchor, which knows how many records there are, is gone: some may have been taken from the end"
            return [Trouble(end, gone, "anchor", at, operation)]
        if walk.keyed:
            return [
                Trouble(
                    end, "the anchor was not written yet: a crash came in between", "behind", at, operation
                )
            ]
        if walk.records and witnesses.keys:
            what = (
                "no record has a keyed digest, although this installation has a key: the trail was replaced"
            )
            return [Trouble(1, what, "copied", at, operation)]
        if witnesses.keys and not walk.records and not walk.troubles:
            what = (
                "this installation has a key for a trail, and neither trail nor anchor: put aside, or deleted"
            )
            return [Trouble(0, what, "unreadable")]
        return []
    found = []
    if anchor.place != str(path):
        what = f"the anchor is that of {clean(anchor.place, 300)}: this trail was copied or moved here"
        found.append(Trouble(0, what, "copied"))
    if not walk.records:
        what = f"the trail is gone: {anchor.count} records were written, the newest at {clean(anchor.at, 40)}"
        return [*found, Trouble(0, what, "gone")]
    if anchor.count > walk.number:
        several = anchor.count > walk.number + 1
        missing = (
            f"records {walk.number + 1} to {anchor.count} were" if several else f"record {anchor.count} was"
        )
        what = f"the trail ends here, and {anchor.count} records were written: {missing} cut off"
        found.append(Trouble(end, what, "cut-off", at, operation))
    elif anchor.hash not in walk.by_hash:
        what = f"the record {anchor.count} that the anchor knows is not in the trail: it was replaced"
        found.append(Trouble(end, what, "changed", at, operation))
    elif anchor.count < walk.number:
        late = walk.number - anchor.count
        what = f"the anchor is {late} record{'s' if late > 1 else ''} behind: a crash, or it could not be written"
        found.append(Trouble(end, what, "behind", at, operation))
    return found


def _by_the_machine(host: Host, walk: Walk) -> tuple[list[Trouble], list[Trouble]]:
    """A trail that this computer never wrote to is a copy; one that several write to stands in a shared home."""
    here = machine(host)
    known = [(line, record) for line, record in walk.records if record.get("machine")]
    strange = [(line, record) for line, record in known if record["machine"] != here]
    if not here or not strange:
        return [], []
    line, record = strange[0]
    other = clean(str(record.get("host", "another computer")), 80)
    if len(strange) == len(known):
        what = f"all records were written on another computer ({other}): the trail was copied or moved here"
        return [Trouble(line, what, "copied", _at(record), _op(record))], []
    what = (
        f"{len(strange)} records were written on another computer ({other}): fine where both share this home"
    )
    return [], [Trouble(line, what, "copied", _at(record), _op(record))]


def _by_the_log(witnesses: Witnesses, walk: Walk) -> tuple[list[Trouble], list[Trouble]]:
    """Records in the administrator's log that this trail lacks, and those of a trail that was put aside."""
    ours = {record.get("trail") for _, record in walk.records} - {None}
    lost = [each for each in witnesses.emergencies if str(each.get("hash")) not in walk.by_hash]
    troubles = [
        Trouble(
            0,
            f"the administrator's log has the record {number_of(record)} of this trail, and the trail has not",
            "emergency-log",
            _at(record),
            _op(record),
        )
        for record in lost
        if record.get("trail") in ours
    ]
    earlier = len(lost) - len(troubles)
    what = f"the administrator's log has {earlier} records of an earlier trail of yours that is not here any more"
    return troubles, [Trouble(0, what, "emergency-log")] if earlier else []


def _emergencies(path: Path | None, keys: dict[str, TrailKey]) -> tuple[list[Record], str]:
    """This installation's records in the administrator's log, and why they can't be read."""
    if path is None:
        return [], ""

    def read() -> bytes:
        try:
            opened = open_regular(path, follow=False)
        except NotRegularError:
            return b""
        with opened as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _SHARED_MOST))
            return file.read()

    try:
        content = on_disk(read)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return [], ""  # whoever may only write to it is no witness
    except (OSError, DeadlineError):
        return [], f"{path} can't be read, so it was not compared with the trail"
    found = (parsed(line) for line in content.split(b"\n") if any(key.encode() in line for key in keys))
    return [each for each in found if each is not None and _is_ours(each, keys)], ""


def _is_ours(record: Record, keys: dict[str, TrailKey]) -> bool:
    """Whether it carries our digest; others write to that log too, and could name our key."""
    key = keys.get(str(record.get("key")))
    told = str(record.get("hash")).encode("utf-8", "replace")
    return key is not None and hmac.compare_digest(told, digest(record, key.value).encode())


def _at(record: Record | None) -> str:
    return clean(str(record.get("at", "")), 40) if record is not None else ""


def _op(record: Record | None) -> str:
    return clean(str(record.get("op", "")), 40) if record is not None else ""
