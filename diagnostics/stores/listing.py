"""Which entries a Secret Service has. Not every provider may be asked in the same way.

gnome-keyring lists everything for a search without conditions, and never asks anybody. KeePassXC finds nothing by such a
search, and brings up a window to unlock its database before it answers any (2.7.4); KWallet leaves out what the
keyring library's own KWallet part has written (kwalletd5 5.103). Of these two, the properties are read, which is safe.
"""

from collections.abc import Mapping

from jeepney import DBusAddress

from diagnostics.stores.bus import Bus, BusError, garbled
from diagnostics.stores.protocol import COLLECTION, ITEM, NAME, PROPERTIES, ROOT, SERVICE_INTERFACE

LIST_SECONDS = 4.0
KEEPASSXC_NAME = "org.keepassxc.KeePassXC.MainWindow"
KWALLET_NAMES = ("org.kde.kwalletd6", "org.kde.kwalletd5")
KSECRETD_NAME = "org.kde.ksecretd"
"""Of KWallet's daemon since KDE Frameworks 6.14; the names above are then those of a client of it."""
_OF_KEEPASSXC = frozenset({"Notes", "Path", "URL", "Uuid"})
"""What KeePassXC adds to the attributes of every entry. Notes may hold anything, also what is secret."""
_SERVICE = DBusAddress(ROOT, NAME, SERVICE_INTERFACE)


def listed(bus: Bus) -> tuple[list[str], list[str]]:
    """Paths of all entries: those that can be read, and those that are locked.

    Raises:
        BusError: as `Bus.call`.
    """
    if is_served_by(bus, KEEPASSXC_NAME, KSECRETD_NAME, *KWALLET_NAMES):
        return _from_properties(bus)
    body = bus.call(_SERVICE, "SearchItems", "a{ss}", ({},), seconds=LIST_SECONDS)
    with garbled("SearchItems"):
        unlocked, locked = ([str(path) for path in paths] for paths in body)
    return unlocked, locked


def own_attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    """An entry's attributes without those that KeePassXC makes up."""
    if not attributes.keys() >= _OF_KEEPASSXC:
        return dict(attributes)
    made_up = _OF_KEEPASSXC
    if (
        "service" in attributes
    ):  # else they are what the entry was filed under (keyring's scheme for KeePassXC)
        made_up |= {"Title", "UserName"}
    return {name: value for name, value in attributes.items() if name not in made_up}


def is_served_by(bus: Bus, *names: str) -> bool:
    """Whether who owns the Secret Service on this bus owns one of these names, too. Raises BusError."""
    owner = bus.owner(NAME)
    return owner is not None and any(bus.owner(each) == owner for each in names)


def _from_properties(bus: Bus) -> tuple[list[str], list[str]]:
    unlocked: list[str] = []
    locked: list[str] = []
    collections = bus.get_property(ROOT, NAME, SERVICE_INTERFACE, "Collections")
    with garbled("the list of collections"):
        paths = [str(each) for each in collections]
    for path in paths:
        try:
            closed = bool(bus.get_property(path, NAME, COLLECTION, "Locked"))
            items = [str(each) for each in bus.get_property(path, NAME, COLLECTION, "Items")]
        except BusError as error:
            if error.name in {"timeout", "closed", "garbled"}:
                raise
            continue  # it went meanwhile
        if closed:
            locked += items
            continue
        # KeePassXC also locks single entries, until the person has agreed to their being read.
        answers = bus.call_all(
            [(DBusAddress(item, NAME, PROPERTIES), "Get", "ss", (ITEM, "Locked")) for item in items],
            seconds=LIST_SECONDS,
        )
        for item, answer in zip(items, answers, strict=True):
            if isinstance(answer, BusError):
                continue
            with garbled(f"the entry {item}"):
                (locked if answer[0][1] else unlocked).append(item)
    return unlocked, locked
