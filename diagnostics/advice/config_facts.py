"""What the configs of this host's clients ask for: references, plain text, servers at addresses, bundles."""

from collections.abc import Mapping, Sequence

from diagnostics.advice.fact import Fact, Look, known, unknown
from diagnostics.context import Context
from diagnostics.model import Server, Status, Syntax

_OURS = {Syntax.SECRET, Syntax.KEYTAR, Syntax.OAUTH, Syntax.VAULT, Syntax.AWS}
"""What no client replaces by itself: the launcher does."""
_TAKES_BUNDLES = "claude-desktop"
"""The client that is known to install .mcpb bundles and to keep their sensitive settings."""
_MOST = 4


def _references(context: Context) -> Fact:
    counts: dict[str, int] = {}
    for each in context.references:
        counts[each.syntax.value] = counts.get(each.syntax.value, 0) + 1
    seen = [f"{count} × {name}" for name, count in sorted(counts.items())]
    return known("references", *(counts or ("none",)), seen=seen)


def _resolved(context: Context) -> Fact:
    """Whether somebody replaces the references that no client knows."""
    servers = {each.id: each for each in context.servers}
    ours = [each for each in context.references if each.syntax in _OURS]
    if not ours:
        return known("resolved", "none")
    left = [each for each in ours if not (servers[each.server_id].launcher or each.expanded_by_client)]
    if left:
        return known("resolved", "no", seen=_named([servers[each.server_id] for each in left]))
    return known("resolved", "yes")


def _plain(context: Context) -> Fact:
    from diagnostics.plain.exposed import exposed

    found = {each.path: each.count for file in context.files for each in exposed(context, file)}
    seen = [f"{path}: {count}" for path, count in list(found.items())[:_MOST]]
    return known("plain", "some" if found else "none", seen=seen)


def _clients(context: Context) -> Fact:
    found = sorted({each.client for each in context.servers})
    value = "none" if not found else "one" if len(found) == 1 else "several"
    return known("clients", value, seen=found[: 2 * _MOST])


def _bundles(context: Context) -> Fact:
    if any(each.extension for each in context.servers):
        installed = [each for each in context.servers if each.extension]
        return known("bundles", "installed", seen=_named(installed))
    here = any(each.client == _TAKES_BUNDLES and each.status is not Status.SKIP for each in context.files)
    return known("bundles", "possible" if here else "no", seen=[_TAKES_BUNDLES] if here else [])


def _remote(context: Context) -> Fact:
    found = [each for each in context.servers if each.url is not None]
    return known("remote", "some" if found else "none", seen=_named(found))


def _remote_login(context: Context) -> Fact:
    """Whether a server at an address wants a login, as far as the configs and the logins that are kept tell."""
    remote = [each for each in context.servers if each.url is not None]
    if not remote:
        return known("remote-login", "none")
    by_login = {each.server_id for each in context.references if each.syntax is Syntax.OAUTH}
    logins = [each for each in remote if each.id in by_login]
    if logins:
        return known("remote-login", "yes", seen=_named(logins))
    fixed = [each for each in remote if each.headers or each.env_headers or each.bearer_env]
    if len(fixed) == len(remote):
        return known("remote-login", "no", seen=_named(fixed))
    told = ", ".join(_named([each for each in remote if each not in fixed]))
    return unknown("remote-login", f"only the servers themselves tell, and advise asks nobody ({told})")


def _named(servers: Sequence[Server]) -> list[str]:
    names = list(dict.fromkeys(each.name for each in servers))
    more = [f"and {len(names) - _MOST} more"] if len(names) > _MOST else []
    return names[:_MOST] + more


LOOKS: Mapping[str, Look] = {
    "references": _references,
    "resolved": _resolved,
    "plain": _plain,
    "clients": _clients,
    "bundles": _bundles,
    "remote": _remote,
    "remote-login": _remote_login,
}
