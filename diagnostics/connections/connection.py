"""A connection URL or DSN taken apart, also where it is broken: a person's mistakes are what is looked for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from diagnostics.connections.kind import Kind, kind_of_scheme, scheme_of
from diagnostics.secret import MASK, Secret
from diagnostics.text import clean
from diagnostics.tokens.secret_name import names_secret

_HOSTS = r"(?:[^@/?#\s:,\[\]]|\[[0-9A-Fa-f:.%\w]*\]|:|,)*"
_REST = re.compile(
    rf"(?P<hosts>{_HOSTS})(?P<path>/[^?#@]*)?(?P<query>\?(?:[^=&#]+=[^&#]*(?:&|$))*)?(?P<mark>#[^@]*)?",
    re.DOTALL,
)
_DSN_WORD = re.compile(r"(?<![A-Za-z_])([A-Za-z_]+)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s']*)", re.DOTALL)
_DSN_KEYS = {"host", "hostaddr", "user", "password", "dbname", "port", "sslmode"}
_LONGEST = 8192
"""Characters. Longer texts are no connection URL, and taking one apart that is made to be slow would take for ever."""
_REFERENCE = re.compile(r"\$\{[^{}\n]*\}|\{env:[^{}]*\}|\{\{[^{}]*\}\}")


@dataclass(frozen=True, slots=True)
class Target:
    """One host of a connection; `port` is the text that stands there, "" where none does."""

    host: str
    port: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """What a connection URL says. Names are percent-decoded where they can be."""

    kind: Kind
    scheme: str
    """As written, in lower case; "" for a DSN (`host=… user=…`)."""
    targets: tuple[Target, ...]
    user: str | None
    password: Secret | None = field(repr=False)
    """As it stands in the URL, percent-encoding included."""
    database: str
    options: Mapping[str, str] = field(repr=False)
    """As written; in place of a password, a mask."""
    shown: str = ""
    """The URL as people may see it: the password and every option that holds one masked."""
    raw_user: str = field(default="", repr=False)
    dsn_rest: str = field(default="", repr=False)
    """What a DSN holds beside its `key=value` pairs: nothing, when it is well-formed."""
    is_whole: bool = True
    """Whether host and password could be told apart."""

    @property
    def plain_password(self) -> Secret | None:
        """The password itself, percent-encoding taken off (a DSN has none)."""
        if self.password is None:
            return None
        return Secret(unquote(self.password.reveal())) if self.scheme else self.password

    def port_of(self, target: Target) -> int:
        """The port that is meant; the kind's own where none, or no number, stands there."""
        return int(target.port) if target.port.isdecimal() and len(target.port) < 6 else self.kind.port


def read_connection(text: str, named: Kind | None = None) -> Connection | None:
    """A connection URL or DSN, None where the text is none.

    In: the text (none longer than 8192 characters is one); the kind that the variable's name speaks of, by which a text without a scheme is still read.
    """
    bare = text.strip().strip("\"'").strip()
    if len(bare) > _LONGEST:
        return None
    scheme = scheme_of(bare)
    if scheme:
        known = kind_of_scheme(scheme)
        return None if known is None else _read_url(bare, scheme.lower(), known[0])
    if named is None or "=" not in bare:
        return None
    return _read_dsn(bare, named)


def passwords_in(text: str) -> list[Secret]:
    """Every form of the password in a connection URL, for the scrubber; nothing where the text is none."""
    found = read_connection(text)
    if found is None or found.password is None:
        return []
    whole = [found.password]
    if found.plain_password is not None:
        whole.append(found.plain_password)
    return [each for each in dict.fromkeys(whole) if each]


def _read_url(text: str, scheme: str, kind: Kind) -> Connection:
    rest = re.sub(r"^[^:]*(?::[^:/]*)??:/{1,2}", "", text, count=1)
    userinfo, found = _split(rest, kind)
    if found is None:  # no host can be told from the password: nothing of it may be shown
        at = rest.rfind("@")
        user = _raw_user(rest[:at]) if at >= 0 else None
        secret = Secret(rest[:at].partition(":")[2]) if at >= 0 and ":" in rest[:at] else Secret(rest)
        return Connection(
            kind, scheme, (), user, secret, "", {}, f"{scheme}://{MASK}", is_whole=False
        )  # fmt: skip
    raw_user, colon, raw_password = (userinfo or "").partition(":")
    targets = _targets(found["hosts"])
    options = _options(found["query"] or "", kind)
    password = Secret(raw_password) if colon else _option_password(options, kind)
    shown = _shown(scheme, userinfo, raw_user, colon, found, options, kind)
    user = unquote(raw_user) if userinfo is not None and raw_user else options.get("user")
    return Connection(
        kind=kind,
        scheme=scheme,
        targets=targets or _option_targets(options),
        user=user,
        password=password,
        database=unquote((found["path"] or "/")[1:]) or options.get("dbname", ""),
        options=_without_passwords(options, kind),
        shown=shown,
        raw_user=raw_user if userinfo is not None else "",
        is_whole=True,
    )


