"""What is inside a backup: one JSON document that a person can read after `age -d`, schema `mcp-doctor.backup/1`.

    {"schema": "mcp-doctor.backup/1", "made": "2026-11-23T12:00:00Z", "made_by": "mcp-doctor 0.1",
     "host": {"name": …, "platform": "linux", "user": …}, "store": "secret-service",
     "entries": [{"service": …, "account": …, "label": …, "collection": "login", "attributes": {…},
                  "content_type": "text/plain", "value": …, "encoding": "text" or "base64",
                  "created": …, "modified": …, "digest": "sha256:…"}]}

`value` is the text itself, or base64 of bytes that are no text; `digest` is taken over the bytes; times are UTC,
null where the store did not tell. Fields that are not known are passed over, so that later versions may add some.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from diagnostics.secret import Secret
from diagnostics.stores.similar import QUARANTINE_SERVICE
from diagnostics.text import clean
from recovery.backups.error import BackupError, Reason

SCHEMA = "mcp-doctor.backup/1"
_FAMILY = "mcp-doctor.backup/"
MOST_ENTRIES = 10_000
_LONGEST_NAME = 4096
_MOST_ATTRIBUTES = 64
LARGEST_VALUE = 4 * 1024 * 1024
"""Bytes of one value."""
CONTENT_TYPE = "text/plain"
"""What gnome-keyring answers whatever it was given, and what recovery writes."""


@dataclass(frozen=True, slots=True)
class BackupEntry:
    """One entry as it was. The value's bytes are decoded as UTF-8 with surrogateescape."""

    attributes: Mapping[str, str]
    label: str
    collection: str
    """The last part of its collection's address (`login`), "" where the store has none."""
    value: Secret = field(repr=False)
    content_type: str = CONTENT_TYPE
    created: int = 0
    """Seconds since the epoch, 0 = not known."""
    modified: int = 0

    @property
    def service(self) -> str:
        """The keyring service, "" where it has none."""
        return self.attributes.get("service", "")

    @property
    def account(self) -> str:
        """The user name under whichever attribute its writer used."""
        return self.attributes.get("username", self.attributes.get("account", ""))

    @property
    def name(self) -> str:
        """For people, safe to show."""
        if self.service == QUARANTINE_SERVICE:
            return clean(self.label, 200)
        return clean(self.account or self.label or "(without a name)", 200)


@dataclass(frozen=True, slots=True)
class Backup:
    """The content of a backup."""

    made: str
    """UTC, ISO 8601."""
    made_by: str
    host: str
    """The computer's name."""
    platform: str
    user: str
    store: str
    """`secret-service` or `keyring`."""
    entries: tuple[BackupEntry, ...]


def written(backup: Backup, *, on_one_line: bool = False) -> Secret:
    """The document, for people to read or on one line."""
    document = {
        "schema": SCHEMA,
        "made": backup.made,
        "made_by": backup.made_by,
        "host": {"name": backup.host, "platform": backup.platform, "user": backup.user},
        "store": backup.store,
        "entries": [_written(each) for each in backup.entries],
    }
    return Secret(json.dumps(document, indent=None if on_one_line else 1, ensure_ascii=True) + "\n")


def digest_of(value: Secret) -> str:
    """`sha256:…` of a value's bytes."""
    return f"sha256:{hashlib.sha256(_raw(value)).hexdigest()}"


