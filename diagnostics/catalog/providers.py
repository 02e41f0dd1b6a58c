"""The provider catalogue: which shapes tokens have, and how a provider is asked about one."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from diagnostics.catalog import names, text_of

MEANINGS = (
    "valid",
    "invalid",
    "expired",
    "revoked",
    "insufficient_scope",
    "sso_required",
    "rate_limited",
    "quota_exhausted",
    "ip_blocked",
    "provider_down",
    "redirected",
    "indeterminate",
)
"""What a provider's answer can mean. `quota_exhausted`: the token is good, its account's credit is used up."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold of an answer: a header's text, a place in the JSON body, or words of the body."""

    header: str = ""
    path: str = ""
    """`$.a.b[0]`; holds when it is there and not null, unless a field below says more."""
    body: str = ""
    """Words that the body contains, letter case ignored."""
    equals: object = None
    starts: str = ""
    contains: str = ""
    kind: str = ""
    """`list` or `object`: what stands at the path."""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of answers; the first that fits gives the meaning."""

    status: int | str
    """A number, or `any`."""
    result: str
    where: tuple[Condition, ...] = ()
    page: bool = False
    """Whether it also reads answers that are pages for people; such a row never says `valid`."""
    note: str = ""
    """What else this answer may mean with this provider, for the person."""


@dataclass(frozen=True, slots=True)
class Format:
    """What the token looks like. Matched against the whole value, untrimmed."""

    regex: str = ""
    also: str = ""
    """Further shapes that don't tell the provider; used only where the variable's name already does."""
    shortest: int = 0
    """Characters of the shortest value that `regex` takes."""
    telling: bool = False
    """Whether the shape alone names the provider."""
    confidence: str = "opaque"
    prefixes: tuple[str, ...] = ()
    checksum: str = ""
    """A rule of `diagnostics.tokens.checksum`, "" = none is known."""
    checksum_proves: bool = False
    """Whether a wrong checksum proves that the token is damaged; otherwise it is a hint."""

    claims: Mapping[str, str] = field(default_factory=dict)
    """What a JSON web token must say to be for the configured place: claim -> text; `{host}` and `{label}` (the
    host's first part) stand for that place."""

    def fits(self, text: str, named: bool = False) -> bool:
        """Whether the value has this shape; `named`: the variable's name says that it is this provider's."""
        if self.regex and _compiled(self.regex).fullmatch(text):
            return True
        return bool(named and self.also and _compiled(self.also).fullmatch(text))


@dataclass(frozen=True, slots=True)
class Companion:
    """A further value that the request needs (an e-mail address, an account's number), from the server's variables."""

    env: tuple[str, ...]
    what: str
    """What it is, for people: `the account's e-mail address`."""
    form: str = ""
    """A regular expression for the whole of it; a value that does not fit is not sent."""
    optional: bool = False
    secret: bool = False
    """Whether it is a credential itself, never to be shown."""
    needed_for: str = ""
    """A regular expression: tokens of that form can't do without it, whatever `optional` says."""


@dataclass(frozen=True, slots=True)
class Verify:
    """The one request that shows whether a token lives. It reads, and changes nothing at the provider.

    `{token}` and the names of the companions stand for their values in `path`, `auth_value`, `user`, `query`,
    `headers` and `body`.
    """

    path: str
    auth: str = "header"
    """Where the token goes: `header`, `basic` (the password of `user`), `query`, `path`, `body`, or `aws` (it
    signs the request)."""
    auth_header: str = ""
    auth_value: str = "{token}"
    """What stands in the header after the scheme."""
    user: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    companions: Mapping[str, Companion] = field(default_factory=dict)
    base: str = ""
    """The public address; "" where every installation has its own."""
    method: str = "GET"
    hosts: tuple[str, ...] = ()
    """Hosts that the token may go to unasked. `*.name` stands for every host below `name`."""
    base_env: tuple[str, ...] = ()
    """Variables by which a server is told another address."""
    base_form: str = "origin"
    """`github`: a web address means its API's (`/api/v3`, `api.SUB.ghe.com`). A text with `{}`: the address that a
    bare name (`acme`) means; a value with a scheme is taken as it stands."""
    base_in_token: str = ""
    """Where the token's own built-in data names its host."""
    regions: Mapping[str, str] = field(default_factory=dict)
    """The addresses that a variable's short words mean (`eu`)."""
    only: str = ""
    """A regular expression for what is asked about, where the variable may hold the other half of a pair as well."""
    consent: str = ""
    """`quota` or `ticket`: what asking costs. Such a provider is asked only when the person said so."""
    auth_scheme: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    limit_kb: int = 64
    """How much of the answer is read."""
    account: tuple[str, ...] = ()
    """Places that together name the account."""
    scopes: str = ""
    """A place; "" = the provider does not tell. Places are `header:NAME`, a path in the answer (`$.a.b[0]`, `[*]` =
    each), `token:$.exp` for the token's own built-in data, or `companion:NAME`."""
    expiry: str = ""


@dataclass(frozen=True, eq=False)
class Provider:
    """One type of credential."""

    id: str
    name: str
    family: str
    """What belongs together (`github`); `--provider-url` takes it as well as the id."""
    env: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    """Parts of package names, images and addresses whose servers take this credential."""
    main: bool = False
    """The one of its family that a name alone means."""
    use: str = "access"
    """`access`, or a kind that servers can't work with: `refresh`, `app-level`, `session`, `admin`,
    `publishable`, `project` (one project, where the server manages them all)."""
    rotation_url: str = ""
    note: str = ""
    """What people get wrong with it, in a sentence or two."""
    retired: str = ""
    """The day on which the provider stopped taking this kind (`2026-06-09`), "" = it is in use."""
    format: Format = field(default_factory=Format)
    _tail: str = field(default="", repr=False)
    """The rest of the file, not parsed before it is needed: most runs ask few providers, or none."""

    @property
    def verify(self) -> Verify | None:
        """How it is asked about, None = no harmless question is known."""
        return self._asking[0]

    @property
    def answers(self) -> tuple[Row, ...]:
        """What its answers mean; the first row that fits counts."""
        return self._asking[1]

    @cached_property
    def _asking(self) -> tuple[Verify | None, tuple[Row, ...]]:
        table = tomllib.loads(self._tail)
        answers = tuple(_row(each) for each in table.get("answers", ()))
        if "verify" not in table:
            return None, answers
        verify = _tuples(table["verify"])
        companions = {name: Companion(**_tuples(each)) for name, each in verify.pop("companions", {}).items()}
        return Verify(**verify, companions=companions), answers


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


def _row(row: Mapping[str, Any]) -> Row:
    where = tuple(Condition(**each) for each in row.get("where", ()))
    return Row(**{**row, "where": where})


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}


