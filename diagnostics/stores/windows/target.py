"""One credential has four names on Windows, one for each library: no search finds them all, a table does.

Sources: jaraco/keyring keyring/backends/Windows.py, atom/node-keytar src/keytar_win.cc, zalando/go-keyring
keyring_windows.go, hwchen/keyring-rs src/windows.rs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from diagnostics.stores.windows.blob import UTF_8, UTF_16
from diagnostics.stores.windows.credential import KEYRING_COMMENT


class Scheme(StrEnum):
    """Who names credentials so."""

    KEYRING = "keyring"
    """`SERVICE`: the keyring library, for the user that was stored last."""
    COMPOUND = "keyring-compound"
    """`USER@SERVICE`: the keyring library, for every other user of a service."""
    KEYTAR = "keytar"
    GO = "go-keyring"
    RUST = "keyring-rs"


WRITTEN_AS: Mapping[Scheme, str] = {
    Scheme.KEYRING: UTF_16,
    Scheme.COMPOUND: UTF_16,
    Scheme.KEYTAR: UTF_8,
    Scheme.GO: UTF_8,
    Scheme.RUST: UTF_16,
}
"""The encoding in which each of them reads and writes."""


LOOKED_FOR: Mapping[str, tuple[Scheme, ...]] = {
    "keyring": (Scheme.KEYRING, Scheme.COMPOUND),
    "keyring-rs": (Scheme.RUST,),
    "napi": (Scheme.RUST,),
    "go-keyring": (Scheme.GO,),
    "keytar": (Scheme.KEYTAR,),
}
"""Under which names each writer of `catalog/writers.toml` looks for an entry."""


@dataclass(frozen=True, slots=True)
class Name:
    """A credential's name taken apart."""

    service: str
    account: str
    scheme: Scheme


def target_of(scheme: Scheme, service: str, account: str) -> str:
    """The name under which this library looks for a service's account."""
    match scheme:
        case Scheme.KEYRING:
            return service
        case Scheme.COMPOUND:
            return f"{account}@{service}"
        case Scheme.KEYTAR:
            return f"{service}/{account}"
        case Scheme.GO:
            return f"{service}:{account}"
        case Scheme.RUST:
            return f"{account}.{service}"


def name_of(target: str, user: str, comment: str = "") -> Name:
    """Service and account of a credential; one that no other library would name so is the keyring library's."""
    by_keyring = comment == KEYRING_COMMENT
    if user and _begins(target, f"{user}@"):
        return Name(target[len(user) + 1 :], user, Scheme.COMPOUND)
    for scheme, mark in ((Scheme.KEYTAR, "/"), (Scheme.GO, ":")):
        ending = f"{mark}{user}"
        is_so = len(target) > len(ending) and same(target[-len(ending) :], ending)
        if is_so and (user or scheme is Scheme.GO) and not by_keyring:
            return Name(target[: -len(ending)], user, scheme)
    if user and not by_keyring and _begins(target, f"{user}."):
        return Name(target[len(user) + 1 :], user, Scheme.RUST)
    return Name(target, user, Scheme.KEYRING)


def same(one: str, other: str) -> bool:
    """Whether Windows takes two names of credentials for the same one: upper and lower case are no difference."""
    return one == other or one.casefold() == other.casefold()


def _begins(target: str, text: str) -> bool:
    return len(target) > len(text) and same(target[: len(text)], text)
