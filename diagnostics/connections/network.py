"""Whether a host is out in the world or in a network of one's own, told from its name alone."""

import ipaddress

from diagnostics.providers.proxy import is_loopback

_OWN = (
    ".local",
    ".internal",
    ".lan",
    ".home",
    ".svc",
    ".cluster.local",
    ".localdomain",
    ".test",
    ".home.arpa",
)


def is_public_name(host: str) -> bool:
    """Whether what goes to this host leaves one's own network: a name with a dot, or a global address."""
    bare = host.strip("[]").rstrip(".").lower()
    if not bare or bare.startswith("/") or is_loopback(bare):
        return False
    try:
        return ipaddress.ip_address(bare.partition("%")[0]).is_global
    except ValueError:
        return "." in bare and not bare.endswith(_OWN)
