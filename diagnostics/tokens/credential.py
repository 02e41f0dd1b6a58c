"""A reference's credential with all that tells whose it is: the value, the names around it, the server it is for."""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from diagnostics.catalog.providers import Provider, catalogue, provider
from diagnostics.context import Context
from diagnostics.model import Reference, Server, Syntax
from diagnostics.secret import Secret
from diagnostics.tokens.secret_name import names_secret
from diagnostics.tokens.token_format import identify, is_told_by_shape

_SCHEME = re.compile(r"(?:bearer|token|basic|bot)[ \t]+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Credential:
    """What the format and validity checks look at."""

    stored: Secret = field(repr=False)
    """As it was read."""
    value: Secret = field(repr=False)
    """The token in it: the same, but for a whole header value (`Bearer …`) that is stored where one belongs."""
    env_name: str | None
    """The variable's name that tells most about it."""
    provider_id: str | None
    configured: Mapping[str, str] = field(repr=False)
    """The variables by which the server is told where its provider is."""
    companions: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    """What belongs to it (an e-mail address, an account's number), by the catalogue's names."""
    server_env: frozenset[str] = frozenset()
    """The names of the variables that the server's entry sets."""
    is_header: bool = False
    """Whether it stands for a whole header value, scheme word included."""

    @property
    def question(self) -> Hashable:
        """What one question to the provider depends on: below it the run keeps the answer."""
        beside = frozenset(self.companions.items())
        return (self.provider_id, frozenset(self.configured.items()), beside, self.value)

    @property
    def may_be_sent(self) -> bool:
        """Whether it is sure enough whose token it is: its own shape says so, or the name that the server reads."""
        if self.provider_id is None:
            return False
        entry = provider(self.provider_id)
        named = catalogue().named_by(self.env_name) if self.env_name else ()
        if any(each.family == entry.family for each in named):
            return True
        return is_told_by_shape(self.value, self.provider_id) or entry.format.fits(
            self.value.reveal(), named=True
        )


def credential_of(context: Context, reference: Reference) -> Credential | None:
    """The credential behind a reference.

    Out: None where there is no value to look at, or where it is no credential (`${HOME}` in a path).
    """
    if not _is_credential(context, reference):
        return None
    stored = context.value_of(reference)
    if stored is None:
        return None
    if reference.syntax is Syntax.ENV and not stored and reference.name not in context.host.env:
        return None  # the empty default of an optional variable is meant
    server = context.server(reference.server_id)
    env_name = _telling_name(reference)
    is_header = _is_header(reference)
    value = Secret(_SCHEME.sub("", stored.reveal(), count=1)) if is_header else stored
    provider_id = identify(value, env_name, _words(server))
    entry = provider(provider_id) if provider_id else None
    return Credential(
        stored=stored,
        value=value,
        env_name=env_name,
        provider_id=provider_id,
        configured=_configured(context, server, entry),
        companions=_companions(context, server, entry),
        server_env=frozenset(server.env),
        is_header=is_header,
    )


def _telling_name(reference: Reference) -> str | None:
    """The name that the catalogue knows: the variable's that the server reads, else that of what is referred to."""
    field_name = reference.field.removeprefix("env.") if reference.field.startswith("env.") else None
    for name in (field_name, reference.name):
        if name and catalogue().named_by(name):
            return name.upper()
    return field_name


def _is_credential(context: Context, reference: Reference) -> bool:
    """Whether a variable is meant to hold a credential. Looked at without teaching the scrubber `${HOME}`."""
    if reference.syntax is not Syntax.ENV or not reference.name:
        return True
    if names_secret(reference.field.partition(".")[2]) or names_secret(reference.name):
        return True
    text = context.host.env.get(reference.name, "")
    provider_id = identify(text)
    return provider_id is not None and is_told_by_shape(text, provider_id)


def _is_header(reference: Reference) -> bool:
    if reference.field.startswith("headers."):
        return reference.syntax is not Syntax.LITERAL and reference.text.reveal() == reference.spelling
    name = (reference.name or reference.field).upper()
    return "AUTH" in name and ("HEADER" in name or name.endswith(("AUTHORIZATION", "AUTH")))


def _words(server: Server) -> str:
    """What the server's command line or address says about whom it works with."""
    words = [server.command or "", *(each.reveal() for each in server.args)]
    if server.url is not None:
        words.append(re.sub(r"[?#].*", "", server.url.reveal()))
    return " ".join(words)


def _configured(context: Context, server: Server, entry: Provider | None) -> dict[str, str]:
    """What the server's own environment says about the provider's address; the entry's own value wins."""
    found: dict[str, str] = {}
    for name in entry.verify.base_env if entry and entry.verify else ():
        if name in server.env:
            found[name] = _plain(context, server, name)
        elif context.host.env.get(name):
            found[name] = context.host.env[name]
    return found


def _companions(context: Context, server: Server, entry: Provider | None) -> dict[str, Secret]:
    """What the request needs beside the token, as the server would read it."""
    found: dict[str, Secret] = {}
    for name, companion in entry.verify.companions.items() if entry and entry.verify else ():
        values = (_variable(context, server, each) for each in companion.env)
        value = next((each for each in values if each), None)
        if value is not None:
            found[name] = value
    return found


def _variable(context: Context, server: Server, name: str) -> Secret | None:
    """A variable's value as the server reads it, None where it has none or it can't be resolved here."""
    field_name = f"env.{name}"
    for reference in server.references:
        if reference.field == field_name and reference.text.reveal() == reference.spelling:
            return context.value_of(reference)
    if name in server.env:
        return server.env[name]
    inherited = context.host.env.get(name)
    return Secret(inherited) if inherited else None


def _plain(context: Context, server: Server, name: str) -> str:
    text = server.env[name].reveal()
    for reference in server.references:
        whole = reference.field == f"env.{name}" and reference.text.reveal() == reference.spelling
        if whole and reference.syntax is Syntax.ENV and reference.name and reference.name in context.host.env:
            return context.host.env[reference.name]
    return text
