"""Credentials that a library left in the kernel's keyring, because it found no Secret Service. Names only, no values.

@napi-rs/keyring and keyring-rs do that without a word; the first even reports a failure and has kept it all the same.
What lies there is gone at the next start of the computer, or after three days (keyrings(7), persistent-keyring(7)).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from diagnostics.catalog.writers import Writer, writers
from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.stores.state import Entry

_LARGEST = 1024 * 1024
_LINE = re.compile(
    r"(?P<id>[0-9a-f]{8}) (?P<flags>\S{7}) +\d+ +(?P<left>\S+) [0-9a-f]{8} +(?P<uid>-?\d+) +-?\d+ "
    r"user +(?P<name>.*): \d+$"
)
"""A line of /proc/keys (proc(5)) about a key of the type `user`; its length stands behind the last colon."""
_GONE = set("RDNi")
"""Flags: revoked, dead, negative, invalidated."""


@dataclass(frozen=True, slots=True)
class KernelKey:
    """One credential there. `service` and `account` are as its library names them."""

    id: int
    name: str
    """The key's whole name, by which it is searched for."""
    service: str
    account: str
    writer: Writer
    left: str
    """Until the kernel forgets it, as the kernel says it (`3d`, `10m`); `perm` = when the computer is restarted."""


def kernel_keys(host: Host) -> list[KernelKey]:
    """What such libraries left there for this user, by name; [] where the kernel's list can't be read.

    In: a host with a root; a sandbox has none, and nothing is found.
    """
    if host.root is None or host.platform is not Platform.LINUX:
        return []
    try:
        with (host.root / "proc/keys").open("rb") as file:
            text = file.read(_LARGEST).decode("utf-8", "surrogateescape")
    except OSError:
        return []
    return sorted(_listed(text, host.uid), key=lambda each: (each.service, each.account, each.id))


def only_there(keys: Iterable[KernelKey], entries: Iterable[Entry]) -> list[KernelKey]:
    """Those whose name no entry of the store has, each name once: its library would find one that has it."""
    taken = {(each.service, each.account) for each in entries if each.account_attribute == "username"}
    found: dict[tuple[str, str], KernelKey] = {}
    for each in keys:
        if (each.service, each.account) not in taken:
            found.setdefault((each.service, each.account), each)
    return list(found.values())


def _listed(text: str, uid: int) -> Iterator[KernelKey]:
    for line in text.split("\n"):
        found = _LINE.match(line)
        if (
            found is None
            or int(found["uid"]) != uid
            or found["left"] == "expd"
            or _GONE & set(found["flags"])
        ):
            continue
        for writer in writers().values():
            named = _named(found["name"], writer)
            if named is not None:
                yield KernelKey(int(found["id"], 16), found["name"], *named, writer, found["left"])
                break


def _named(name: str, writer: Writer) -> tuple[str, str] | None:
    """Service and account of a key's name; the last `@` divides, for accounts are often addresses."""
    prefix, found, _ = writer.kernel.partition("{account}@{service}")
    if not found or not name.startswith(prefix):
        return None
    account, at, service = name.removeprefix(prefix).rpartition("@")
    return (service, account) if at and service and account else None
