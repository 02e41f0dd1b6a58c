"""The Credential Manager behind the port of keychains: written so that the library which looks for an entry finds it.

What mcp-doctor keeps for itself (undo copies, what was set aside) has attributes, which no library here writes: it is a
document, in as many credentials as it needs.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from diagnostics.deadline import DeadlineError, call_within
from diagnostics.secret import Secret
from diagnostics.stores import Entry, StoreState
from diagnostics.stores.similar import QUARANTINE_SERVICE, UNDO_SERVICE
from diagnostics.stores.windows.blob import blob_of
from diagnostics.stores.windows.credential import (
    KEYRING_COMMENT,
    LARGEST_BLOB,
    LOCAL_MACHINE,
    SESSION,
    Credential,
    CredentialError,
)
from diagnostics.stores.windows.credential_manager import (
    LOGIN_PREFIX,
    SECONDS,
    CredentialManager,
    CredentialManagerError,
    listed,
    trouble_of,
)
from diagnostics.stores.windows.entry import (
    LOGINS,
    OUR_COMMENT,
    PART,
    STALE,
    document,
    entries_of,
    found_by_keyring,
    is_ours,
    left_behind,
    parts_of,
    persistence,
)
from diagnostics.stores.windows.error_codes import NOT_FOUND
from diagnostics.stores.windows.target import WRITTEN_AS, Scheme, name_of, same, target_of
from diagnostics.text import clean
from recovery.model import RecoveryError, UnavailableError
from recovery.stores.windows.calls import CredentialWriter
from recovery.stores.without_daemon import WithoutDaemon

T = TypeVar("T")
_OURS = frozenset({UNDO_SERVICE, QUARANTINE_SERVICE})
_FOR_NOW = frozenset({"no-logon-session", "full", "hung"})
"""Troubles that may be over later."""


class WindowsKeychain(WithoutDaemon):
    """The credentials of this session."""

    def __init__(self, calls: CredentialWriter) -> None:
        self._calls = calls

    def state(self) -> StoreState:
        """See `recovery.ports.Keychain`."""
        return CredentialManager(self._calls).state()

    def refusal(self) -> RecoveryError:
        """See `WithoutDaemon`."""
        return RecoveryError(
            "Windows opens and closes the Credential Manager itself, when you sign in and out: it has no password of its own"
        )

    def entries(self, attributes: Mapping[str, str]) -> Sequence[Entry]:
        """See `recovery.ports.Keychain`."""
        service, account = attributes.get("service", ""), attributes.get("username", "")
        prefix = f"{service}/" if service in _OURS else ""
        try:
            found = entries_of(listed(self._calls, prefix))
        except CredentialManagerError as error:
            raise _refused(error) from None
        if service and account and service not in _OURS:
            found = found_by_keyring(found, service, account)
        return [each for each in found if _has(each, attributes)]

    def put(
        self,
        collection: str,
        label: str,
        attributes: Mapping[str, str],
        secret: Secret,
        *,
        replace: bool = True,
    ) -> str:
        """See `recovery.ports.Keychain`. A name has one place here: there is no second entry of it."""
        if attributes.get("service") in _OURS:
            return self._put_document(attributes["service"], label, attributes, secret)
        scheme, service, account = _meant(attributes)
        reason = refusal_of(attributes, secret)
        if reason:
            raise RecoveryError(reason)
        if _unfit(secret, attributes.get("encoding", WRITTEN_AS[scheme])):  # a login: it may come in parts
            return self._put_document(LOGINS, label, attributes, secret)
        target = target_of(scheme, service, account)
        there = self._read(target)
        if scheme is Scheme.KEYRING and account and (there is None or there.user != account):
            compound = target_of(Scheme.COMPOUND, service, account)
            apart = self._read(compound)
            if there is not None or apart is not None:  # keyring looks there when SERVICE is another user's
                target, there = compound, apart
        if there is not None:
            if not same(there.user, account):
                raise RecoveryError(
                    f"another program's entry is named {clean(target)}, so nothing was written over it"
                )
            target = (
                there.target
            )  # as Windows has it: a name in another case would be taken for another entry
        self._write(
            Credential(
                target,
                account,
                _blob(attributes, scheme, secret),
                _persist(attributes, there),
                _comment(attributes, scheme),
            )
        )
        return target

    def set_secret(self, entry: str, secret: Secret) -> None:
        """See `recovery.ports.Keychain`."""
        there = self._read(entry)
        if there is None or is_ours(entry):
            raise RecoveryError(f"the entry {clean(entry)} is gone: look again")
        scheme = name_of(there.target, there.user, there.comment).scheme
        reason = _unfit(secret, WRITTEN_AS[scheme])
        if reason:
            raise RecoveryError(reason)
        blob = blob_of(secret.reveal(), WRITTEN_AS[scheme])
        self._write(Credential(there.target, there.user, blob, there.persist, there.comment))

    def delete(self, entry: str) -> None:
        """See `recovery.ports.Keychain`. What Windows can't decrypt right now is refused: it may come back."""
        if not is_ours(entry):
            if self._read(entry) is not None:
                self._delete(entry)
            return
        parts = self._parts(entry)
        for each in (entry, *parts):
            self._delete(each)

    # ── documents ───────────────────────────────────────────────────────────────────────────────────────────

    def _put_document(self, folder: str, label: str, attributes: Mapping[str, str], secret: Secret) -> str:
        """Each set of attributes has a place of its own; the earlier document stands until the new one is whole.

        What an earlier write left that was cut off goes first; only one operation at a time writes here.
        """
        for place in left_behind(self._within(lambda: self._calls.enumerate(f"{folder}/"))):
            self._delete(place)
        raw = document(label, attributes, secret)
        mark = hashlib.sha256(json.dumps(dict(attributes), sort_keys=True).encode()).hexdigest()[:16]
        name = attributes.get("username", "")
        target = f"{folder}/{name}~{mark}"
        old = self._parts(target)
        # What is kept for an undo serves the trail of this computer; elsewhere it would be a forgotten copy.
        lasts = persistence(attributes) if folder == LOGINS else LOCAL_MACHINE
        for place, part in parts_of(target, raw):
            self._write(Credential(place, name, part, lasts, OUR_COMMENT))
        for place in old:
            self._delete(place)
        return target

    def _parts(self, target: str) -> list[str]:
        """The names of a document's further parts."""
        return [each.target for each in self._within(lambda: self._calls.enumerate(f"{target}{PART}"))]

    # ── the calls, within their time ────────────────────────────────────────────────────────────────────────

    def _read(self, target: str) -> Credential | None:
        return self._within(lambda: self._calls.read(target))

    def _write(self, credential: Credential) -> None:
        self._within(lambda: self._calls.write(credential))

    def _delete(self, target: str) -> None:
        """Deletes it; one that is gone already is what was wanted."""
        try:
            call_within(SECONDS, lambda: self._calls.delete(target))
        except CredentialError as error:
            if error.code != NOT_FOUND:
                raise _refused(trouble_of(error)) from None
        except (DeadlineError, OSError, ImportError) as error:
            raise _refused(trouble_of(error)) from None

    def _within(self, call: Callable[[], T]) -> T:
        try:
            return call_within(SECONDS, call)
        except (CredentialError, DeadlineError, OSError, ImportError, ValueError) as error:
            raise _refused(trouble_of(error)) from None


