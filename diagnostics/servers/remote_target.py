"""Which remote server an entry leads to: its own address, or the one that it has `mcp-remote` connect to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit, urlunsplit

from diagnostics.context import Context
from diagnostics.model import Reference, Server, Syntax
from diagnostics.reference_syntax import find_references
from diagnostics.references import unwrap
from diagnostics.secret import Secret
from diagnostics.servers.resolve import UnresolvedError, substitute
from diagnostics.tokens.masking import opaque_parts
from diagnostics.tokens.secret_name import names_secret

_PROXY = re.compile(r"(?:.*[\\/])?mcp-remote(?:@[^\\/]*)?(?:[\\/].*)?", re.IGNORECASE | re.DOTALL)
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_HEADER = re.compile(r"([A-Za-z0-9_-]+):\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Target:
    """A remote server as an entry names it; nothing in it is replaced yet."""

    server: Server
    """The entry; of one that starts with the launcher, what it starts."""
    url: Secret
    place: str
    """The address's field: `url`, `args[2]`."""
    transport: str
    """`http` or `sse`."""
    headers: Mapping[str, Secret] = field(default_factory=dict)
    proxy: bool = False
    """Whether `mcp-remote` connects, and keeps the login, instead of the client."""
    words: tuple[Secret, ...] = ()
    """The proxy's own arguments, the address first."""

    @property
    def has_own_credential(self) -> bool:
        """Whether the entry brings a header that is meant to carry a credential."""
        server = self.server
        names = [*self.headers, *([] if self.proxy else server.env_headers)]
        return bool(server.bearer_env and not self.proxy) or any(map(is_credential_header, names))


def is_credential_header(name: str) -> bool:
    """Whether a header of this name is meant to carry a credential."""
    return name.lower() in {"authorization", "cookie"} or names_secret(name)


def target_of(server: Server) -> Target | None:
    """The remote server that this entry leads to, None where there is none."""
    if server.url is not None:
        return Target(server, server.url, "url", server.transport, server.headers)
    inner = unwrap(server)
    words = [each.reveal() for each in inner.args]
    at = -1 if _PROXY.fullmatch(inner.command or "") else _proxy_at(words)
    if at is None:
        return None
    found = next((n for n in range(at + 1, len(words)) if _ADDRESS.match(words[n])), None)
    if found is None:
        return None
    sse = any(
        word == "--transport" and words[n + 1] in {"sse-only", "sse-first"}
        for n, word in enumerate(words[:-1])
    )
    headers = headers_in(words[at + 1 :])
    return Target(
        inner,
        inner.args[found],
        f"args[{found}]",
        "sse" if sse else "http",
        headers,
        True,
        inner.args[at + 1 :],
    )


def _proxy_at(words: Sequence[str]) -> int | None:
    return next(
        (n for n, word in enumerate(words) if _PROXY.fullmatch(word) and not _ADDRESS.match(word)), None
    )


def headers_in(words: Sequence[str]) -> Mapping[str, Secret]:
    """The headers that `mcp-remote` is told to send, from its arguments."""
    found = (_HEADER.fullmatch(words[n + 1]) for n, word in enumerate(words[:-1]) if word == "--header")
    return {each[1]: Secret(each[2]) for each in found if each}


class OpenAddressError(Exception):
    """The address can't be asked: `outcome` is `address-open` (a part has no value), `credential-in-address`, or
    `address-unclear` (it is none).
    """

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def bare_address(context: Context, target: Target) -> str:
    """The address as it may be asked without a credential: variables replaced, what may be secret left out.

    Raises:
        OpenAddressError: a part has no value here, or holds a credential.
    """
    text = target.url.reveal()
    head, mark, query = text.partition("?")
    mine = [each for each in target.server.references if each.field == target.place]
    if any(
        each.syntax in {Syntax.LITERAL, Syntax.PLACEHOLDER} and each.text.reveal() in head for each in mine
    ):
        head = re.sub(r"//[^/@]*@", "//", head)
        if any(each.syntax is Syntax.LITERAL and each.text.reveal() in head for each in mine):
            raise OpenAddressError("credential-in-address")
    values: dict[str, Secret] = {}
    for each in find_references(head):
        spelling = head[each.start : each.end]
        if each.syntax is not Syntax.ENV or names_secret(each.name):
            raise OpenAddressError("credential-in-address")
        value = context.host.env.get(each.name) or each.default
        if value is None:
            raise OpenAddressError("address-open")
        values[spelling] = Secret(value)
    head = substitute(head, values) if values else head
    for part in opaque_parts(head):  # it goes to its own host, and onto no screen
        context.scrubber.learn(Secret(part))
    return checked(head + (f"?{query}" if mark and not mine else ""))


def checked(url: str) -> str:
    """The address without user name and fragment.

    Raises:
        OpenAddressError: it is none.
    """
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        raise OpenAddressError("address-unclear") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"[\s\\{}]", parts.netloc):
        raise OpenAddressError("address-unclear")
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(SplitResult(parts.scheme, place, parts.path, parts.query, ""))


def own_headers(context: Context, target: Target) -> dict[str, Secret]:
    """The headers that the entry brings, references replaced as its client (or the launcher) does.

    Raises:
        UnresolvedError: a reference has no value.
    """
    server = target.server
    found = {name: _filled(context, server, f"headers.{name}", text) for name, text in target.headers.items()}
    by_name = {
        each.name: each for each in server.references if each.syntax is Syntax.ENV and not each.spelling
    }
    for header, variable in server.env_headers.items():
        value = context.host.env.get(variable)
        if value:
            found[header] = Secret(value)
    if server.bearer_env:
        value = context.host.env.get(server.bearer_env)
        if not value:
            reference = by_name.get(server.bearer_env)
            if reference is not None:
                raise UnresolvedError(reference, "env_var_missing", "has no value")
        else:
            found["Authorization"] = Secret(f"Bearer {value}")
    for secret in found.values():
        context.scrubber.learn(Secret(re.sub(r"^\s*\w+\s+", "", secret.reveal())))
    return found


def scheme_of(headers: Mapping[str, Secret]) -> str | None:
    """The scheme word of the Authorization header in lower case, "" where it has none, None without such a header."""
    for name, value in headers.items():
        if name.lower() == "authorization":
            word, blank, _ = value.reveal().strip().partition(" ")
            return word.lower() if blank else ""
    return None


def whole_address(context: Context, target: Target) -> str:
    """The address with every reference replaced, its query included.

    Raises:
        OpenAddressError: it is none.
        UnresolvedError: a reference has no value.
    """
    return checked(_filled(context, target.server, target.place, target.url).reveal())


def given(context: Context, server: Server, reference: Reference) -> Secret | None:
    """What the client or the launcher puts in for a reference; None = the text stands as it is.

    Raises:
        UnresolvedError: it has no value.
    """
    match reference.syntax:
        case Syntax.LITERAL | Syntax.PLACEHOLDER:
            context.value_of(reference)  # for the scrubber
            return None
        case Syntax.ENV:
            replaced = reference.expanded_by_client or server.launcher
            return context.value_of(reference) if replaced else None
        case _:
            value = context.value_of(reference)
            if value is None:
                raise UnresolvedError(reference, "credential_not_found", "has no value")
            return value


def _filled(context: Context, server: Server, place: str, text: Secret) -> Secret:
    values: dict[str, Secret] = {}
    for each in server.references:
        if each.field == place:
            value = given(context, server, each)
            if value is not None and each.spelling:
                values[each.spelling] = value
    return Secret(substitute(text.reveal(), values)) if values else text
