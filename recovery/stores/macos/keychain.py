"""The keychains of macOS behind recovery's port: entries by the keyring library with questions switched off, in a child;
opening, closing and choosing by `security`.

The library deletes an old entry before it adds the new one, so what can't be added would be gone. Before an entry is
replaced its value is held and a throw-away entry is written and read; afterwards the entry is read back. The throw-away
entry has always the same name, so that one that a crash left behind goes with the next.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from diagnostics.child import ChildTimeoutError, run_child
from diagnostics.host import Host
from diagnostics.secret import Secret
from diagnostics.stores import Entry, StoreState
from diagnostics.stores.macos.child import SILENT
from diagnostics.stores.macos.looking import damage_of, look
from diagnostics.stores.macos.parsing import items, keychain_paths
from diagnostics.stores.macos.picture import label_of
from diagnostics.stores.macos.program import ProgramError, Told, ask_security, place_of
from diagnostics.stores.macos.status import AUTH_FAILED, NO_DEFAULT_KEYCHAIN, named, status_of_exit
from diagnostics.stores.similar import UNDO_SERVICE
from diagnostics.text import clean
from recovery.model import RecoveryError, UnavailableError
from recovery.stores.keyring_library import KeyringLibraryKeychain, copy_in, decoded
from recovery.stores.macos.terminal import answer_at_terminal

_SECONDS = 30.0
_PROBE = "mcp-doctor-probe"

WRITES = "def replace(service, name, value):"
"""Stands in the program that writes, and in none that only reads."""
_PROGRAM = (
    SILENT
    + """
import uuid
import keyring
silent()
def text(value):
    return None if value is None else base64.b64encode(value.encode("utf-8", "surrogateescape")).decode("ascii")
def probe():
    value = uuid.uuid4().hex
    keyring.set_password("@PROBE@", "probe", value)
    try:
        if keyring.get_password("@PROBE@", "probe") != value:
            raise OSError("a throw-away entry could not be read back")
    finally:
        keyring.delete_password("@PROBE@", "probe")
def replace(service, name, value):
    old = keyring.get_password(service, name)
    if old is not None:
        probe()
    try:
        keyring.set_password(service, name, value)
        if keyring.get_password(service, name) != value:
            raise OSError("it could not be read back")
    except Exception:
        if old is not None and keyring.get_password(service, name) is None:
            keyring.set_password(service, name, old)
        raise
answers = []
try:
    for asked in json.load(sys.stdin):
        do, service, name = asked["do"], asked["service"], asked["name"]
        if do == "get":
            try:
                answers.append(text(keyring.get_password(service, name)))
            except Exception as error:
                if not refusal(error):
                    raise
                answers.append({"refused": refusal(error)})
        elif do == "count":
            found = []
            while (value := keyring.get_password(service, name + str(len(found)))) is not None:
                found.append(text(value))
            answers.append(found)
        elif do == "set":
            replace(service, name, base64.b64decode(asked["value"]).decode("utf-8"))
            answers.append(None)
        else:
            if keyring.get_password(service, name) is not None:
                keyring.delete_password(service, name)
            answers.append(None)
except Exception as error:
    print(json.dumps({"error": type(error).__name__ + ": " + str(error), "status": refusal(error)}))
else:
    print(json.dumps({"answers": answers}))