def read(content: bytes) -> Backup:
    """The backup in a document, every entry's digest looked at.

    Raises:
        BackupError: NOT_A_BACKUP, NEWER_BACKUP, TOO_LARGE or DAMAGED; the text names the entry by its number.
    """
    try:
        document = json.loads(content.decode("utf-8"), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        raise _foreign("it holds no such document") from None
    if not isinstance(document, dict) or not isinstance(document.get("schema"), str):
        raise _foreign("it does not say that it is one")
    schema = document["schema"]
    if schema != SCHEMA:
        if schema.startswith(_FAMILY) and schema.removeprefix(_FAMILY).isdigit():
            raise BackupError(
                Reason.NEWER_BACKUP,
                f"it was made by a newer version of mcp-doctor ({clean(schema, 60)}): read it with that one",
            )
        raise _foreign("it is of another kind")
    entries = document.get("entries")
    if not isinstance(entries, list):
        raise _foreign("its entries are missing")
    if len(entries) > MOST_ENTRIES:
        raise BackupError(Reason.TOO_LARGE, f"it holds more than {MOST_ENTRIES} entries")
    host = document.get("host")
    told: Mapping[str, Any] = host if isinstance(host, dict) else {}
    return Backup(
        made=_text(document.get("made")),
        made_by=_text(document.get("made_by")),
        host=_text(told.get("name")),
        platform=_text(told.get("platform")),
        user=_text(told.get("user")),
        store=_text(document.get("store")),
        entries=tuple(_entry(number, each) for number, each in enumerate(entries, 1)),
    )


def _written(entry: BackupEntry) -> dict[str, Any]:
    value, encoding = _encoded(entry.value)
    return {
        "service": entry.service,
        "account": entry.account,
        "label": entry.label,
        "collection": entry.collection,
        "attributes": dict(sorted(entry.attributes.items())),
        "content_type": entry.content_type,
        "value": value,
        "encoding": encoding,
        "created": _time(entry.created),
        "modified": _time(entry.modified),
        "digest": digest_of(entry.value),
    }


def _entry(number: int, found: object) -> BackupEntry:
    if not isinstance(found, dict):
        raise _odd(number, "is no entry")
    attributes = found.get("attributes")
    if not isinstance(attributes, dict) or not attributes or len(attributes) > _MOST_ATTRIBUTES:
        raise _odd(number, "has no attributes, or too many")
    for text in (*attributes, *attributes.values(), found.get("label", ""), found.get("collection", "")):
        if not isinstance(text, str) or len(text) > _LONGEST_NAME or not _can_be_a_name(text):
            raise _odd(number, "has a name, label or attribute that no keychain would take")
    entry = BackupEntry(
        attributes=dict(attributes),
        label=found.get("label", ""),
        collection=found.get("collection", ""),
        value=_value(number, found),
        content_type=_text(found.get("content_type")) or CONTENT_TYPE,
        created=_seconds(found.get("created")),
        modified=_seconds(found.get("modified")),
    )
    if found.get("digest") != digest_of(entry.value):
        raise BackupError(
            Reason.DAMAGED,
            f"entry {number} ({entry.name}) does not have the value that its digest was taken of: the backup was "
            "edited by hand, or made by a faulty program",
        )
    return entry


def _value(number: int, found: Mapping[str, Any]) -> Secret:
    value, encoding = found.get("value"), found.get("encoding")
    if not isinstance(value, str) or encoding not in {"text", "base64"}:
        raise _odd(number, "has no value")
    if len(value) > LARGEST_VALUE * 2:
        raise BackupError(Reason.TOO_LARGE, f"entry {number} is larger than any credential")
    if encoding == "text":
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise _odd(number, "has a value that is no text") from None
        return Secret(value)
    try:
        return Secret(base64.b64decode(value, validate=True).decode("utf-8", "surrogateescape"))
    except (binascii.Error, ValueError):
        raise _odd(number, "has a value that is no base64") from None


def _encoded(value: Secret) -> tuple[str, str]:
    text = value.reveal()
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return base64.b64encode(_raw(value)).decode("ascii"), "base64"
    return text, "text"


def _raw(value: Secret) -> bytes:
    return value.reveal().encode("utf-8", "surrogateescape")


def _can_be_a_name(text: str) -> bool:
    """Whether D-Bus and the stores can carry it."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _time(seconds: int) -> str | None:
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def _seconds(text: object) -> int:
    if not isinstance(text, str):
        return 0
    try:
        return max(0, int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()))
    except (ValueError, OverflowError):
        return 0


def _text(found: object) -> str:
    return clean(found, 200) if isinstance(found, str) else ""


def _foreign(how: str) -> BackupError:
    return BackupError(
        Reason.NOT_A_BACKUP, f"the file opened, but it is no backup that mcp-doctor made: {how}"
    )


def _odd(number: int, how: str) -> BackupError:
    return BackupError(
        Reason.NOT_A_BACKUP,
        f"entry {number} {how}, so this is no backup that mcp-doctor made; nothing of it is used",
    )
