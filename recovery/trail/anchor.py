"""The trail's end, noted outside of the trail: how many records there are, and the newest one's digest.

It is written after each record and before the deed. A crash between the two leaves it behind by what was written
last, which is recognised; an anchor that is ahead of the trail means that records were taken from its end.
"""

import hmac
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from diagnostics.host import Host
from recovery.model import RecoveryError
from recovery.trail.key import TrailKey, folders
from recovery.trail.record import Record, digest, number_of
from recovery.trail.storage import ForeignFileError, small_file

_LARGEST = 1 << 16


class AnchorError(Exception):
    """The anchor is there and can't be believed. The text says why."""


class AnchorUnreadableError(AnchorError):
    """The anchor is there, but nobody let us read it: nothing is known."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The newest record, and where it stands."""

    count: int
    hash: str
    at: str
    place: str
    """Path of the trail that it is about."""
    machine: str
    key: str
    """Id of the key that its own digest was made with."""

    def contradiction(self, last: Record | None, count: int) -> dict[str, str | int]:
        """What a writer that finds this anchor and this last record (the `count`th) must note; {} = all is well."""
        if last is not None:
            agrees = self.count == count and self.hash == last.get("hash")
            is_next = self.count + 1 == count and self.hash == last.get("previous")
            if agrees or is_next or self.count + 1 < count:
                return {}
        elif self.count == 0:
            return {}
        return {"count": self.count, "hash": self.hash, "at": self.at}


def anchor_files(host: Host) -> list[Path]:
    """The places of the anchor, the usual one first."""
    return [folder / "trail.anchor" for folder in folders(host)]


def read_anchor(host: Host, keys: dict[str, TrailKey]) -> Anchor | None:
    """The anchor that knows most; None where there is none.

    Raises:
        AnchorUnreadableError: it can't be read.
        AnchorError: it was changed, or is another installation's.
    """
    found = [each for path in anchor_files(host) if (each := _read(path, keys)) is not None]
    return max(found, key=lambda each: each.count, default=None)


def write_anchor(host: Host, anchor: Anchor, key: TrailKey) -> None:
    """Writes it in one step, to the disk. Raises RecoveryError where no place takes it."""
    from recovery.files import LocalFiles

    data = asdict(anchor)
    content = (
        json.dumps(data | {"hash_of_this": digest({"anchor": data}, key.value)}, sort_keys=True).encode()
        + b"\n"
    )
    trouble: RecoveryError | None = None
    for path in anchor_files(host):
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            LocalFiles(host.uid).write(str(path), content)
        except RecoveryError as error:
            trouble = error
        except OSError as error:
            trouble = RecoveryError(f"{path.parent} can't be made: {error.strerror}")
        else:
            return
    if trouble is not None:
        raise trouble


def anchored(record: Record, place: Path, key: TrailKey) -> Anchor:
    """The anchor for a record that was just written."""
    return Anchor(
        number_of(record) or 0,
        str(record["hash"]),
        str(record["at"]),
        str(place),
        str(record.get("machine", "")),
        key.id,
    )


def _read(path: Path, keys: dict[str, TrailKey]) -> Anchor | None:
    try:
        found = small_file(path, _LARGEST)
    except ForeignFileError as error:
        raise AnchorError(f"the anchor {error}") from error
    except OSError as error:
        raise AnchorUnreadableError(f"the anchor {path} can't be read: {error.strerror}") from error
    if found is None:
        return None
    content, _ = found
    try:
        data = json.loads(content)
        said = str(data.pop("hash_of_this"))
        anchor = Anchor(**data)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AnchorError(f"the anchor {path} was changed: it is not what mcp-doctor wrote") from error
    key = keys.get(str(anchor.key))
    if key is None:
        raise AnchorError(f"the anchor {path} was made with a key that is not here")
    spelt = json.dumps(data | {"hash_of_this": said}, sort_keys=True).encode() + b"\n"
    if (
        not hmac.compare_digest(said.encode(), digest({"anchor": data}, key.value).encode())
        or spelt != content
    ):
        raise AnchorError(f"the anchor {path} was changed")
    return anchor
