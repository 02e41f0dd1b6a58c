"""`${KEYTAR:service/account}`: entries that Node programs keep with keytar (`keytar`, `@github/keytar`).

On the Secret Service keytar files an entry under `service`, `account` and the schema
`org.freedesktop.Secret.Generic`, and sees no other: neither what the keyring library wrote (`username`) nor an
entry without the schema. It looks in every collection, and says nothing (null) where a collection is locked. On macOS
it is the same item that the keyring library reads; on Windows the target's name is `service/account`.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from diagnostics.managers import Answer, Found, Question, Trouble
from diagnostics.model import Platform, Status, Syntax
from diagnostics.secret import Secret
from diagnostics.stores import CredentialStore, Entry, StoreError
from diagnostics.stores.protocol import HASHED, KEYTAR_SCHEMA

_MISSING = "credential_not_found"


@dataclass(frozen=True, slots=True)
class Place:
    """What keytar is asked for: `keytar.getPassword(service, account)`."""

    service: str
    account: str

    @property
    def attributes(self) -> Mapping[str, str]:
        """What keytar looks for on the Secret Service."""
        return {"service": self.service, "account": self.account, "xdg:schema": KEYTAR_SCHEMA}


def place_of(name: str) -> Place | None:
    """Service and account of a reference: the last slash divides, for services hold slashes. None = there is none."""
    service, slash, account = name.rpartition("/")
    return Place(service, account) if slash and service and account else None


class Keytar:
    """Follows `${KEYTAR:…}`."""

    id = "keytar"
    syntax = Syntax.KEYTAR
    network = False

    def ready(self, question: Question) -> Trouble | None:
        """Whether the reference names a service and an account."""
        if place_of(question.name) is None:
            return Trouble("malformed", "reference_malformed", facts={"name": question.name})
        return None

    def lookup(self, question: Question) -> Answer:
        """The entry's value. A locked keychain is never unlocked, and nothing is asked of keytar itself."""
        place = place_of(question.name)
        if place is None:
            return Trouble("malformed", "reference_malformed", facts={"name": question.name})
        try:
            if question.store is not None and question.store.subject.kind == "credential-manager":
                return judged(question.store, place)
            if question.host.platform is not Platform.LINUX:
                return _by_library(question, place)
            if question.store is not None:
                return judged(question.store, place)
            found = _directly(question, place)
            return found or judged(_store(question), place)
        except StoreError as error:
            facts = {**_facts(place), "said": str(error)}
            if error.cause in {"keyring_locked", "macos_keychain_locked"}:
                return Trouble("locked", error.cause, facts=facts)
            return Trouble("not-read", error.cause, Status.UNKNOWN, (str(error),), facts)


def manager() -> Keytar:
    """The one of this module."""
    return Keytar()


def judged(store: CredentialStore, place: Place) -> Answer:
    """The entry that keytar would give, or the nearest one and in what it differs.

    Raises:
        StoreError: the store could not be read.
    """
    entries = store.entries()
    facts = _facts(place)
    exact = [each for each in entries if place.attributes.items() <= each.attributes.items()]
    exact += [each for each in entries if _is_hashed_as(each, place)]
    if not exact and store.subject.kind == "credential-manager":  # where case makes no other name
        whole = f"{place.service}/{place.account}".casefold()
        exact = [each for each in entries if each.path.casefold() == whole]
    readable = [each for each in exact if each.secret is not None]
    if readable:
        return _with_value(readable, place)
    if exact:
        return Trouble("locked", "keyring_locked", evidence=(f"{exact[0].path} is locked",), facts=facts)
    near = _near(entries, place)
    if near is not None:
        outcome, one = near
        seen = (_seen(one),)
        facts |= {
            "found_service": one.service,
            "found_account": one.account,
            "found_as": _seen(one),
            "item": one.path,
        }
        return Trouble(outcome, _MISSING, evidence=seen, facts=facts)
    evidence = [f"looked for service={place.service!r} account={place.account!r} xdg:schema={KEYTAR_SCHEMA}"]
    of_service = sorted({each.account for each in entries if each.service == place.service and each.account})
    if of_service:
        evidence.append(f"of this service there are: {', '.join(map(repr, of_service[:10]))}")
    locked = [each.label or each.path for each in store.state().collections if each.locked and each.items]
    if locked:
        evidence.append(f"names in these are hidden, because they are locked: {', '.join(locked)}")
    return Trouble("missing", _MISSING, evidence=tuple(evidence), facts=facts)


