"""Itself: which store the keyring library of this Python picks, asked of the library in a child.

Only what is wrong with the choice whatever the session reaches: whether the store can be reached is every run's question.
"""

from collections.abc import Iterator

from diagnostics.check import Verdict, fail, ok, unknown
from diagnostics.context import Context
from diagnostics.itself import about_itself
from diagnostics.model import Stage, Store
from diagnostics.stores.keyring_backend import KeyringChoice, KeyringQuestionError, ask_keyring


@about_itself(Stage.BACKEND, within=6.0)
def keyring_library(context: Context, _store: Store) -> Iterator[Verdict]:
    """Does the keyring library keep credentials safely, as it is set up?"""
    try:
        yield from judge(ask_keyring(context.host))
    except KeyringQuestionError as error:
        yield unknown("no-answer", evidence=(str(error),))


def judge(choice: KeyringChoice) -> Iterator[Verdict]:
    """One verdict on what the library chose."""
    told_by = {
        "variable": "the variable PYTHON_KEYRING_BACKEND",
        "file": f"the file {choice.config_file}",
        "library": "the library's own order of preference",
    }[choice.origin]
    told = {"backend": choice.backend, "told_by": told_by}
    seen = [f"the library would use {choice.backend or 'nothing'} ({told_by})"]
    if choice.chained:
        seen.append(f"one after another: {', '.join(choice.chained)}")
    first = choice.chained[0] if choice.chained else choice.backend
    if choice.error:
        yield fail("unloadable", "keyring_backend_unloadable", evidence=(*seen, choice.error), **told)
    elif first.startswith("keyring.backends.null."):
        yield fail("null", "keyring_backend_null", evidence=seen, **told)
    elif "plaintext" in first.lower():
        yield fail("plaintext", "keyring_backend_plaintext", evidence=seen, **told)
    elif first.startswith("keyring.backends.fail."):
        yield ok("reaches-none", evidence=seen, **told)
    else:
        yield ok("sound", evidence=seen, **told)
