"""Every entry of our service, whether a config names it or not: what is wrong with each, and what is certain.

Reads only. Values stay Secrets; what is told about them is words of the catalogue.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from diagnostics.context import SERVICE, Context
from diagnostics.model import Reference, Syntax
from diagnostics.secret import Secret
from diagnostics.stores import Entry
from diagnostics.stores.similar import QUARANTINE_SERVICE, SimilarEntries
from diagnostics.text import clean
from diagnostics.tokens.damage import Damage
from diagnostics.tokens.hygiene import is_certain, is_document, problems_stored, repaired

_OAUTH = "oauth:"
_LEFT = "stale-username"
"""As `diagnostics.stores.windows.entry.STALE`."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One entry."""

    entry: Entry
    name: str
    faults: tuple[str, ...]
    """In words, safe to show; () = nothing is wrong with its value."""
    outcome: str = ""
    """The first fault's key in the catalogue."""
    env_name: str = ""
    """The variable that it is for, as far as that is known."""
    provider: str | None = None
    is_certain: bool = False
    """Whether what it should be is certain."""
    can_be_repaired: bool = False
    """Whether it is known what it probably should be."""
    servers: tuple[str, ...] = ()
    """Ids of those that refer to it."""
    notes: tuple[str, ...] = ()
    """What is worth knowing and no fault."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Entries of one name, the newest first."""

    name: str
    entries: tuple[Entry, ...]
    alike: bool
    """Whether all of them hold the same value."""
    accounts: bool
    """Whether the attribute `account` names one of them."""
    words: str
    provider: str | None = None
    env_name: str = ""


@dataclass(frozen=True, slots=True)
class Misspelt:
    """An entry whose name is not the one that is asked for, which nothing has."""

    entry: Entry
    wanted: str
    words: str


@dataclass(frozen=True, slots=True)
class Survey:
    """All of it. `len(entries)` counts those of our service."""

    entries: tuple[Surveyed, ...]
    duplicates: tuple[Duplicates, ...]
    misspelt: tuple[Misspelt, ...]
    quarantined: tuple[Entry, ...]
    left_behind: tuple[Entry, ...] = ()
    """Earlier values that the keyring library left under USER@SERVICE on Windows; no program reads them."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (
            self.duplicates or self.misspelt or self.left_behind or any(each.faults for each in self.entries)
        )


def survey(entries: Sequence[Entry], context: Context) -> Survey:
    """In: every entry of the keychain, and the run's view of the configs."""
    users = _users(context.references)
    ours = [each for each in entries if each.service == SERVICE]
    mine = [each for each in ours if _LEFT not in each.attributes]
    surveyed = tuple(_surveyed(each, users.get(each.account, []), context) for each in mine)
    return Survey(
        tuple(sorted(surveyed, key=lambda each: (each.name, each.entry.path))),
        tuple(_duplicates(mine, surveyed)),
        tuple(_misspelt(entries, mine, users)),
        tuple(each for each in entries if each.service == QUARANTINE_SERVICE),
        tuple(each for each in ours if _LEFT in each.attributes),
    )


def left_behind_words() -> str:
    """What is said of a value that was left behind."""
    return _words()["fault"]["left-behind"]


def plan_words() -> dict[str, str]:
    """What is going to be done with an entry, in words: `repair`, `merge`, `ask`, `nothing`."""
    return _words()["plan"]


def _users(references: Iterable[Reference]) -> dict[str, list[Reference]]:
    found: dict[str, list[Reference]] = {}
    for each in references:
        if each.syntax is Syntax.SECRET and each.name:
            found.setdefault(each.name, []).append(each)
        elif each.syntax is Syntax.OAUTH and each.name:
            found.setdefault(f"{_OAUTH}{each.name}", []).append(each)
        elif each.syntax is Syntax.KEYTAR and each.name and each.name.startswith(f"{SERVICE}/"):
            found.setdefault(each.name.partition("/")[2], []).append(each)
    return found


def _surveyed(entry: Entry, users: Sequence[Reference], context: Context) -> Surveyed:
    words = _words()["fault"]
    servers = tuple(sorted({each.server_id for each in users}))
    notes = () if servers else (words["orphan"],)
    name = entry.account
    if entry.secret is None:
        return Surveyed(entry, name, (), servers=servers, notes=(words["locked"],))
    context.scrubber.learn(entry.secret)
    if name.startswith(_OAUTH):
        sound = _is_login(entry.secret)
        faults = () if sound else (words["not-a-login"],)
        return Surveyed(entry, name, faults, "" if sound else "not-a-login", servers=servers, notes=notes)
    env_name, is_header = _meant_for(name, users, context)
    found = problems_stored(entry.secret, env_name)
    if is_header:
        found = [each for each in found if each is not Damage.SCHEME_WORD]
    if found:
        mended = None if is_header or is_document(entry.secret) else repaired(entry.secret, env_name)
        return Surveyed(
            entry,
            name,
            tuple(_damage_words()[each.value] for each in found),
            found[0].value,
            env_name or "",
            _provider_of(mended or entry.secret, env_name),
            mended is not None and is_certain(entry.secret, mended),
            mended is not None,
            servers,
            notes,
        )
    look, said, provider = (
        ("", "", None) if is_header or is_document(entry.secret) else _look(entry.secret, env_name)
    )
    faults = (said,) if look else ()
    return Surveyed(entry, name, faults, look, env_name or "", provider, servers=servers, notes=notes)