""".replace("@PROBE@", _PROBE)
)


class MacKeychain(KeyringLibraryKeychain):
    """The keychains that this user's programs work with."""

    def state(self) -> StoreState:
        """See `recovery.ports.Keychain`."""
        return look(self._world.host).state()

    def refusal(self) -> RecoveryError:
        """See `WithoutDaemon`."""
        return RecoveryError("this is done by macOS itself: open Keychain Access for it")

    def named(self, service: str, names: Sequence[str]) -> list[Entry]:
        """The entries of these names that are listed; one that is not given to this Python has no value."""
        listed = self._listed()
        there = [each for each in names if (service, each) in listed]
        answers = self._ask([{"do": "get", "service": service, "name": each} for each in there])
        return [
            Entry(
                f"{service}/{name}",
                listed[service, name],
                name,
                {"service": service, "username": name},
                None if isinstance(answer, dict) else decoded(answer),
            )
            for name, answer in zip(there, answers, strict=True)
            if answer is not None
        ]

    def put(
        self,
        collection: str,
        label: str,
        attributes: Mapping[str, str],
        secret: Secret,
        *,
        replace: bool = True,
    ) -> str:
        """See `recovery.ports.Keychain`."""
        name = attributes.get("username", attributes.get("account", ""))
        self._refuse_several(attributes.get("service", ""), name)
        return super().put(collection, label, attributes, secret, replace=replace)

    def delete(self, entry: str) -> None:
        """See `recovery.ports.Keychain`."""
        service, _, name = entry.partition("/")
        self._refuse_several(service, name)
        super().delete(entry)

    def _refuse_several(self, service: str, name: str) -> None:
        """The library deletes by name before it adds, and names no keychain: only the first one's value is held."""
        if service == UNDO_SERVICE:
            return
        found = [
            each.keychain for each in items(self._dumped()) if (each.service, each.account) == (service, name)
        ]
        if len(found) > 1:
            where = ", ".join(clean(label_of(each)) for each in found)
            raise RecoveryError(
                f"{clean(name)} ({clean(service)}) is in {len(found)} keychains ({where}), and more than one of them could "
                "be deleted: in Keychain Access, delete the one that is not wanted first"
            )

    def names_of(self, service: str) -> list[str]:
        """The names of a service's entries, from the keychains' own lists; no value is read for that."""
        return sorted(name for each, name in self._listed() if each == service)

    def _undo_ids(self) -> set[str]:
        return {each.rpartition("/")[0] for each in self.names_of(UNDO_SERVICE)}

    def _copies(self, ids: Iterable[str]) -> list[Entry]:
        wanted = set(ids)
        names = [each for each in self.names_of(UNDO_SERVICE) if each.rpartition("/")[0] in wanted]
        found = self.named(UNDO_SERVICE, names)
        return [each if each.secret is None else copy_in(each.path, each.secret) for each in found]

    def _listed(self) -> Mapping[tuple[str, str], str]:
        """Service and name of every entry, with the keychain that it is found in first."""
        found: dict[tuple[str, str], str] = {}
        for each in items(self._dumped()):
            if each.kind == "genp":
                found.setdefault((each.service, each.account), each.keychain)
        return found

    def _dumped(self) -> str:
        """The records of all keychains that are searched; one that is damaged must not hide the others."""
        host = self._world.host
        try:
            told = ask_security(host, "dump-keychain")
        except ProgramError as error:
            raise RecoveryError(clean(str(error))) from None
        if told.code == 0:
            return told.output
        paths = [each for each in search_list(host) if damage_of(Path(each)) == ""]
        return _told(host, "dump-keychain", *paths).output if paths else ""

    def unlock(self, collection: str, password: Secret) -> None:
        """See `recovery.ports.Keychain`. The password goes to `security` at a terminal of its own."""
        one = look(self._world.host).keychain(collection)
        if one is not None and one.locked is False:
            return
        self._at_terminal("unlock-keychain", collection, answers=[password])

    def lock(self, collection: str) -> None:
        """See `recovery.ports.Keychain`."""
        self._done("lock-keychain", collection)

    def create(self, password: Secret, label: str = "login") -> str:
        """See `recovery.ports.Keychain`. It comes onto the search list, behind those that are there."""
        host = self._world.host
        path = str(host.home / "Library" / "Keychains" / f"{label}.keychain-db")
        if os.path.lexists(path):
            raise RecoveryError(f"{clean(path)} is there already: it is never written over")
        before = search_list(host)
        self._at_terminal("create-keychain", path, answers=[password, password])
        set_search_list(host, list(dict.fromkeys([*before, path])))
        if default_path(host) == "":
            self.set_default(path)
        return path

    def set_default(self, collection: str) -> None:
        """See `recovery.ports.Keychain`."""
        chosen = () if collection == "/" else (collection,)
        self._done("default-keychain", "-d", "user", "-s", *chosen)

    def allow(
        self, keychain: str, service: str, username: str, partitions: Sequence[str], password: Secret
    ) -> None:
        """Gives an entry another partition list.

        Raises:
            RecoveryError: the password is wrong, or `security` refused.
        """
        wanted = ("-S", ",".join(partitions), "-s", service, "-a", username, keychain)
        self._at_terminal("set-generic-password-partition-list", *wanted, answers=[password])

    def _at_terminal(self, *arguments: str, answers: Sequence[Secret]) -> None:
        host = self._world.host
        code = answer_at_terminal([str(place_of(host, "security")), *arguments], answers, host.env)
        if code == 0:
            return
        status = status_of_exit(code)
        if status == AUTH_FAILED:
            raise RecoveryError("the keychain refused the password: it is not the right one")
        raise RecoveryError(f"{arguments[0]} failed: {named(status) if status else f'exit code {code}'}")

    def _done(self, *arguments: str) -> Told:
        return _told(self._world.host, *arguments)

    def _ask(self, asked: Sequence[Mapping[str, str]]) -> list[Any]:
        if not asked:
            return []
        command = [sys.executable, "-P", "-c", _PROGRAM]
        given = json.dumps(asked).encode()
        try:
            done = run_child(command, env=self._world.host.env, seconds=_SECONDS, given=given)
            answer = json.loads(done.output)
            if "error" in answer:
                raise self._why(str(answer["error"]), int(answer.get("status", 0)))
            answers = list(answer["answers"])
        except ChildTimeoutError as error:
            raise UnavailableError(f"the keychain did not answer ({error})") from None
        except OSError as error:
            raise RecoveryError(f"the keyring library could not be started ({error.strerror})") from None
        except (ValueError, KeyError, TypeError):
            raise RecoveryError("macOS's Security framework could not be asked by this Python") from None
        if len(answers) != len(asked):
            raise RecoveryError("the keyring library ended without an answer")
        return answers

    def _why(self, said: str, status: int) -> RecoveryError:
        picture = look(self._world.host)
        one = picture.keychain(picture.default)
        if one is not None and one.locked:
            return UnavailableError("the keychain is locked: `mcp-doctor unlock` unlocks it")
        return RecoveryError(f"the keychain refused: {named(status) if status else clean(said, 300)}")


