"""What is wrong with a connection URL, told from the text alone."""

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from diagnostics.connections.connection import Connection, Target, unexpanded_in
from diagnostics.connections.form import WARNINGS, Form
from diagnostics.connections.network import is_public_name
from diagnostics.providers.proxy import is_loopback
from diagnostics.tokens.plain_text import is_placeholder


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong; `said` is what stands there, `expected` what belongs there. Never a secret."""

    form: Form
    said: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """What decides how a URL works beside itself."""

    in_container: bool = False
    """Whether the server runs in a container with a network of its own."""
    has_password_elsewhere: bool = False
    """Whether a variable or file that the driver knows may hold the password."""
    is_stored: bool = field(default=False)
    """Whether the text comes from a store or variable, where `${…}` is replaced by nobody."""


_DRIVER_PREFIX = re.compile(r"\+(?!srv\b)")
_NAMES = {
    "@": "at sign (@)", "/": "slash (/)", "?": "question mark (?)", "#": "hash (#)", ":": "colon (:)", "[": "bracket ([)",
    "]": "bracket (])", " ": "blank",
}  # fmt: skip
_ENCODED = {"@": "%40", "/": "%2F", "?": "%3F", "#": "%23", ":": "%3A", "[": "%5B", "]": "%5D", " ": "%20"}
_STAND_IN_HOSTS = {
    "host", "hostname", "your-host", "your_host", "db-host", "server", "address", "endpoint", "your-db-host",
    "your.host", "yourhost",
}  # fmt: skip
_STAND_IN_USERS = {"user", "username", "your_user", "your-user", "youruser", "db_user", "dbuser", "myuser"}
_STAND_IN_PASSWORDS = {
    "password", "pass", "pw", "passwd", "your_password", "your-password", "yourpassword", "db_password", "mypassword",
    "secret",
}  # fmt: skip
_PORTS = {5432: "PostgreSQL", 3306: "MySQL", 27017: "MongoDB", 6379: "Redis", 80: "a web server", 443: "a web server",
          22: "SSH", 1433: "SQL Server", 6432: "PgBouncer"}  # fmt: skip
_NO_PASSWORD_MEANT = {
    "sslcert",
    "passfile",
    "service",
    "authmechanism",
    "krbsrvname",
    "gsslib",
    "require_auth",
}


def flaws(text: str, connection: Connection, setting: Setting) -> list[Flaw]:
    """All flaws, those that no driver takes first.

    In: the text as it reaches the server, what was read from it, and what else decides.
    """
    found = list(_flaws(text, connection, setting))
    return sorted(found, key=lambda each: each.form in WARNINGS)


def _flaws(text: str, connection: Connection, setting: Setting) -> Iterator[Flaw]:
    if placeholder := unexpanded_in(text):
        if setting.is_stored:
            yield Flaw(Form.UNEXPANDED, placeholder)
        return
    bare = text.strip()
    if bare[:1] in "\"'" and len(bare) > 1:
        yield Flaw(Form.QUOTED)
    elif (text != bare or re.search(r"\s", bare)) and connection.scheme:
        yield Flaw(Form.WHITESPACE, "a line break" if re.search(r"[\r\n]", text) else "a blank")
    if re.search(r"&(?:amp|#38|quot|lt|gt);", text):
        yield Flaw(Form.HTML, "&amp;")
    if _is_stand_in(connection):
        yield Flaw(Form.PLACEHOLDER)
        return
    yield from _scheme(connection)
    if not connection.is_whole:
        yield Flaw(Form.UNREADABLE)
        return
    for look in _LOOKS:
        yield from look(connection, setting)


def _scheme(connection: Connection) -> Iterator[Flaw]:
    kind, scheme = connection.kind, connection.scheme
    if not scheme or scheme in kind.schemes:
        return
    base = scheme.partition("+")[0]
    if kind.id != "redis_url" and _DRIVER_PREFIX.search(scheme) and base in kind.schemes:
        yield Flaw(Form.DRIVER_SCHEME, scheme, base)
        return
    expected = kind.schemes[1] if kind.id == "mongodb_url" and "srv" in scheme else kind.schemes[0]
    if kind.id == "redis_url" and re.search("ssl|tls", scheme):
        expected = "rediss"
    yield Flaw(Form.SCHEME, scheme, expected)


def _is_stand_in(connection: Connection) -> bool:
    password = connection.plain_password.reveal() if connection.plain_password else ""
    hosts = [each.host.casefold() for each in connection.targets]
    if connection.user and re.search("[<>]", connection.user):
        return True
    if password and is_placeholder(password):
        return True
    if any(each in _STAND_IN_HOSTS or re.search(r"[<>]|xxxxx", each) for each in hosts):
        return True
    example = (
        connection.user or ""
    ).casefold() in _STAND_IN_USERS and password.casefold() in _STAND_IN_PASSWORDS
    return example and all(is_public_name(each) for each in hosts)


def _encoding(connection: Connection, _setting: Setting) -> Iterator[Flaw]:
    if not connection.scheme:
        if connection.dsn_rest:
            yield Flaw(Form.DSN)
        return
    password = connection.password.reveal() if connection.password else ""
    texts = {"password": password, "user name": connection.raw_user}
    for where, text in texts.items():
        if re.search(r"%(?![0-9A-Fa-f]{2})", text):
            yield Flaw(Form.PERCENT, where)
        hard = [each for each in "/?#[]" if each in text]
        if connection.kind.id == "mongodb_url":
            hard += [each for each in "@:" if each in text]
        if hard:
            yield Flaw(Form.UNENCODED, f"{_list(hard)} in the {where}", _encoded(hard))
        elif "@" in text:
            yield Flaw(Form.AT_SIGN, where, _encoded("@"))


def _list(characters: list[str]) -> str:
    return ", ".join(_NAMES[each] for each in characters)


def _encoded(characters: list[str] | str) -> str:
    return ", ".join(f"{each} as {_ENCODED[each]}" for each in characters)


def _hosts(connection: Connection, setting: Setting) -> Iterator[Flaw]:
    kind = connection.kind
    if not connection.targets or any(not each.host for each in connection.targets):
        if kind.id != "postgres_url" or (connection.targets and connection.targets[0].port):
            yield Flaw(Form.HOST_MISSING)
        return
    for target in connection.targets:
        yield from _port(connection, target)
    if "+srv" in connection.scheme:
        if len(connection.targets) > 1:
            yield Flaw(Form.SRV, "several hosts", "one host")
        elif connection.targets[0].port:
            yield Flaw(Form.SRV, "a port", "no port")
        elif connection.targets[0].host.count(".") < 2:
            yield Flaw(Form.SRV, "a host name of fewer than three parts", "the cluster's name in the DNS")
    if setting.in_container and all(is_loopback(each.host) for each in connection.targets):
        yield Flaw(Form.CONTAINER, connection.targets[0].host)


def _port(connection: Connection, target: Target) -> Iterator[Flaw]:
    if not target.port:
        return
    if not target.port.isdecimal() or not 0 < int(target.port[:9]) < 65536:
        yield Flaw(Form.PORT, target.port[:20], str(connection.kind.port))
        return
    number, usual = int(target.port), connection.kind.port
    other = _PORTS.get(number)
    if number != usual and other and other not in {connection.kind.name, "PgBouncer"}:
        yield Flaw(Form.OTHER_PORT, f"{number} is the usual port of {other}", str(usual))
    elif number != usual and sorted(target.port) == sorted(str(usual)):
        yield Flaw(Form.OTHER_PORT, f"{number} looks like {usual} with two digits swapped", str(usual))


def _options(connection: Connection, _setting: Setting) -> Iterator[Flaw]:
    kind = connection.kind
    for name, value in connection.options.items():
        allowed = kind.values.get(name)
        if allowed and value not in allowed:
            yield Flaw(Form.OPTION_VALUE, f"{name}={value[:20]}", ", ".join(allowed))
        elif kind.options and name not in kind.options:
            lower = {each.lower(): each for each in kind.options}
            plain = name.lower().replace("_", "").replace("-", "")
            near = lower.get(plain) or next(
                (lower[each] for each in difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.8)), ""
            )
            usual = {"username": "user", "pass": "password", "database": "dbname", "db": "dbname"}
            near = near or ("" if connection.scheme else usual.get(name, ""))
            if near:
                yield Flaw(Form.OPTION, name[:40], near)


def _encryption(connection: Connection, _setting: Setting) -> Iterator[Flaw]:
    kind = connection.kind
    values = {
        name: connection.options[name].lower() for name in kind.tls_options if name in connection.options
    }
    hosts = [each.host.lower() for each in connection.targets]
    ports = {connection.port_of(each) for each in connection.targets}
    remote = any(is_public_name(each) for each in hosts)
    off = [f"{name}={value}" for name, value in values.items() if value in kind.tls_off]
    needs = any(each.endswith(kind.tls_hosts) for each in hosts) or bool(ports & set(kind.tls_ports))
    has_tls = connection.scheme in {"rediss", "mongodb+srv"} or (bool(values) and not off)
    if needs and not has_tls:
        belongs = (
            "rediss:// instead of redis://"
            if kind.id == "redis_url"
            else {
                "postgres_url": "sslmode=require",
                "mysql_url": "ssl-mode=REQUIRED",
                "mongodb_url": "tls=true",
            }[kind.id]
        )
        yield Flaw(Form.TLS_NEEDED, hosts[0] if hosts else "", belongs)
    elif remote and connection.password and (off or connection.scheme == "redis"):
        belongs = "rediss://" if kind.id == "redis_url" else f"{off[0].partition('=')[0]} with another value"
        yield Flaw(Form.CLEAR_TEXT, off[0] if off else "redis://", belongs)
    unverified = [f"{name}={value}" for name, value in values.items() if value in kind.tls_unverified]
    unverified += [
        f"{name}=true"
        for name in kind.unverified_options
        if connection.options.get(name, "").lower() == "true"
    ]
    if unverified and remote:
        yield Flaw(Form.UNVERIFIED, unverified[0])


def _credentials(connection: Connection, setting: Setting) -> Iterator[Flaw]:
    remote = any(is_public_name(each.host) for each in connection.targets)
    elsewhere = setting.has_password_elsewhere or bool(_NO_PASSWORD_MEANT & connection.options.keys())
    if (connection.password is not None and not connection.password) or (
        remote and connection.password is None and not elsewhere
    ):
        yield Flaw(Form.NO_PASSWORD)
    if connection.kind.id in {"postgres_url", "mysql_url"} and connection.targets:
        if not connection.user and (remote or connection.password):
            yield Flaw(Form.NO_USER)
        elif not connection.database and connection.kind.id == "postgres_url":
            yield Flaw(Form.NO_DATABASE)


_LOOKS: tuple[Callable[[Connection, Setting], Iterator[Flaw]], ...] = (
    _encoding,
    _hosts,
    _options,
    _encryption,
    _credentials,
)
