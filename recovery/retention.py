"""How long an operation can be taken back: what is kept for an undo is let go after 30 days, and it is recorded."""

import contextlib
from datetime import UTC, datetime, timedelta

from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.operation import Event, Operation
from recovery.ports import RecoveryWorld
from recovery.undo_copies import forget, undo_ids

KEPT_FOR = timedelta(days=30)


def let_go_of_old_copies(world: RecoveryWorld, journal: Journal, now: datetime | None = None) -> list[str]:
    """Deletes earlier values that were kept for the undo of operations which are over and older than `KEPT_FOR`.

    Called after an operation that went well, by the one who holds `journal.operating()`. A copy that no operation of
    this trail names is left alone: it may be another computer's. Never raises: what can't be let go now is let go
    the next time. Out: ids of the operations that can't be taken back any more.
    """
    gone: list[str] = []
    with contextlib.suppress(RecoveryError):
        limit = (now or datetime.now(UTC)) - KEPT_FOR
        old = [each for each in journal.operations() if _undo_ids_of(each) and _is_over(each, limit)]
        if not old:
            return gone
        kept = undo_ids(world)
        for operation in old:
            left = _undo_ids_of(operation) & kept
            if not left:
                continue
            if operation.state is not Event.FORGOTTEN:
                journal.append(Event.FORGOTTEN, operation.id)
                gone.append(operation.id)
            for undo_id in left:
                forget(world, undo_id)
    return gone


def _is_over(operation: Operation, limit: datetime) -> bool:
    if operation.state not in {Event.DONE, Event.FAILED, Event.FORGOTTEN}:
        return False  # what is half done rests on its copies
    if operation.state is Event.FORGOTTEN:
        return True  # a crash came between the record and the deed
    try:
        at = datetime.fromisoformat(operation.changed)
    except ValueError:
        return False
    return at.tzinfo is not None and at < limit


def _undo_ids_of(operation: Operation) -> set[str]:
    found = (step.data.get("undo_id") for step in operation.steps)
    return {each for each in found if isinstance(each, str) and each}
