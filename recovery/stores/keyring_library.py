"""The keychains of macOS and Windows as recovery touches them: through the keyring library, in a child.

The library knows an entry by service and user name alone and lists none. What recovery keeps for an undo has more to
it (attributes), so those copies are written as a small document, and are found again by the ids in the audit trail.
"""

import base64
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from diagnostics.child import ChildTimeoutError, run_child
from diagnostics.context import SERVICE
from diagnostics.model import Platform, Syntax
from diagnostics.secret import Secret
from diagnostics.stores import BusState, CollectionState, Entry, ProviderState, StoreState
from diagnostics.stores.similar import UNDO_SERVICE
from diagnostics.text import clean
from recovery.model import RecoveryError
from recovery.stores.without_daemon import WithoutDaemon

if TYPE_CHECKING:
    from recovery.ports import RecoveryWorld

_COLLECTION = "keyring"
_SECONDS = 30.0
"""For the child's start and everything asked at once; a prompt that nobody sees would wait for ever."""
_PARTS = ("", "r", "seal")
"""What the names of kept copies begin with, behind `ID/`; a number from 0 on follows."""
_LARGEST = {Platform.WINDOWS: 2560}
"""Bytes that a system's keychain takes as one value. Windows writes them as UTF-16 (CRED_MAX_CREDENTIAL_BLOB_SIZE)."""

# What runs in the child: questions as JSON in, answers as JSON out, through pipes alone.
_PROGRAM = """
import base64, json, sys
import keyring
def text(value):
    return None if value is None else base64.b64encode(value.encode("utf-8", "surrogateescape")).decode("ascii")
answers = []
try:
    for asked in json.load(sys.stdin):
        do, service, name = asked["do"], asked["service"], asked["name"]
        if do == "get":
            answers.append(text(keyring.get_password(service, name)))
        elif do == "count":
            found = []
            while (value := keyring.get_password(service, name + str(len(found)))) is not None:
                found.append(text(value))
            answers.append(found)
        elif do == "set":
            keyring.set_password(service, name, base64.b64decode(asked["value"]).decode("utf-8"))
            answers.append(None)
        else:
            if keyring.get_password(service, name) is not None:
                keyring.delete_password(service, name)
            answers.append(None)
except Exception as error:
    print(json.dumps({"error": type(error).__name__ + ": " + str(error)}))
else:
    print(json.dumps({"answers": answers}))
"""