def refusal_of(attributes: Mapping[str, str], secret: Secret) -> str:
    """Why the Credential Manager would not take an entry, "" = it does. Nothing is asked.

    What only mcp-doctor reads may be longer than one credential: what it keeps for itself, and logins.
    """
    service, account = _named(attributes)
    if service in _OURS or ("username" in attributes and account.startswith(LOGIN_PREFIX)):
        return ""
    if not service:
        return "the Credential Manager takes only entries that have a service"
    if "\0" in service + account or len(account) > 512 or len(service) > 16_000:
        return f"the name {clean(account, 60)} ({clean(service, 60)}) is none that Windows takes"
    scheme = _meant(attributes)[0]
    return _unfit(secret, attributes.get("encoding", WRITTEN_AS[scheme]))


def _unfit(secret: Secret, encoding: str) -> str:
    try:
        size = len(blob_of(secret.reveal(), encoding))
    except UnicodeEncodeError:
        return "the value is no text, so the keyring library could not read it"
    if size > LARGEST_BLOB:
        each = "two bytes a character" if encoding != "utf-8" else "as UTF-8"
        return (
            f"the value is too long for Windows: it takes {size:,} bytes ({each}), and the Credential Manager keeps at most "
            f"{LARGEST_BLOB:,}. Nothing was changed. Use a shorter token (a personal access token or an API key), or refer to "
            "a secrets manager (${VAULT:…}, ${AWS_SECRET:…}) in place of it"
        )
    return ""


def _has(entry: Entry, attributes: Mapping[str, str]) -> bool:
    """Whether it carries them; service and user name as Windows compares names."""
    return all(
        name in entry.attributes
        and (
            same(entry.attributes[name], value)
            if name in {"service", "username"}
            else entry.attributes[name] == value
        )
        for name, value in attributes.items()
    )


def _named(attributes: Mapping[str, str]) -> tuple[str, str]:
    account = attributes.get("username", attributes.get("account", attributes.get(STALE, "")))
    return attributes.get("service", ""), account


def _meant(attributes: Mapping[str, str]) -> tuple[Scheme, str, str]:
    """Which library's entry has these attributes, its service and account."""
    service, account = _named(attributes)
    if "username" in attributes:
        return Scheme.KEYRING, service, account
    if STALE in attributes:
        return Scheme.COMPOUND, service, account
    if "account" in attributes:
        by = attributes.get("application")
        scheme = next((each for each in (Scheme.GO, Scheme.RUST) if by == each.value), Scheme.KEYTAR)
        return scheme, service, account
    return Scheme.KEYRING, service, ""


def _blob(attributes: Mapping[str, str], scheme: Scheme, secret: Secret) -> bytes:
    return blob_of(secret.reveal(), attributes.get("encoding", WRITTEN_AS[scheme]))


def _comment(attributes: Mapping[str, str], scheme: Scheme) -> str:
    """As the entry says: what other programs wrote comes back as it was."""
    if scheme in {Scheme.KEYRING, Scheme.COMPOUND} and "application" in attributes:
        return KEYRING_COMMENT
    return attributes.get("comment", "")


def _persist(attributes: Mapping[str, str], there: Credential | None) -> int:
    """As the entry says; else as the one that is replaced, where that one outlives the sign-out."""
    if "persist" in attributes or there is None or there.persist == SESSION:
        return persistence(attributes)
    return there.persist


def _refused(error: CredentialManagerError) -> RecoveryError:
    said = clean(str(error), 400)
    return UnavailableError(said) if error.outcome in _FOR_NOW else RecoveryError(said)
