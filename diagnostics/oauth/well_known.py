"""Where the documents about a login are: RFC 9728 section 3, RFC 8414 section 3, OpenID Connect Discovery."""

from urllib.parse import SplitResult, urlsplit

from diagnostics.providers.proxy import is_loopback


def resource_urls(server: str) -> list[str]:
    """Where a protected resource's metadata may be, the path-inserted address first."""
    parts = urlsplit(server)
    path = parts.path.rstrip("/")
    tries = [_at(parts, f"/.well-known/oauth-protected-resource{path}")] if path else []
    return [*tries, _at(parts, "/.well-known/oauth-protected-resource")]


def server_urls(issuer: str) -> list[str]:
    """Where an authorization server's metadata may be, in the order that clients try."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    if not path:
        names = ("oauth-authorization-server", "openid-configuration")
        return [_at(parts, f"/.well-known/{name}") for name in names]
    return [
        _at(parts, f"/.well-known/oauth-authorization-server{path}"),
        _at(parts, f"/.well-known/openid-configuration{path}"),
        _at(parts, f"{path}/.well-known/openid-configuration"),
    ]


def origin(url: str) -> str:
    """Scheme, host and port in one spelling: lower case, the usual port left out. "" for what is no address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if not parts.hostname:
        return ""
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{name}" + ("" if port in (None, usual) else f":{port}")


def is_secure(url: str) -> bool:
    """Whether a login may go over it: https, or http on this machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    name = parts.hostname or ""
    return bool(name) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(name)))


def covers(resource: str, server: str) -> bool:
    """Whether a resource's identifier stands for the server: the same address, or one above it on the same host."""
    if not origin(resource) or origin(resource) != origin(server):
        return False
    theirs, ours = urlsplit(resource), urlsplit(server)
    if theirs.query or theirs.fragment:
        return theirs.path.rstrip("/") == ours.path.rstrip("/") and theirs.query == ours.query
    above = theirs.path.rstrip("/")
    return ours.path.rstrip("/") == above or ours.path.startswith(f"{above}/")


def _at(parts: SplitResult, path: str) -> str:
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"
