"""What taking back an edit of a file needs: noted inside the keychain, so that no copy of the file lies on the disk."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from diagnostics.configs.text_edit import Edit, edited
from diagnostics.secret import Secret
from diagnostics.text import clean
from recovery.config_file import Look, exchange
from recovery.model import RecoveryError
from recovery.ports import RecoveryWorld
from recovery.undo_copies import note, noted

_PART = "file"


def note_edits(
    world: RecoveryWorld,
    undo_id: str,
    collection: str,
    before: Look,
    rounds: Sequence[Sequence[Edit]],
    more: Mapping[str, Any],
) -> bytes:
    """Notes the way back before a file is edited.

    In: the file as it is; its edits, each round made on what the last one left; what else the step wants to know.
    Out: the content that is to be written.
    """
    text, back = before.text(), []
    for edits in rounds:
        moved, own = 0, []
        for each in sorted(edits, key=lambda edit: (edit.start, edit.end)):
            own.append([each.start + moved, each.start + moved + len(each.new), text[each.start : each.end]])
            moved += len(each.new) - (each.end - each.start)
        back.append(own)
        text = edited(text, edits)
    new = before.with_text(text)
    record = {**more, "old": before.digest, "new": hashlib.sha256(new).hexdigest(), "rounds": back}
    note(world, undo_id, collection, _PART, Secret(json.dumps(record)))
    return new


def noted_edits(world: RecoveryWorld, undo_id: str) -> dict[str, Any] | None:
    """What `note_edits` noted; None where there is nothing.

    Raises:
        RecoveryError: it is damaged.
    """
    said = noted(world, undo_id, _PART)
    if said is None:
        return None
    try:
        record = json.loads(said.reveal())
        if not isinstance(record["old"], str) or not isinstance(record["new"], str):
            raise TypeError
        if "rounds" not in record:  # as it was noted before edits came in rounds
            record["rounds"] = [record["edits"]]
    except (ValueError, TypeError, KeyError):
        raise RecoveryError("what was kept to take it back is damaged") from None
    return dict(record)


def take_back(now: Look, record: Mapping[str, Any], mark: str, uid: int, by_hand: str) -> None:
    """Gives the file its old content back, to the byte.

    In: `mark` as for `config_file.exchange`; `by_hand`, a sentence about what the person can do instead.

    Raises:
        RecoveryError: another program changed the file since; it is left as it is.
    """
    if now.digest == record["new"]:
        text = now.text()
        for edits in reversed(record["rounds"]):
            text = edited(text, [Edit(*each) for each in edits])
        old = now.with_text(text)
        if hashlib.sha256(old).hexdigest() == record["old"]:
            exchange(now, old, mark, uid)
            return
    raise RecoveryError(f"{clean(now.path)} was changed since, so it is left as it is. {by_hand}")
