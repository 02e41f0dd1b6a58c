"""Steps about one login that the keychain keeps: stored after signing in, or renewed with its refresh token.

A renewal may spend the refresh token at the moment it is asked for. So the entry is proved to be writable first, by
writing the note into it that it is being renewed; whoever finds that note later knows that the renewal was cut off.
"""

import contextlib
import dataclasses
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.context import SERVICE
from diagnostics.oauth.login import Login, NotALoginError, read_login
from diagnostics.secret import Secret
from diagnostics.stores import Entry
from recovery.entry_writing import default, matches, only, shown, verify_written
from recovery.login.endpoint import host_of
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.steps.entry import TOKEN, SetEntry
from recovery.undo_copies import copies, keep, own, restore, seal

_TRIES = 4


@dataclass(frozen=True, slots=True)
class StoreLogin:
    """Stores the login that signing in gave, as `SetEntry` stores a value."""

    kind: ClassVar[str] = "store-login"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    username: str
    undo_id: str
    one: bool = False
    """As `SetEntry.one`."""
    issuer: str = ""
    """Where one signs in, "" = the person is asked."""
    named_by: str = ""
    """The address of the server whose text names the issuer."""
    client_id: str = ""
    register: bool = False
    """Whether a client may be registered there on the way."""
    asked: tuple[str, ...] = ()
    """What else the person is asked for signing in."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The answers that it rests on."""
        return (TOKEN, *self.asked)

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Keep the login {shown(SERVICE, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Makes sure that there can be a code, and says what else happens on the way."""
        default(world)
        (stored,) = self._entry.preview(world)
        changes = [
            dataclasses.replace(stored, after=stored.after.replace("the value you give", "the new login"))
        ]
        if self.issuer:
            from recovery.login.error import LoginError
            from recovery.login.issuer import find_issuer

            if not find_issuer(self.issuer, world.host, self.named_by).device_endpoint:
                raise LoginError(
                    "no-device-flow",
                    f"{host_of(self.issuer)} offers no login by code (device flow): log in with the program that uses "
                    "the server",
                )
        if self.register:
            place = host_of(self.issuer) if self.issuer else "the authorization server"
            before = "the one that the earlier login was given to" if self.client_id else "none"
            after = "a new one, named mcp-doctor"
            if self.client_id:
                after += ", only if the earlier one is not known there any more"
            elif self.asked:
                after += ", if you give no client id"
            changes.append(Change(f"a client registered at {place}", before, after))
        return changes

    def make_sure_of(self, world: RecoveryWorld, answers: Answers) -> None:
        """See `SetEntry.make_sure_of`."""
        self._entry.make_sure_of(world, answers)

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """See `SetEntry.apply`."""
        return self._entry.apply(world, {TOKEN: answers[TOKEN]} if TOKEN in answers else {})

    def verify(self, world: RecoveryWorld) -> None:
        """Exactly one entry has the name, and it holds what was written."""
        self._entry.verify(world)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts the earlier login back, unless the entry was changed meanwhile."""
        self._entry.undo(world, kept)

    @property
    def _entry(self) -> SetEntry:
        return SetEntry(SERVICE, self.username, self.undo_id, self.one)


@dataclass(frozen=True, slots=True)
class RenewLogin:
    """Gets a new token with the refresh token of the login that is kept."""

    kind: ClassVar[str] = "renew-login"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    username: str
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Renew the login {shown(SERVICE, self.username)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Asks the authorization server where it takes renewals, but for none yet."""
        from recovery.login.refresh import issuer_of

        default(world)
        _, login = self._kept(world)
        issuer_of(login, world.host)
        return [
            Change(
                shown(SERVICE, self.username),
                "a login that needs a new token",
                f"the same login with a new token. Where {host_of(login.token_endpoint)} changes the refresh token with it, "
                "as many do, there is no way back to the earlier one",
            )
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Keeps the old login, notes the renewal in it, asks, and writes the answer at once."""
        from recovery.login.refresh import issuer_of, refresh

        default(world)
        entry, login = self._kept(world)
        issuer = issuer_of(login, world.host)
        try:
            keep(world, self.undo_id, [entry])
            entry = self._write(world, entry, dataclasses.replace(login, renewing=time.time()))
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error

        try:
            with _uninterrupted():
                new = refresh(login, issuer, world.host)
                made = self._keep_renewed(world, entry, new)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {"undo_id": self.undo_id, "entry": made.path}

    def verify(self, world: RecoveryWorld) -> None:
        """Exactly one entry has the name, and it holds what came of the renewal."""
        verify_written(world, SERVICE, self.username, self.undo_id)
        _, login = self._kept(world)
        if login.renewing is not None:
            raise RecoveryError("the renewal was cut off: the refresh token may be spent")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Puts the earlier login back, as long as its refresh token is still the one in force."""
        now = matches(world, SERVICE, self.username)
        earlier = copies(world, self.undo_id)
        if earlier and len(now) == 1 and now[0].secret is not None:
            old, new = _login(earlier[0].secret), _login(now[0].secret)
            if old is not None and new is not None and new.refresh_token != old.refresh_token:
                raise RecoveryError(
                    "the earlier refresh token was spent by the renewal, and using it again would end the login: the "
                    "renewed one stays"
                )
        restore(world, self.undo_id, now)

    def _kept(self, world: RecoveryWorld) -> tuple[Entry, Login]:
        entry = only(matches(world, SERVICE, self.username), shown(SERVICE, self.username))
        login = _login(entry.secret) if entry.secret is not None else None
        if login is None:
            raise RecoveryError(f"{shown(SERVICE, self.username)} holds no login: sign in again")
        return entry, login

    def _keep_renewed(self, world: RecoveryWorld, entry: Entry, new: Login) -> Entry:
        try:
            return self._write(world, entry, new, tries=_TRIES)
        except RecoveryError as error:
            raise RecoveryError(
                f"the login was renewed, and the keychain did not take what came of it ({error}). The earlier refresh "
                "token may be spent: if renewing fails again, sign in again"
            ) from error

    def _write(self, world: RecoveryWorld, old: Entry, login: Login, tries: int = 1) -> Entry:
        """Writes in place of an entry. Out: the one that stands now."""
        value = login.to_secret()
        for left in reversed(range(tries)):
            try:
                seal(world, self.undo_id, old.collection, value, beside=True)
                made = world.keychain.put(old.collection, old.label, own(old.attributes), value)
                if made != old.path and any(
                    each.path == old.path for each in matches(world, SERVICE, self.username)
                ):
                    world.keychain.delete(old.path)
            except RecoveryError:
                if not left:
                    raise
                time.sleep(0.2 * (tries - left))
            else:
                return dataclasses.replace(old, path=made, secret=value)
        raise AssertionError("the last try returns or raises")


def _login(value: Secret) -> Login | None:
    try:
        return read_login(value)
    except NotALoginError:
        return None


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl+C meanwhile waits until the end of the block, which has its own deadlines."""
    if threading.current_thread() is not threading.main_thread():
        yield  # it never comes here
        return
    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: noted.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)
        if noted:
            raise KeyboardInterrupt
