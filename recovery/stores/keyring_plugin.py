"""The encrypted file store as a backend of the Python keyring library, for servers that ask that library themselves.

Never chosen by the library's own order of preference, for its priority is below that of having no store at all: only
by name, in `PYTHON_KEYRING_BACKEND` or `keyringrc.cfg` (`default-keyring=recovery.stores.keyring_plugin.FileStoreKeyring`).
The file store itself must have been chosen as well (`diagnostics.stores.choice`).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from keyring.backend import KeyringBackend
from keyring.compat import properties
from keyring.credentials import Credential, SimpleCredential
from keyring.errors import KeyringError, PasswordDeleteError, PasswordSetError

if TYPE_CHECKING:
    from diagnostics.stores import Entry
    from recovery.stores.file_store import FileKeychain

# What reads the store is loaded when an entry is asked for: the library loads every plug-in only to look at it.
_APPLICATION = "Python keyring library"
_T = TypeVar("_T")


class FileStoreKeyring(KeyringBackend):
    """Reads and writes the encrypted file. Every call reads it afresh, asks nobody, and ends within seconds."""

    @properties.classproperty
    def priority(self) -> float:
        """Below `keyring.backends.fail` (0), so that the library never takes it by itself, nor chains it."""
        return -2

    def get_password(self, service: str, username: str) -> str | None:
        """The newest entry of this service and user name, None where there is none. Raises KeyringError."""
        found = self._found(service, username)
        return _text(found[0]) if found else None

    def get_credential(self, service: str, username: str | None) -> Credential | None:
        """The newest entry of this service (and user name, if one is given). Raises KeyringError."""
        found = self._found(service, username)
        return SimpleCredential(found[0].account, _text(found[0])) if found else None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Gives the newest entry of this name the value, or makes one. Raises PasswordSetError."""
        try:
            password.encode()
        except UnicodeEncodeError:
            raise PasswordSetError("the value is no text") from None

        def write() -> None:
            from diagnostics.secret import Secret

            keychain, found = _keychain(), self._found(service, username, PasswordSetError)
            if found:
                keychain.set_secret(found[0].path, Secret(password))
                return
            attributes = {"service": service, "username": username, "application": _APPLICATION}
            label = f"Password for '{username}' on '{service}'"
            keychain.put("file", label, attributes, Secret(password))

        _said(write, PasswordSetError)

    def delete_password(self, service: str, username: str) -> None:
        """Deletes the newest entry of this name. Raises PasswordDeleteError, also where there is none."""
        found = self._found(service, username, PasswordDeleteError)
        if not found:
            raise PasswordDeleteError("the encrypted store has no such entry")
        _said(lambda: _keychain().delete(found[0].path), PasswordDeleteError)

    def _found(
        self, service: str, username: str | None, error: type[KeyringError] = KeyringError
    ) -> "list[Entry]":
        """Newest first."""
        from diagnostics.deadline import on_disk

        wanted = {"service": service} if username is None else {"service": service, "username": username}
        found = _said(lambda: on_disk(lambda: _keychain().entries(wanted)), error)
        return sorted(found, key=lambda each: -each.modified)


def _keychain() -> "FileKeychain":
    from diagnostics.host import this_host
    from diagnostics.stores.choice import FILE_STORE_VARIABLE, choice_of, settings_path
    from recovery.model import RecoveryError
    from recovery.stores.file_store import FileKeychain
    from recovery.world import LocalWorld

    host = this_host()
    if choice_of(host) is None:
        raise RecoveryError(
            f"the keyring library was told to use mcp-doctor's encrypted file store, which was not chosen: neither "
            f"{FILE_STORE_VARIABLE} is set nor is there a {settings_path(host)}; `mcp-doctor check` says more"
        )
    return FileKeychain(LocalWorld(host))


def _said(do: Callable[[], _T], error: type[KeyringError]) -> _T:
    """Does it; a trouble is said in the library's own kind of error, which callers know."""
    from diagnostics.deadline import DeadlineError
    from recovery.model import RecoveryError

    try:
        return do()
    except (RecoveryError, DeadlineError) as trouble:
        raise error(str(trouble)) from None


def _text(entry: "Entry") -> str:
    value = entry.secret.reveal() if entry.secret is not None else ""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise KeyringError(
            "the entry's value is no text: `mcp-doctor check` says what is wrong with it"
        ) from None
    return value
