"""Which way out this host's environment asks for: proxies, exceptions to them, certificate authorities."""

import ipaddress
import re
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit


def is_loopback(name: str) -> bool:
    """Whether a host name or address means this machine itself."""
    bare = name.strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


class Reach(StrEnum):
    """Which addresses a request may lead to."""

    ANYWHERE = "anywhere"
    NETWORK = "network"
    """All but this machine itself and link-local addresses, where a cloud machine's own metadata are."""
    PUBLIC = "public"
    """The public internet only."""


def is_within(name: str, reach: Reach) -> bool:
    """Whether a host name or address may be within the reach. No name server is asked: a name is judged by its form."""
    if reach is Reach.ANYWHERE:
        return True
    bare = name.strip("[]").rstrip(".").lower()
    if is_loopback(bare):
        return False
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        # `127.1` and `0x7f000001` are addresses to the system; no public name ends so
        odd = re.fullmatch(r"\d+|0x[0-9a-f]+", bare.rpartition(".")[2]) is not None
        private = bare.endswith((".local", ".internal", ".lan", ".home.arpa"))
        return not odd and (reach is Reach.NETWORK or not private)
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast:
        return False
    return reach is Reach.NETWORK or address.is_global


def proxy_for(url: str, env: Mapping[str, str]) -> str | None:
    """The proxy that `HTTPS_PROXY` and its kin name for this address, None = go there directly.

    This machine itself is never asked through a proxy: what goes there in clear text would be read on the way.
    The lower-case spelling of a variable wins, as in curl and Python.
    """
    parts = urlsplit(url)
    name = parts.hostname or ""
    if is_loopback(name) or _is_excepted(name, parts.port or 443, _get(env, "no_proxy")):
        return None
    return _get(env, f"{parts.scheme}_proxy") or _get(env, "all_proxy") or None


def _get(env: Mapping[str, str], name: str) -> str:
    return (env.get(name) or env.get(name.upper()) or "").strip()


def _is_excepted(name: str, port: int, no_proxy: str) -> bool:
    """NO_PROXY as curl reads it: names with all below them, addresses, networks, `*`; a port narrows it."""
    rules = (each.strip().lower() for each in no_proxy.split(","))
    return any(_excepts(rule, name.lower(), port) for rule in rules if rule)


def _excepts(rule: str, name: str, port: int) -> bool:
    if rule == "*":
        return True
    if "/" in rule:
        try:
            return ipaddress.ip_address(name) in ipaddress.ip_network(rule, strict=False)
        except ValueError:
            return False
    host, colon, number = rule.rpartition(":")
    if colon and number.isdigit():
        if int(number) != port:
            return False
    else:
        host = rule
    domain = host.removeprefix("*").lstrip(".")
    return name == domain or name.endswith("." + domain)


def authorities(env: Mapping[str, str]) -> tuple[str, str] | None:
    """The variable and file of the certificate authorities that this host's tools trust, None = the built-in ones.

    The order is that of requests, then OpenSSL's own variable: a server on Node reads none of these three
    (`NODE_EXTRA_CA_CERTS` instead), so that what passes here may still fail there.
    """
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        if env.get(variable):
            return variable, env[variable]
    return None