def _split(rest: str, kind: Kind) -> tuple[str | None, re.Match[str] | None]:
    """User part and the rest: at the first `@` behind which everything looks like hosts, path and options."""
    for at in [number for number, each in enumerate(rest) if each == "@"]:
        found = _REST.fullmatch(rest, at + 1)
        if found and _is_plausible(found["query"] or "", kind):
            return rest[:at], found
    if "@" in rest:
        return None, None
    found = _REST.fullmatch(rest)
    return None, found if found and all(map(_is_port, _targets(found["hosts"]))) else None


def _is_plausible(query: str, kind: Kind) -> bool:
    """Whether an `@` in the options belongs there; elsewhere it is the end of a password that holds `?` and `=`."""
    pairs = (pair.partition("=") for pair in query.removeprefix("?").split("&") if "@" in pair)
    return all(name in {*kind.options, "user", "options"} for name, _, _ in pairs)


def _is_port(target: Target) -> bool:
    """Without any `@`, only digits are surely a port; `user:password` must not be shown as host and port."""
    return target.port.isdecimal() or target.port.casefold() in {"", "port"}


def _targets(text: str) -> tuple[Target, ...]:
    found = []
    for each in text.split(",") if text else ():
        if each.startswith("["):
            host, _, port = each.partition("]")
            found.append(Target(host[1:], port.removeprefix(":")))
        else:
            host, _, port = each.partition(":")
            found.append(Target(unquote(host), port))
    return tuple(found)


def _options(query: str, kind: Kind) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in query.removeprefix("?").split("&"):
        name, equals, value = pair.partition("=")
        if equals:
            found[name.lower() if kind.id == "mongodb_url" else name] = unquote(value)
    return found


def _without_passwords(options: Mapping[str, str], kind: Kind) -> dict[str, str]:
    secret = {*kind.password_options, "password"}
    return {name: MASK if name in secret else value for name, value in options.items()}


def _option_password(options: Mapping[str, str], kind: Kind) -> Secret | None:
    value = next((options[name] for name in kind.password_options if options.get(name)), None)
    return None if value is None else Secret(value)


def _option_targets(options: Mapping[str, str]) -> tuple[Target, ...]:
    host = options.get("host") or options.get("hostaddr")
    return (Target(host, options.get("port", "")),) if host else ()


def _raw_user(userinfo: str) -> str:
    return clean(userinfo.partition(":")[0], 60)


def _shown(
    scheme: str, userinfo: str | None, raw_user: str, colon: str, found: re.Match[str],
    options: Mapping[str, str], kind: Kind,
) -> str:  # fmt: skip
    who = "" if userinfo is None else f"{raw_user}{colon}{MASK if colon else ''}@"
    secret = {*kind.password_options}
    pairs = [
        f"{name}={MASK if name in secret or (names_secret(name) and not name.lower().startswith('ssl')) else value}"
        for name, value in options.items()
    ]
    query = "?" + "&".join(pairs) if pairs else ""
    return clean(f"{scheme}://{who}{found['hosts']}{found['path'] or ''}{query}", 300)


def _read_dsn(text: str, kind: Kind) -> Connection | None:
    pairs: dict[str, str] = {}
    rest, end = "", 0
    for found in _DSN_WORD.finditer(text):
        rest += text[end : found.start()]
        end = found.end()
        value = found[2]
        pairs[found[1].lower()] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith("'") else value
    rest += text[end:]
    if not _DSN_KEYS & pairs.keys():
        return None
    password = pairs.get("password")
    shown = " ".join(f"{key}={MASK if names_secret(key) else value}" for key, value in pairs.items())
    host = pairs.get("host") or pairs.get("hostaddr")
    return Connection(
        kind=kind,
        scheme="",
        targets=tuple(
            Target(each, port)
            for each, port in zip((host or "").split(","), _padded(pairs.get("port", ""), host), strict=False)
        )
        if host
        else (),
        user=pairs.get("user"),
        password=None if password is None else Secret(password),
        database=pairs.get("dbname", ""),
        options=_without_passwords(pairs, kind),
        shown=clean(shown + (f" {MASK}" if rest.strip() else ""), 300),
        dsn_rest=rest.strip(),
    )


def _padded(ports: str, hosts: str | None) -> list[str]:
    given = ports.split(",")
    count = (hosts or "").count(",") + 1
    return given if len(given) == count else [given[0]] * count


def unexpanded_in(text: str) -> str:
    """The first placeholder that nobody replaced, "" where there is none."""
    found = _REFERENCE.search(text)
    return found[0] if found else ""
