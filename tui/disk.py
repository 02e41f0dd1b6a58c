"""Reading the doctor's own files: a disk that does not answer ends in a sentence, never in waiting for ever."""

from collections.abc import Callable
from typing import TypeVar

from diagnostics.deadline import DeadlineError, on_disk

T = TypeVar("T")
_SECONDS = 10.0
"""A long audit trail takes some of them to read, on a slow computer."""


def from_disk(job: Callable[[], T], what: str) -> T:
    """What a job reads, or its exception. In: what is read, in words (“the audit trail”). Call it in a thread.

    Raises:
        RecoveryError: the disk did not answer in time; the read goes on in a thread that nobody waits for.
    """
    try:
        return on_disk(job, _SECONDS)
    except DeadlineError as error:
        from recovery.model import RecoveryError

        raise RecoveryError(
            f"{what} can't be read: the disk did not answer within {error.seconds:g} s. Is it a network drive that is "
            "out of reach? Nothing was changed"
        ) from error