@cache
def provider(provider_id: str) -> Provider:
    """One entry of the catalogue.

    Raises:
        KeyError: there is none of that id.
    """
    if provider_id not in provider_ids():
        raise KeyError(provider_id)
    head, tail = split(text_of(f"providers/{provider_id}.toml"))
    table = tomllib.loads(head)
    shape = Format(**_tuples(table.pop("format", {})))
    return Provider(id=provider_id, **_tuples(table), format=shape, _tail=tail)


def split(text: str) -> tuple[str, str]:
    """A file's two halves: what tells a token, and (from `[verify]` on) how it is asked about."""
    found = re.search(r"^\[+(?:verify|answers)\b", text, re.MULTILINE)
    return (text[: found.start()], text[found.start() :]) if found else (text, "")


@cache
def provider_ids() -> tuple[str, ...]:
    """The ids of all entries; reads a folder's names and no file."""
    return tuple(names("providers"))


class Catalogue:
    """All entries, indexed by what a token or a variable's name shows. Use the one of `catalogue()`."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self.providers = tuple(providers)

    @cached_property
    def _by_env(self) -> Mapping[str, tuple[Provider, ...]]:
        index: dict[str, tuple[Provider, ...]] = {}
        for each in self.providers:
            for name in each.env:
                index[name] = (*index.get(name, ()), each)
        return {name: tuple(sorted(found, key=lambda each: not each.main)) for name, found in index.items()}

    @cached_property
    def _by_start(self) -> Mapping[str, tuple[tuple[str, Provider], ...]]:
        """Telling prefixes by their first two characters, the longest first."""
        index: dict[str, list[tuple[str, Provider]]] = {}
        for each in self.providers:
            if each.format.telling:
                for prefix in each.format.prefixes:
                    index.setdefault(prefix[:2], []).append((prefix, each))
        return {
            start: tuple(sorted(found, key=lambda pair: (-len(pair[0]), not pair[1].main)))
            for start, found in index.items()
        }

    @cached_property
    def _mains(self) -> Mapping[str, Provider]:
        return {each.family: each for each in self.providers if each.main}

    def named_by(self, env_name: str) -> tuple[Provider, ...]:
        """The entries that a variable of this name may hold."""
        return self._by_env.get(env_name.upper(), ())

    def by_prefix(self, text: str) -> tuple[Provider, ...]:
        """The entries whose telling prefix the value starts with, the longest prefix first."""
        candidates = self._by_start.get(text[:2], ())
        return tuple(dict.fromkeys(each for prefix, each in candidates if text.startswith(prefix)))

    def main_of(self, family: str) -> Provider | None:
        """The entry that a family's name alone means."""
        return self._mains.get(family)

    def serving(self, words: str) -> Provider | None:
        """The entry that a server's command line or address speaks of, None when none or several do."""
        found = {each.family: each for each in self.providers for part in each.servers if part in words}
        return next(iter(found.values())) if len(found) == 1 else None


@cache
def catalogue() -> Catalogue:
    """The whole catalogue. Reads every file of it, once."""
    return Catalogue([provider(each) for each in provider_ids()])
