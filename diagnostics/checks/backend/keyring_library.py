"""Store: the keyring library may be told to use another store than the one that was looked at."""

from typing import TYPE_CHECKING

from diagnostics.check import Verdict, check, fail, ok, unknown, warn
from diagnostics.checks.applicable import FILE, STAND_IN, not_applicable
from diagnostics.context import Context
from diagnostics.model import Platform, Store

if TYPE_CHECKING:
    from diagnostics.stores.keyring_backend import KeyringChoice

_EXPECTED = {
    Platform.LINUX: ("keyring.backends.SecretService.Keyring", "keyring.backends.libsecret.Keyring"),
    Platform.MACOS: ("keyring.backends.macOS.Keyring",),
    Platform.WINDOWS: ("keyring.backends.Windows.WinVaultKeyring",),
}

_FILE_STORE = "recovery.stores.keyring_plugin.FileStoreKeyring"


@check(of=Store, needs=("backend.provider",), within=6.0)
def keyring_library(context: Context, store: Store) -> Verdict | None:
    """Would the keyring library use this system's own store?"""
    from diagnostics.stores.keyring_backend import KeyringMissingError, KeyringQuestionError, ask_keyring

    passed = not_applicable(context, store)
    if passed is not None:
        return passed
    if store.kind == STAND_IN:  # it is not reached through the library
        return None
    try:
        asked = context.keyring_question
        choice = asked.answer() if asked else ask_keyring(context.host)
        if store.kind == FILE and choice.backend != _FILE_STORE:
            evidence = f"the library would use {choice.backend or choice.error or 'nothing'}"
            return ok("apart", evidence=(evidence,), expected=_FILE_STORE)
    except KeyringMissingError as error:
        return unknown("not-installed", evidence=(str(error),), said=str(error))
    except KeyringQuestionError as error:
        return unknown("no-answer", evidence=(str(error),), said=str(error))
    expected = (_FILE_STORE,) if store.kind == FILE else _EXPECTED[context.host.platform]
    return _verdict(choice, expected)


def _verdict(choice: "KeyringChoice", expected: tuple[str, ...]) -> Verdict:
    evidence = [f"the library would use {choice.backend or 'nothing'}"]
    if choice.variable:
        evidence.append(f"PYTHON_KEYRING_BACKEND={choice.variable}")
    if choice.config_file:
        evidence.append(f"{choice.config_file}: default-keyring={choice.configured or '(none)'}")
    if choice.chained:
        evidence.append(f"one after another: {', '.join(choice.chained)}")
    if choice.has_gobject:
        evidence.append("PyGObject is importable, so the library may also ask the store through libsecret")
    facts = {
        "backend": choice.backend,
        "expected": expected[0],
        "origin": choice.origin,
        "told_by": _told_by(choice),
        "config_file": choice.config_file,
        "chained": ", ".join(choice.chained),
        "said": choice.error,
    }
    if choice.error:
        return fail("unloadable", "keyring_backend_unloadable", evidence=(*evidence, choice.error), **facts)
    if choice.backend.startswith("keyring.backends.fail."):
        return fail("refuses", "keyring_no_backend", evidence=evidence, **facts)
    if choice.backend.startswith("keyring.backends.null."):
        return fail("null", "keyring_backend_null", evidence=evidence, **facts)
    if any("plaintext" in each.lower() for each in (choice.backend, *choice.chained[:1])):
        return fail("plaintext", "keyring_backend_plaintext", evidence=evidence, **facts)
    if choice.chained and choice.chained[0] in expected:
        several = [each for each in choice.chained if each not in expected]
        outcome = "several" if several else "expected"
        if several:
            return warn(outcome, "keyring_backend_unexpected", evidence=evidence, **facts)
        return ok(outcome, evidence=evidence, **facts)
    if choice.backend in expected:
        return ok("expected", evidence=evidence, **facts)
    return warn("another", "keyring_backend_unexpected", evidence=evidence, **facts)


def _told_by(choice: "KeyringChoice") -> str:
    if choice.origin == "variable":
        return "the variable PYTHON_KEYRING_BACKEND"
    if choice.origin == "file":
        return f"the file {choice.config_file}"
    return "the library's own order of preference"
