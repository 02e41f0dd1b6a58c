"""The keychains of macOS as a store for checks: which entries there are, and the values of those that are asked for."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from diagnostics.host import Host
from diagnostics.model import Store
from diagnostics.secret import Secret
from diagnostics.stores.macos.access import Access, Program, access_of
from diagnostics.stores.macos.child import SECONDS, Read, Refused, values_of
from diagnostics.stores.macos.looking import damage_of, look
from diagnostics.stores.macos.parsing import Item, items
from diagnostics.stores.macos.picture import Picture
from diagnostics.stores.macos.program import ProgramError, ask_security, this_python
from diagnostics.stores.macos.status import cause_of_status
from diagnostics.stores.state import Entry, StoreError, StoreState, UnansweredError

KIND = "macos-keychain"
SERVICE = "mcp-secrets"
LISTING_SECONDS = 8.0
"""For the records of one keychain."""
_MOST_BESIDE = 20
"""Keychain files beside the searched ones that are looked into for an entry."""


class MacStore:
    """The keychains of one user. Each question is asked once; none of them can open a window."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._names: tuple[str, ...] = ()

    @property
    def subject(self) -> Store:
        """The store as a subject of checks."""
        return Store(KIND)

    @cached_property
    def picture(self) -> Picture:
        """What the keychains look like."""
        return look(self._host)

    def state(self) -> StoreState:
        """See `CredentialStore`."""
        return self.picture.state()

    def expect(self, names: Iterable[str]) -> None:
        """These user names below `mcp-secrets` are those whose values `entries` reads."""
        self._names = tuple(dict.fromkeys(names))
        for name in ("_values", "_entries"):
            self.__dict__.pop(name, None)

    def entries(self) -> Sequence[Entry]:
        """Every password entry of the keychains, without its value unless it is expected and may be read.

        Raises:
            StoreError: the entries could not be listed.
        """
        return self._entries

    def refusal_of(self, name: str) -> Refused | None:
        """Why the value of an expected entry was not given to this Python, None = it was, or nobody asked."""
        found = self._values.get(name)
        return found if isinstance(found, Refused) else None

    def is_given(self, name: str) -> bool:
        """Whether this Python was given the value of an expected entry."""
        return isinstance(self._values.get(name), Secret)

    def item_of(self, name: str) -> Item | None:
        """The entry that a program gets for `${SECRET:name}`: the first in the order of the search."""
        found = [each for each in self._items if (each.service, each.account) == (SERVICE, name)]
        order = self.picture.searched
        mine = [each for each in found if each.keychain in order]
        return min(mine, key=lambda each: order.index(each.keychain), default=None)

    def access_of(self, name: str) -> Access:
        """What the access list of an entry means for this Python. Only an open keychain is asked for it."""
        one = self.item_of(name)
        keychain = self.picture.keychain(one.keychain) if one else None
        if one is None or keychain is None or keychain.locked is not False:
            return Access.UNKNOWN
        return rights(self._host, one.keychain, one.service, one.account, self.python)[0]

    @cached_property
    def python(self) -> Program:
        """This Python as access lists name it."""
        return this_python(self._host)

    @cached_property
    def _items(self) -> Sequence[Item]:
        paths = [each.path for each in self.picture.keychains if each.exists and not each.damage]
        if self.picture.trouble:
            raise UnansweredError("secret_service_unresponsive", self.picture.trouble)
        beside = _beside(Path(self.picture.login).parent, {*paths, *self.picture.searched})
        return [each for path in [*paths, *beside] for each in self._dumped(path)]

    def _dumped(self, path: str) -> Sequence[Item]:
        try:
            told = ask_security(self._host, "dump-keychain", path, seconds=LISTING_SECONDS)
        except ProgramError as error:
            raise UnansweredError("secret_service_unresponsive", str(error)) from None
        if told.code and path in self.picture.searched:
            kind = UnansweredError if told.status is None else StoreError
            raise kind(cause_of_status(told.status or 0), f"{path}: {told.said}")
        return [each for each in items(told.output) if each.kind == "genp"]

    @cached_property
    def _values(self) -> Mapping[str, Read]:
        open_ones = {each.path for each in self.picture.keychains if each.locked is False}
        wanted = [name for name in self._names if (one := self.item_of(name)) and one.keychain in open_ones]
        return dict(zip(wanted, values_of(self._host, [(SERVICE, each) for each in wanted]), strict=True))

    @cached_property
    def _entries(self) -> Sequence[Entry]:
        return [self._entry(each) for each in self._items]

    def _entry(self, one: Item) -> Entry:
        keychain = self.picture.keychain(one.keychain)
        value = self._values.get(one.account) if one.service == SERVICE else None
        mine = isinstance(value, Secret) and self.item_of(one.account) is one
        return Entry(
            path=f"{one.service}/{one.account}",
            collection=one.keychain,
            label=one.label,
            attributes={"service": one.service, "username": one.account},
            secret=value if mine and isinstance(value, Secret) else None,
            locked=keychain is None or keychain.locked is not False,
        )


def rights(
    host: Host, keychain: str, service: str, account: str, program: Program
) -> tuple[Access, Item | None]:
    """What an entry's access list means for a program, with the entry. In: a keychain that is open."""
    try:
        told = ask_security(host, "dump-keychain", "-a", keychain, seconds=LISTING_SECONDS)
    except ProgramError:
        return Access.UNKNOWN, None
    named = (service, account)
    found = [each for each in items(told.output) if (each.service, each.account) == named]
    if (
        len(found) != 1
    ):  # a keychain has a name once: text of another entry may have been made to look like a record
        return Access.UNKNOWN, None
    return access_of(found[0].access, program), found[0]


def read_one(host: Host, service: str, account: str, seconds: float = SECONDS) -> Secret | None:
    """One value by its name, None where there is none; for a start, which nothing may hold up.

    Raises:
        StoreError: it is there and was not given, or the store could not be asked.
    """
    (found,) = values_of(host, [(service, account)], seconds)
    if not isinstance(found, Refused):
        return found
    if cause_of_status(found.status) == "macos_keychain_locked":
        picture = look(host)
        one = picture.keychain(_holder(host, picture, service, account))
        if one is not None and one.locked is False:  # so it was this program that would have been asked about
            raise StoreError("macos_keychain_access_denied", found.said)
    raise StoreError(cause_of_status(found.status), found.said)


def _holder(host: Host, picture: Picture, service: str, account: str) -> str:
    """The first keychain on the search list that has the entry; the default one where none is seen to."""
    for path in picture.searched:
        try:
            told = ask_security(host, "dump-keychain", path)
        except ProgramError:
            break
        if any((each.service, each.account) == (service, account) for each in items(told.output)):
            return path
    return picture.default


def _beside(folder: Path, known: set[str]) -> list[str]:
    try:
        found = sorted(str(each) for each in folder.glob("*.keychain-db"))
    except OSError:
        return []
    return [each for each in found if each not in known and damage_of(Path(each)) == ""][:_MOST_BESIDE]