def _meant_for(name: str, users: Sequence[Reference], context: Context) -> tuple[str | None, bool]:
    """The variable that tells most, and whether some server takes it as a whole header's value."""
    from diagnostics.catalog.providers import catalogue
    from diagnostics.tokens.credential import credential_of

    found = [each for each in (credential_of(context, one) for one in users) if each is not None]
    is_header = any(each.is_header for each in found)
    variable = next((each.env_name for each in found if each.env_name), None)
    if variable is None and catalogue().named_by(name.upper()):
        variable = name.upper()
    return variable, is_header


def _is_login(value: Secret) -> bool:
    from diagnostics.oauth.login import NotALoginError, read_login

    try:
        read_login(value)
    except NotALoginError:
        return False
    return True


def _provider_of(value: Secret, env_name: str | None) -> str | None:
    from diagnostics.tokens.token_format import identify

    return identify(value, env_name)


def _look(value: Secret, env_name: str | None) -> tuple[str, str, str | None]:
    """What its shape proves to be wrong: the outcome, in words, and whose token it is."""
    from diagnostics.tokens.token_format import Look, judge

    provider = _provider_of(value, env_name)
    if provider is None:
        return "", "", None
    judgement = judge(value, provider, env_name)
    if judgement.look not in {Look.TRUNCATED, Look.CHECKSUM_WRONG}:
        return "", "", provider
    text: str = _new_token()["look"][judgement.look.value]
    return judgement.look.value, text.format(name=judgement.provider.name), provider


def _duplicates(mine: Sequence[Entry], surveyed: Sequence[Surveyed]) -> Iterable[Duplicates]:
    words = _words()["fault"]
    known = {each.entry.path: each for each in surveyed}
    by_name: dict[str, list[Entry]] = {}
    for each in mine:
        if each.secret is not None and each.account_attribute:
            by_name.setdefault(each.account, []).append(each)
    for name, found in by_name.items():
        exact = [each for each in found if each.account_attribute == "username"]
        alike = len({each.secret for each in found}) == 1
        newest = tuple(sorted(found, key=lambda each: (-each.modified, each.path)))
        about: dict[str, Any] = {
            "provider": known[newest[0].path].provider,
            "env_name": known[newest[0].path].env_name,
        }
        if len(exact) < len(found):  # a Node program reads the one, everybody else the other: both are needed
            if not alike:
                key = "twins" if len(exact) > 1 else "other-attribute"
                said = words[key].format(count=len(found))
                yield Duplicates(name, newest, alike=False, accounts=True, words=said, **about)
                continue
            newest = tuple(each for each in newest if each in exact)
        if len(newest) > 1:
            said = words["alike" if alike else "twins"].format(count=len(newest))
            yield Duplicates(name, newest, alike, accounts=False, words=said, **about)


def _misspelt(
    entries: Sequence[Entry], mine: Sequence[Entry], users: Mapping[str, Sequence[Reference]]
) -> Iterable[Misspelt]:
    words = _words()["fault"]
    exact = {each.account for each in mine if each.account_attribute == "username"}
    similar = SimilarEntries(entries, SERVICE)
    seen: set[str] = set()
    for name in sorted(users):
        near = [] if name in exact or name.startswith(_OAUTH) else [each.entry for each in similar.to(name)]
        for each in near[:1]:
            seen.add(each.path)
            yield Misspelt(each, name, words["spelling"].format(wanted=clean(name)))
    for each in mine:
        wanted = _canonical(each.account)
        if each.account not in users and wanted not in {*exact, each.account} and each.path not in seen:
            yield Misspelt(each, wanted, words["legacy"].format(wanted=clean(wanted)))


def _canonical(name: str) -> str:
    """How mcp-secrets writes a name: `github-token` and `GitHub Token` are github_token."""
    if name.startswith(_OAUTH) or ":" in name or "/" in name:
        return name
    return "_".join(name.strip().lower().replace("-", " ").split())


@cache
def _words() -> dict[str, dict[str, str]]:
    from diagnostics.catalog import read

    return read("cleanup.toml")


@cache
def _new_token() -> dict[str, dict[str, str]]:
    from diagnostics.catalog import read

    return read("new_token.toml")


def _damage_words() -> dict[str, str]:
    return _new_token()["damage"]
