"""Questions to the Security framework and the keyring library, in a child in which no question can be put to the person.

`SecKeychainSetUserInteractionAllowed(false)` (SecKeychain.h) holds for a process: whatever would open a window fails
with -25308 instead. Where it can't be switched off, nothing is asked. The library has no limit of its own, so the child
is killed when its time is over.
"""

import base64
import binascii
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.child import ChildTimeoutError, run_child
from diagnostics.host import Host
from diagnostics.secret import Secret
from diagnostics.stores.state import UnansweredError
from diagnostics.text import clean

SECONDS = 6.0

SILENT = """
import base64, ctypes, json, sys
def silent():
    library = ctypes.CDLL("/System/Library/Frameworks/Security.framework/Security")
    status = library.SecKeychainSetUserInteractionAllowed(ctypes.c_ubyte(0))
    if status != 0:
        raise OSError("questions could not be switched off (%d)" % status)
    return library
def refusal(error):
    while error is not None:
        if error.args and isinstance(error.args[0], int):
            return error.args[0]
        error = error.__cause__
    return 0
"""
"""Begins every program that reads or writes here. `refusal` gives the OSStatus behind an error of the library, 0 = none."""

_STATES = (
    SILENT
    + """
wanted = json.load(sys.stdin)
library = silent()
bits = ctypes.c_uint32(0)
session = ctypes.c_uint32(0)
answer = {"session": None, "keychains": {}}
if library.SessionGetInfo(ctypes.c_uint32(0xFFFFFFFF), ctypes.byref(session), ctypes.byref(bits)) == 0:
    answer["session"] = bits.value
for path in wanted:
    reference = ctypes.c_void_p()
    status = library.SecKeychainOpen(path.encode("utf-8", "surrogateescape"), ctypes.byref(reference))
    if status == 0:
        state = ctypes.c_uint32(0)
        status = library.SecKeychainGetStatus(reference, ctypes.byref(state))
    answer["keychains"][path] = {"error": status} if status else {"state": state.value}
print(json.dumps(answer))
"""
)

_VALUES = (
    SILENT
    + """
import keyring
silent()
found = []
for service, name in json.load(sys.stdin):
    try:
        value = keyring.get_password(service, name)
    except Exception as error:
        found.append({"status": refusal(error), "said": type(error).__name__ + ": " + str(error)})
        continue
    found.append(None if value is None else
        {"value": base64.b64encode(value.encode("utf-8", "surrogateescape")).decode("ascii")})
print(json.dumps(found))
"""
)


@dataclass(frozen=True, slots=True)
class States:
    """What the framework tells without touching any secret."""

    session: int | None
    """Bits of the security session (AuthSession.h: 0x10 = it has a screen, 0x1000 = remote), None = not told."""
    keychains: Mapping[str, tuple[int, int]]
    """By path: the OSStatus, and bits of its state (SecKeychain.h: 1 = unlocked, 2 = readable, 4 = writable)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The library did not give a value."""

    status: int
    """OSStatus, 0 = the error had none."""
    said: str


Read = Secret | Refused | None
"""A value, why there is none, or None for an entry that is not there."""


def states_of(host: Host, paths: Sequence[str]) -> States:
    """The state of keychains, by their paths.

    Raises:
        UnansweredError: the framework could not be asked.
    """
    answer = _ask(host, _STATES, list(paths))
    try:
        told = {
            str(path): (int(each.get("error", 0)), int(each.get("state", 0)))
            for path, each in answer["keychains"].items()
        }
        return States(answer["session"], told)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _no_answer() from None


def values_of(host: Host, wanted: Sequence[tuple[str, str]], seconds: float = SECONDS) -> list[Read]:
    """The values of entries (service, user name), read by this Python, each as the library gives it.

    Raises:
        UnansweredError: the library could not be asked.
    """
    if not wanted:
        return []
    answer = _ask(host, _VALUES, [list(each) for each in wanted], seconds)
    try:
        found = [_read(each) for each in answer]
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        raise _no_answer() from None
    if len(found) != len(wanted):
        raise _no_answer()
    return found


def _read(each: Any) -> Read:
    if each is None:
        return None
    if "value" in each:
        return Secret(base64.b64decode(each["value"]).decode("utf-8", "surrogateescape"))
    return Refused(int(each["status"]), clean(str(each["said"]), 300))


def _ask(host: Host, program: str, asked: object, seconds: float = SECONDS) -> Any:
    command = [sys.executable, "-P", "-c", program]
    try:
        done = run_child(command, env=host.env, seconds=seconds, given=json.dumps(asked).encode())
        return json.loads(done.output)
    except ChildTimeoutError as error:
        said = f"the keychain did not answer this Python ({error})"
        raise UnansweredError("secret_service_unresponsive", said) from None
    except OSError as error:
        raise UnansweredError("keyring_no_backend", str(error)) from None
    except ValueError:
        raise _no_answer() from None


def _no_answer() -> UnansweredError:
    return UnansweredError(
        "keyring_no_backend", "macOS's Security framework could not be asked by this Python"
    )