def default_path(host: Host) -> str:
    """Path of the default keychain, "" = there is none. Raises RecoveryError."""
    try:
        told = ask_security(host, "default-keychain", "-d", "user")
    except ProgramError as error:
        raise RecoveryError(clean(str(error))) from None
    if told.status == NO_DEFAULT_KEYCHAIN:
        return ""
    if told.code:
        raise RecoveryError(f"default-keychain: {told.said}")
    return next(iter(keychain_paths(told.output)), "")


def search_list(host: Host) -> list[str]:
    """The user's own search list; what the system adds to it for everybody is not in it. Raises RecoveryError."""
    return keychain_paths(_told(host, "list-keychains", "-d", "user").output)


def set_search_list(host: Host, paths: Sequence[str]) -> None:
    """Makes these the search list: `-s` replaces all of it, so it is read back. Raises RecoveryError."""
    if not paths:
        raise RecoveryError("an empty search list would hide every keychain")
    if search_list(host) == list(paths):
        return
    _told(host, "list-keychains", "-d", "user", "-s", *paths)
    if search_list(host) != list(paths):
        raise RecoveryError("macOS did not take the search list as it was given")


def _told(host: Host, *arguments: str) -> Told:
    try:
        told = ask_security(host, *arguments)
    except ProgramError as error:
        raise RecoveryError(clean(str(error))) from None
    if told.code:
        raise RecoveryError(f"{arguments[0]}: {told.said}")
    return told
