"""The stand-in Mac without processes of its own: the same programs, called in this one, for tests with very many calls.

Each call that changes something raises the audit event `stand-in`; what happens inside of one is bracketed, for it is
the system's own and happens as a whole.
"""

import contextlib
import ctypes
import io
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from diagnostics.child import ChildResult
from diagnostics.secret import Secret
from recovery.stores.macos.keychain import WRITES
from tests.support.macos import framework, keyring_backend, security
from tests.support.macos.stage import Stage
from tests.support.macos.state import Mac

_CHANGES = {"create-keychain", "unlock-keychain", "lock-keychain", "set-generic-password-partition-list"}


def move_in(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    """From now on every call to the stage's programs is made in this process."""
    for each in (
        "diagnostics.stores.macos.program",
        "diagnostics.stores.macos.child",
        "recovery.stores.macos.keychain",
    ):
        patch.setattr(f"{each}.run_child", _run_child)
    patch.setattr("recovery.stores.macos.keychain.answer_at_terminal", _answer)
    patch.setattr("tests.support.macos.state.time", SimpleNamespace(sleep=_no_window))
    patch.setattr("ctypes.CDLL", _library(ctypes.CDLL))
    patch.setitem(sys.modules, "keyring", _keyring())
    patch.setattr(framework.MAC, "root", stage.root)


def _run_child(
    command: Sequence[str], *, env: Mapping[str, str], seconds: float, given: bytes = b""
) -> ChildResult:
    mac = Mac(Path(env["STAND_IN_MAC"]), env["STAND_IN_SESSION"])
    if command[0] == sys.executable:
        if WRITES in command[-1]:
            sys.audit("stand-in", "the keyring library")
        return _called(lambda: _program(command[-1], mac.session), given)
    name, *arguments = (Path(command[0]).name, *command[1:])
    if name == "codesign":
        return ChildResult(0, b"", f"CDHash={mac.cdhash(arguments[-1])}\nTeamIdentifier=not set\n".encode())
    if arguments[0] in _CHANGES or "-s" in arguments:
        sys.audit("stand-in", f"security {arguments[0]}")
    return _called(lambda: security.main(arguments, mac), given)


def _answer(command: Sequence[str], answers: Sequence[Secret], env: Mapping[str, str]) -> int:
    security.ANSWERS[:] = [each.reveal() for each in answers]
    return _run_child(command, env=env, seconds=0).code


def _program(text: str, session: str) -> int:
    framework.MAC.session, framework.MAC.asks = session, True
    try:
        exec(text, {"__name__": "__main__"})
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def _called(call: Any, given: bytes) -> ChildResult:
    out, err, before = io.StringIO(), io.StringIO(), sys.stdin
    with _inside(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        sys.stdin = io.TextIOWrapper(io.BytesIO(given))
        try:
            code = call()
        except SystemExit as end:
            code = end.code
        finally:
            sys.stdin = before
    told = (each.getvalue().encode("utf-8", "surrogateescape") for each in (out, err))
    return ChildResult(code, *told)


@contextlib.contextmanager
def _inside() -> Iterator[None]:
    sys.audit("stand-in begins")
    try:
        yield
    finally:
        sys.audit("stand-in ends")


def _keyring() -> ModuleType:
    backend: Any = keyring_backend.Keyring
    module, backend = ModuleType("keyring"), backend()
    for each in ("get_password", "set_password", "delete_password"):
        setattr(module, each, getattr(backend, each))
    return module


def _library(real: Any) -> Any:
    return lambda name=None, *more, **named: (
        framework.Framework() if name == framework.PATH else real(name, *more, **named)
    )


def _no_window(_seconds: float) -> None:
    raise AssertionError("a window was opened")
