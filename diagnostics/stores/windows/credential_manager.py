"""The Windows Credential Manager as a store: listed once, without a prompt, a write or a trace."""

from collections.abc import Sequence
from functools import cached_property

from diagnostics.deadline import DeadlineError, call_within
from diagnostics.model import Store
from diagnostics.secret import Secret
from diagnostics.stores.state import BusState, CollectionState, Entry, ProviderState, StoreError, StoreState
from diagnostics.stores.windows.credential import Credential, CredentialError, CredentialReader
from diagnostics.stores.windows.entry import COLLECTION, LOGINS, entries_of, entry_of, found_by_keyring
from diagnostics.stores.windows.error_codes import meaning_of
from diagnostics.stores.windows.target import Scheme, same, target_of

LOGIN_PREFIX = "oauth:"
"""As `diagnostics.oauth.login.PREFIX`; repeated so that a start loads no more than it needs."""
KIND = "credential-manager"
SECONDS = 8.0
"""For one call: it asks a service of Windows that may hang."""


class CredentialManagerError(StoreError):
    """The store could not be read. `outcome` is that of `backend.credential-manager`, `code` the error of Windows."""

    def __init__(self, outcome: str, cause: str, said: str, code: int = 0) -> None:
        super().__init__(cause, said)
        self.outcome = outcome
        self.code = code


class CredentialManager:
    """This session's credentials."""

    def __init__(self, calls: CredentialReader) -> None:
        self._calls = calls

    @property
    def subject(self) -> Store:
        """See `CredentialStore`."""
        return Store(KIND)

    def state(self) -> StoreState:
        """See `CredentialStore`."""
        trouble = self.trouble
        return state_of(trouble, 0 if trouble else len(self.entries()))

    def entries(self) -> Sequence[Entry]:
        """See `CredentialStore`. Raises CredentialManagerError."""
        if isinstance(self._answer, CredentialManagerError):
            raise self._answer
        return self._answer

    def entries_named(self, service: str, account: str) -> Sequence[Entry]:
        """See `NamesAlike`. Raises CredentialManagerError."""
        return found_by_keyring(self.entries(), service, account)

    @property
    def trouble(self) -> CredentialManagerError | None:
        """Why it can't be read, None where it was."""
        return self._answer if isinstance(self._answer, CredentialManagerError) else None

    @cached_property
    def _answer(self) -> Sequence[Entry] | CredentialManagerError:
        try:
            return entries_of(listed(self._calls))
        except CredentialManagerError as error:
            return error


def listed(calls: CredentialReader, prefix: str = "") -> Sequence[Credential]:
    """Every generic credential. Raises CredentialManagerError."""
    try:
        return call_within(SECONDS, lambda: calls.enumerate(prefix))
    except (CredentialError, DeadlineError, OSError, ImportError) as error:
        raise trouble_of(error) from None


def read_one(calls: CredentialReader, service: str, account: str, seconds: float = SECONDS) -> Secret | None:
    """The value that the keyring library is asked for: `SERVICE` where it is this account's, else `ACCOUNT@SERVICE`.

    Raises:
        CredentialManagerError: it can't be read.
    """
    plain = read_target(calls, target_of(Scheme.KEYRING, service, account), seconds)
    if plain is not None and plain.user == account:
        return entry_of(plain).secret
    compound = read_target(calls, target_of(Scheme.COMPOUND, service, account), seconds)
    if compound is not None and same(compound.user, account):
        return entry_of(compound).secret
    if not account.startswith(LOGIN_PREFIX):
        return None
    in_parts = found_by_keyring(entries_of(listed(calls, f"{LOGINS}/")), service, account)
    return in_parts[0].secret if in_parts else None


def read_target(calls: CredentialReader, target: str, seconds: float = SECONDS) -> Credential | None:
    """The credential of this name. Raises CredentialManagerError."""
    try:
        return call_within(seconds, lambda: calls.read(target))
    except (CredentialError, DeadlineError, OSError, ImportError) as error:
        raise trouble_of(error) from None


def trouble_of(error: Exception) -> CredentialManagerError:
    """What a failed call means."""
    if isinstance(error, CredentialError):
        meaning = meaning_of(error.code)
        said = f"Windows {meaning.said} ({error})"
        return CredentialManagerError(meaning.outcome, meaning.cause, said, error.code)
    if isinstance(error, DeadlineError):
        return CredentialManagerError("hung", "windows_vault_refused", f"the Credential Manager: {error}")
    said = f"the library that asks the Credential Manager can't be used ({type(error).__name__})"
    return CredentialManagerError("no-library", "keyring_no_backend", said)


def state_of(trouble: CredentialManagerError | None, items: int) -> StoreState:
    """The picture: there is neither a bus nor a daemon, and it is open while its user is signed in."""
    one = CollectionState(COLLECTION, "Windows Credentials", items=items)
    return StoreState(
        bus=BusState(None, "none"),
        provider=ProviderState(installed=True, running=True, program=KIND),
        default=one,
        collections=(one,),
        error=str(trouble) if trouble else "",
    )
