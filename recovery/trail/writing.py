"""Adds one record to the trail: who, where and when, chained to the one before, on the disk, then anchored."""

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnostics.host import Host
from recovery.model import RecoveryError
from recovery.trail import storage
from recovery.trail.actor import machine
from recovery.trail.anchor import anchored, write_anchor
from recovery.trail.clock import reading
from recovery.trail.continuation import missed, trail_name
from recovery.trail.key import TrailKey, own_key
from recovery.trail.record import Record, canonical, digest, plain


class RecordTooLongError(Exception):
    """The record does not fit into the trail; nothing was written."""


def write_record(
    host: Host, path: Path, event: str, operation: str, fields: Mapping[str, Any], who: Mapping[str, Any]
) -> tuple[Record, str]:
    """Adds a record to the file `path`. The caller holds the trail's lock.

    In: plain data; `who` is the actor. Out: the record as it was written, and why its anchor was not, "" = it was.

    Raises:
        RecordTooLongError: nothing was written.
        recovery.trail.storage.ForeignFileError: something else stands in the trail's place.
        OSError: it could not be written, and the file is as it was.
    """
    key = own_key(host)
    with storage.opened(path) as handle:
        end = storage.end_of(handle)
        count = storage.count_of(path, end)
        record = plain(
            {
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                **reading(),
                "user": host.user,
                "uid": host.uid,
                "who": who,
                "host": platform.node(),
                "machine": machine(host),
                "session": host.session.value,
                "pid": os.getpid(),
                "op": operation,
                "event": event,
                **fields,
                **_continuation(host, end, count, key),
            }
        )
        record["hash"] = digest(record, key.value)
        line = (b"\n" if end.broken_off else b"") + canonical(record) + b"\n"
        if len(line) > storage.LINE_LIMIT:
            raise RecordTooLongError("the record is too long for the audit trail")
        storage.add(handle, end, line)
    return record, _anchor(host, path, record, key)


def _continuation(host: Host, end: storage.End, count: int, key: TrailKey) -> dict[str, Any]:
    """What ties a record to those before it, and what its writer noticed about them."""
    fields: dict[str, Any] = {
        "n": count + 1,
        "key": key.id,
        "trail": trail_name(end.last),
        "previous": end.hash,
    }
    if end.torn:
        fields["torn"] = end.torn
    if end.last is not None and end.last.get("key") is None:
        fields["unkeyed_before"] = count  # the first version's records, sealed by this one
    noticed = missed(host, end.last, count, key)
    if noticed:
        fields["missed"] = noticed
    return fields


def _anchor(host: Host, path: Path, record: Record, key: TrailKey) -> str:
    try:
        write_anchor(host, anchored(record, path, key), key)
    except RecoveryError as error:
        return f"the audit trail's anchor was not written ({error}); the trail itself has every record"
    return ""