def _with_value(found: Sequence[Entry], place: Place) -> Answer:
    facts = _facts(place) | {"count": len(found), "item": found[0].path}
    values = [each.secret for each in found if each.secret is not None]
    if not values[0]:
        return Trouble("empty", "credential_empty", facts=facts)
    if trouble := _not_text(values[0], facts):
        return trouble
    paths = tuple(f"{each.path} ({each.label})" if each.label else each.path for each in found)
    warnings: tuple[Trouble, ...] = ()
    if len(set(values)) > 1:
        warnings = (Trouble("twins", "credential_duplicated", Status.WARN, paths, facts),)
    return Found(values[0], paths[:1], facts, warnings)


def _not_text(value: Secret, facts: Mapping[str, object]) -> Trouble | None:
    """keytar cuts at a NUL and replaces what is not UTF-8, both without a word."""
    text = value.reveal()
    if "\0" in text or any("\udc80" <= each <= "\udcff" for each in text):
        return Trouble("not-text", "credential_corrupted", facts=facts)
    return None


# ── near misses ─────────────────────────────────────────────────────────────────────────────────────────────


def _near(entries: Iterable[Entry], place: Place) -> tuple[str, Entry] | None:
    """The best of: written by the keyring library, without the schema, divided otherwise, spelled otherwise."""
    rules = ("by-keyring", "no-schema", "other-split", "spelling")
    found: dict[str, Entry] = {}
    whole = f"{place.service}/{place.account}"
    folded = (_fold(place.service), _fold(place.account))
    for one in entries:
        if not one.service or not one.account or one.service == "mcp-doctor-undo":
            continue
        exact = one.service == place.service and one.account == place.account
        if exact and one.account_attribute == "username":
            found.setdefault("by-keyring", one)
        elif exact:
            found.setdefault("no-schema", one)
        elif f"{one.service}/{one.account}" == whole:
            found.setdefault("other-split", one)
        elif folded in {
            (_fold(one.service), _fold(one.account)),
            (_fold(one.account), _fold(one.service)),
        }:
            found.setdefault("spelling", one)
    return next(((rule, found[rule]) for rule in rules if rule in found), None)


def _fold(text: str) -> str:
    return text.strip().casefold().translate(str.maketrans("-. :", "____"))


def _seen(one: Entry) -> str:
    """An entry by what finds it, in quotes, so that blanks at the ends are seen."""
    kept = {name: value for name, value in one.attributes.items() if name != "application"}
    return " ".join(f"{name}={value!r}" for name, value in kept.items())


def _is_hashed_as(one: Entry, place: Place) -> bool:
    """Whether an entry of a keychain that was never unlocked is the one: it shows the digests of its attributes."""
    if not any(name.startswith(HASHED) for name in one.attributes):
        return False
    wanted = {f"{HASHED}{name}": _md5(value) for name, value in place.attributes.items() if ":" not in name}
    return wanted.items() <= one.attributes.items()


def _md5(value: str) -> str:
    return hashlib.md5(value.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _facts(place: Place) -> dict[str, object]:
    return {"service": place.service, "account": place.account}


# ── ways to the entry ───────────────────────────────────────────────────────────────────────────────────────


def _store(question: Question) -> CredentialStore:
    from diagnostics.stores import open_store

    return question.store or open_store(question.host)


def _directly(question: Question, place: Place) -> Answer | None:
    """One search and one read, for the launcher; None where there is no such entry."""
    from diagnostics.stores.one_entry import Entries

    with Entries(question.host) as entries:
        one = entries.find(place.attributes)
    if one is None:
        return None
    facts = _facts(place)
    if not one.secret:
        return Trouble("empty", "credential_empty", facts=facts)
    return _not_text(one.secret, facts) or Found(one.secret, facts=facts | {"count": 1 + one.twins})


def _by_library(question: Question, place: Place) -> Answer:
    """macOS and Windows, at the names that keytar uses there: asked directly, or the keyring library in a child."""
    from diagnostics.stores.keyring_library import read_foreign
    from diagnostics.stores.windows.calls import open_calls

    calls = open_calls() if question.host.platform is Platform.WINDOWS else None
    if calls is not None:
        from diagnostics.stores.windows.credential_manager import read_target
        from diagnostics.stores.windows.entry import entry_of
        from diagnostics.stores.windows.target import Scheme, target_of

        there = read_target(calls, target_of(Scheme.KEYTAR, place.service, place.account))
        value = None if there is None else entry_of(there).secret
    else:
        value = read_foreign(question.host, place.service, place.account, question.seconds)
    if value is None:
        return Trouble("missing", _MISSING, facts=_facts(place))
    if not value:
        return Trouble("empty", "credential_empty", facts=_facts(place))
    return Found(value, facts=_facts(place) | {"count": 1})