class KeyringLibraryKeychain(WithoutDaemon):
    """The keychain that the keyring library picks in the world's environment."""

    def __init__(self, world: "RecoveryWorld") -> None:
        self._world = world

    def state(self) -> StoreState:
        """See `recovery.ports.Keychain`. The library tells nothing before an entry is asked for."""
        one = CollectionState(_COLLECTION, _COLLECTION)
        return StoreState(
            bus=BusState(None, "none"),
            provider=ProviderState(installed=True, running=True, program="keyring"),
            default=one,
            collections=(one,),
        )

    def refusal(self) -> RecoveryError:
        """See `WithoutDaemon`."""
        return RecoveryError("this system opens and locks its keychain itself: use its own program")

    def entries(self, attributes: Mapping[str, str]) -> Sequence[Entry]:
        """See `recovery.ports.Keychain`; of a service, those whose names are known (`known_names`)."""
        service, name = attributes.get("service", ""), attributes.get("username", "")
        if service == UNDO_SERVICE:
            found = self._copies({name.rpartition("/")[0]} if name else self._undo_ids())
        elif service and name:
            found = self.named(service, [name])
        else:
            services = [service] if service else [SERVICE]
            found = [entry for each in services for entry in self.named(each, self.names_of(each))]
        wanted = attributes.items()
        return [each for each in found if wanted <= each.attributes.items()]

    def names_of(self, service: str) -> list[str]:
        """The names of a service's entries, as far as they can be known."""
        return known_names(self._world, service)

    def named(self, service: str, names: Sequence[str]) -> list[Entry]:
        """The entries of these names."""
        answers = self._ask([{"do": "get", "service": service, "name": each} for each in names])
        return [
            Entry(
                f"{service}/{name}",
                _COLLECTION,
                name,
                {"service": service, "username": name},
                decoded(answer),
            )
            for name, answer in zip(names, answers, strict=True)
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
        """See `recovery.ports.Keychain`. An entry is its service and user name here: there is no second one of them."""
        service = attributes.get("service", "")
        name = attributes.get("username", attributes.get("account", ""))
        if not service or not name:
            raise RecoveryError("this keychain takes only entries that have a service and a user name")
        value = secret.reveal()
        if service == UNDO_SERVICE:
            value = json.dumps({"label": label, "attributes": dict(attributes), "value": value})
            name = self._name_of_copy(name, attributes)
        if not self._takes(value):
            raise RecoveryError(
                f"this system's keychain does not take the value of {clean(name)}: it is too long, or no text"
            )
        encoded = base64.b64encode(value.encode("utf-8")).decode("ascii")
        self._ask([{"do": "set", "service": service, "name": name, "value": encoded}])
        return f"{service}/{name}"

    def set_secret(self, entry: str, secret: Secret) -> None:
        """See `recovery.ports.Keychain`."""
        service, _, name = entry.partition("/")
        self.put(_COLLECTION, name, {"service": service, "username": name}, secret)

    def delete(self, entry: str) -> None:
        """See `recovery.ports.Keychain`."""
        service, _, name = entry.partition("/")
        self._ask([{"do": "delete", "service": service, "name": name}])

    def _name_of_copy(self, name: str, attributes: Mapping[str, str]) -> str:
        """Seals of one id differ by their attributes alone: here each gets a number."""
        if not name.endswith("/seal"):
            return name
        there = [each for each in self._copies({name.rpartition("/")[0]}) if each.account == name]
        same = [each for each in there if each.attributes == attributes]
        return same[0].path.partition("/")[2] if same else f"{name}{len(there)}"

    def _copies(self, ids: Iterable[str]) -> list[Entry]:
        """The copies under these ids, the last first, so that deleting in this order never leaves a gap."""
        stems = [f"{undo_id}/{part}" for undo_id in sorted(ids) for part in _PARTS]
        answers = self._ask([{"do": "count", "service": UNDO_SERVICE, "name": stem} for stem in stems])
        found: list[Entry] = []
        for stem, values in zip(stems, answers, strict=True):
            for number, value in reversed(list(enumerate(values))):
                found.append(copy_in(f"{UNDO_SERVICE}/{stem}{number}", decoded(value)))
        return found

    def _undo_ids(self) -> set[str]:
        from recovery.journal import Journal

        operations = Journal(self._world.host).operations()
        told = (step.data.get("undo_id") for each in operations for step in each.steps)
        return {each for each in told if isinstance(each, str) and each}

    def _takes(self, value: str) -> bool:
        return can_hold(Secret(value), self._world.host.platform)

    def _ask(self, asked: Sequence[Mapping[str, str]]) -> list[Any]:
        if not asked:
            return []
        try:
            done = run_child(
                [sys.executable, "-P", "-c", _PROGRAM],
                env=self._world.host.env,
                seconds=_SECONDS,
                given=json.dumps(asked).encode(),
            )
            answer = json.loads(done.output)
            if "error" in answer:
                raise RecoveryError(f"the system's keychain refused: {clean(str(answer['error']), 300)}")
            answers = list(answer["answers"])
        except ChildTimeoutError as error:
            raise RecoveryError(
                f"the system's keychain did not answer, it may be waiting for you ({error})"
            ) from None
        except OSError as error:
            raise RecoveryError(f"the keyring library could not be started ({error.strerror})") from None
        except (ValueError, KeyError, TypeError):
            raise RecoveryError("the keyring library ended without an answer") from None
        if len(answers) != len(asked):
            raise RecoveryError("the keyring library ended without an answer")
        return answers


def can_hold(value: Secret, platform: Platform) -> bool:
    """Whether this system's keychain takes a value: text, without the bytes that end one, and not too long."""
    text = value.reveal()
    try:
        size = len(text.encode("utf-16-le"))
    except UnicodeEncodeError:
        return False
    return "\0" not in text and size <= _LARGEST.get(platform, 1 << 21)


def known_names(world: "RecoveryWorld", service: str) -> list[str]:
    """Names of entries that may be there: those that configs mention, and those that the audit trail does."""
    from diagnostics.context import Options
    from diagnostics.discovery import discover
    from recovery.journal import Journal

    found: set[str] = set()
    if service == SERVICE:
        prefix = {Syntax.SECRET: "", Syntax.OAUTH: "oauth:"}
        for file in discover(world.host, Options()):
            for server in file.servers:
                found |= {
                    f"{prefix[each.syntax]}{each.name}"
                    for each in server.references
                    if each.syntax in prefix and each.name
                }
    for operation in Journal(world.host).operations():
        for step in operation.steps:
            name = step.data.get("username")
            if step.data.get("service", SERVICE) == service and isinstance(name, str) and name:
                found.add(name)
    return sorted(found)


def copy_in(path: str, secret: Secret) -> Entry:
    """What is kept for an undo, out of the document that it is written as."""
    try:
        told = json.loads(secret.reveal())
        attributes = {str(name): str(value) for name, value in told["attributes"].items()}
        return Entry(path, _COLLECTION, str(told["label"]), attributes, Secret(str(told["value"])))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Entry(path, _COLLECTION, "", {"service": UNDO_SERVICE}, secret)


def decoded(encoded: str) -> Secret:
    """A value as the child gives it."""
    return Secret(base64.b64decode(encoded).decode("utf-8", "surrogateescape"))
