"""The catalogue of credentials as people read it: one page a kind, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from diagnostics.catalog.providers import Provider, Verify, provider, provider_ids


@dataclass(frozen=True, slots=True)
class Page:
    """What is known of one kind of credential."""

    id: str
    name: str
    family: str
    env: tuple[str, ...]
    """Variables that hold it, and those of the values that go with it."""
    host_env: tuple[str, ...]
    """Variables that name another host."""
    format: str
    """How its form is told."""
    asked: str
    """How and where it is verified, or why nobody is asked."""
    tells: tuple[str, ...]
    """What the provider tells beside whether it lives."""
    costs: str
    """What asking costs."""
    hosts: tuple[str, ...]
    """The hosts that it may go to unasked."""
    rotation_url: str
    """Where a new one is made, "" = not known."""
    note: str


def pages() -> Iterator[Page]:
    """All kinds, by id: providers' tokens, then the connection URLs of databases."""
    yield from map(_page, map(provider, provider_ids()))
    yield from _databases()


def _page(entry: Provider) -> Page:
    how = entry.verify
    companions = how.companions.values() if how else ()
    return Page(
        id=entry.id,
        name=entry.name,
        family=entry.family,
        env=tuple(dict.fromkeys([*entry.env, *(each.env[0] for each in companions)])),
        host_env=how.base_env if how else (),
        format=_format(entry),
        asked=_asked(entry),
        tells=_tells(how) if how else (),
        costs=_costs(entry),
        hosts=how.hosts if how else (),
        rotation_url=entry.rotation_url,
        note=entry.note,
    )


def _format(entry: Provider) -> str:
    shape = entry.format
    if not shape.regex and not shape.also:
        return "not known"
    begins = " or ".join(f"{each}…" for each in shape.prefixes[:4])
    if not shape.telling:
        return "no telling beginning; the variable's name says whose it is"
    digits = {True: ", check digits prove it", False: ", check digits hint"}
    return begins + (digits[shape.checksum_proves] if shape.checksum else "")


_WAYS = {
    "header": "{header} header",
    "basic": "user and password",
    "query": "key in the address",
    "path": "token in the address",
    "body": "in the body",
    "aws": "signature",
}


def _asked(entry: Provider) -> str:
    how = entry.verify
    if entry.retired:
        return f"judged offline: none is taken since {entry.retired}"
    if how is None:
        return "never: no harmless question is known"
    host = urlsplit(how.base).hostname or next((each for each in how.hosts if "*" in each), "your own host")
    where = how.base_form.removeprefix("https://") if not how.base and "{}" in how.base_form else host
    way = _WAYS[how.auth].format(header=how.auth_header)
    consent = "" if how.base or how.hosts else ", with --provider-url"
    return f"{how.method} {where.replace('{}', 'NAME')}{how.path.partition('?')[0]} ({way}){consent}"


def _tells(how: Verify) -> tuple[str, ...]:
    found = {"account": how.account, "scopes": how.scopes, "expiry": how.expiry}
    return tuple(name for name, place in found.items() if place)


def _costs(entry: Provider) -> str:
    if entry.verify is None:
        return ""
    words = {
        "quota": "a real request, asked only with --provider-url",
        "ticket": "a ticket, asked only with --provider-url",
    }
    return words.get(entry.verify.consent, "nothing")


def _databases() -> Iterator[Page]:
    from diagnostics.connections.kind import kinds

    for each in kinds().values():
        yield Page(
            id=each.id,
            name=f"{each.name} connection URL",
            family=each.id,
            env=each.env,
            host_env=(),
            format=" or ".join(f"{scheme}://…" for scheme in each.schemes[:3]),
            asked="reached at its own host, with --provider-url",
            tells=(),
            costs="one connection, no login",
            hosts=(),
            rotation_url="",
            note="",
        )
