"""What takes long is asked before the checks are even loaded, and thinks while they are."""

import contextlib
from collections.abc import Collection, Iterator

from diagnostics.checks.applicable import FILE, STAND_IN
from diagnostics.context import Context

KEYRING_LIBRARY = "backend.keyring-library"


@contextlib.contextmanager
def keyring_asked_ahead(context: Context, checks: Collection[str] | None) -> Iterator[None]:
    """Lets the keyring library think, which takes a fifth of a second, until its check takes the answer.

    In: the ids of the checks that will be asked, None = all. Nothing is left of the question at the end.
    """
    wanted = checks is None or KEYRING_LIBRARY in checks
    if not wanted or not context.needs_store or context.store.subject.kind in {FILE, STAND_IN}:
        yield
        return
    from diagnostics.stores.keyring_backend import KeyringQuestion

    question = context.keyring_question = KeyringQuestion(context.host)
    try:
        yield
    finally:
        context.keyring_question = None
        question.end()
