"""The keyring library as a store, for systems whose own store it knows better than we do (macOS, Windows).

The library has no limit of its own and may wait for a prompt, so it is only asked in a child that is killed when
its time is over. It cannot list entries: `expect` says which to look for.
"""

import base64
import binascii
import json
import sys
from collections.abc import Iterable, Sequence
from functools import cached_property

from diagnostics.child import ChildTimeoutError, run_child
from diagnostics.host import Host
from diagnostics.model import Platform, Store
from diagnostics.secret import Secret
from diagnostics.stores.state import BusState, Entry, ProviderState, StoreError, StoreState
from diagnostics.text import clean

SERVICE = "mcp-secrets"
ASK_SECONDS = 8.0
"""For the child's start and all names together; a prompt that nobody sees would wait for ever."""

# What runs in the child: names as JSON in, secrets as JSON out, through pipes alone.
_PROGRAM = """
import base64, json, sys
import keyring
wanted = json.load(sys.stdin)
found = {}
for name in wanted["names"]:
    try:
        value = keyring.get_password(wanted["service"], name)
    except Exception as error:
        print(json.dumps({"error": type(error).__name__ + ": " + str(error)}))
        sys.exit(0)
    if value is not None:
        found[name] = base64.b64encode(value.encode("utf-8", "surrogateescape")).decode("ascii")
print(json.dumps({"found": found, "backend": str(keyring.get_keyring())}))
"""


# keytar's target on Windows is SERVICE/ACCOUNT and its bytes are UTF-8, which the library would read as UTF-16.
_FOREIGN_PROGRAM = """
import base64, json, sys
wanted = json.load(sys.stdin)
service, account = wanted["service"], wanted["account"]
found = None
try:
    if sys.platform == "win32":
        from win32ctypes.pywin32 import pywintypes, win32cred
        try:
            found = bytes(win32cred.CredRead(Type=1, TargetName=service + "/" + account)["CredentialBlob"])
        except pywintypes.error as error:
            if error.winerror != 1168:
                raise
    else:
        import keyring
        value = keyring.get_password(service, account)
        found = None if value is None else value.encode("utf-8", "surrogateescape")
except Exception as error:
    print(json.dumps({"error": type(error).__name__ + ": " + str(error)}))
    sys.exit(0)
print(json.dumps({"found": None if found is None else base64.b64encode(found).decode("ascii")}))
"""


def read_foreign(host: Host, service: str, account: str, seconds: float = ASK_SECONDS) -> Secret | None:
    """The entry that keytar keeps under this service and account on macOS or Windows, None where there is none.

    Raises:
        StoreError: the library failed, or did not answer in time.
    """
    if host.platform is Platform.MACOS and host.root is not None:
        from diagnostics.stores.macos.store import read_one

        return read_one(host, service, account, seconds)
    wanted = json.dumps({"service": service, "account": account}).encode()
    try:
        command = [sys.executable, "-P", "-c", _FOREIGN_PROGRAM]
        answer = json.loads(run_child(command, env=host.env, seconds=seconds, given=wanted).output)
        if "error" in answer:
            raise StoreError(cause_of(str(answer["error"])), clean(str(answer["error"])))
        found = answer["found"]
        return None if found is None else Secret(_text(str(found)))
    except ChildTimeoutError as error:
        raise StoreError("keyring_prompt_dismissed", str(error)) from None
    except OSError as error:
        raise StoreError("keyring_no_backend", str(error)) from None
    except (ValueError, KeyError, AttributeError):
        raise StoreError("keyring_no_backend", "the keyring library ended without an answer") from None


class KeyringLibrary:
    """Whatever the keyring library of this Python picks."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._names: tuple[str, ...] = ()

    @property
    def subject(self) -> Store:
        """The store as a subject of checks."""
        return Store("keyring")

    def state(self) -> StoreState:
        """Nothing is known before an entry is asked for: the library has no question that is free of side effects."""
        return StoreState(bus=BusState(None, "none"), provider=ProviderState(installed=True, running=True))

    def expect(self, names: Iterable[str]) -> None:
        """These user names are what `entries` looks for."""
        self._names = tuple(dict.fromkeys(names))
        self.__dict__.pop("_answer", None)

    def entries(self) -> Sequence[Entry]:
        """Those of the expected names that exist, asked in one child, once.

        Raises:
            StoreError: the library failed, or did not answer in time.
        """
        if isinstance(self._answer, StoreError):
            raise self._answer
        return self._answer

    @cached_property
    def _answer(self) -> Sequence[Entry] | StoreError:
        if not self._names:
            return ()
        wanted = json.dumps({"service": SERVICE, "names": self._names}).encode()
        try:
            result = run_child(
                [sys.executable, "-P", "-c", _PROGRAM], env=self._host.env, seconds=ASK_SECONDS, given=wanted
            )
            answer = json.loads(result.output)
            if "error" in answer:
                return StoreError(cause_of(str(answer["error"])), clean(str(answer["error"])))
            return [_entry(str(name), str(value)) for name, value in answer["found"].items()]
        except ChildTimeoutError as error:
            return StoreError("keyring_prompt_dismissed", str(error))
        except OSError as error:
            return StoreError("keyring_no_backend", str(error))
        except (ValueError, KeyError, AttributeError, binascii.Error):
            return StoreError("keyring_no_backend", "the keyring library ended without an answer")


def cause_of(said: str) -> str:
    """The cause behind an error of the keyring library. In: `ErrorClass: message`."""
    for sign, cause in (
        ("-25308", "macos_keychain_locked"),
        ("-25293", "macos_keychain_access_denied"),
        ("-25244", "macos_keychain_access_denied"),
        ("-34018", "macos_missing_entitlement"),
        ("-128", "keyring_prompt_dismissed"),
        ("1312", "windows_no_logon_session"),
        ("KeyringLocked", "keyring_locked"),
        ("UnicodeDecodeError", "credential_corrupted"),
    ):
        if sign in said:
            return cause
    return "keyring_no_backend"


def _entry(name: str, encoded: str) -> Entry:
    return Entry(
        path=f"{SERVICE}/{name}",
        collection="",
        label=name,
        attributes={"service": SERVICE, "username": name},
        secret=Secret(_text(encoded)),
    )


def _text(encoded: str) -> str:
    return base64.b64decode(encoded, validate=True).decode("utf-8", "surrogateescape")
