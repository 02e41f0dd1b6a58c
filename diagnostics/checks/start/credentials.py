"""Whether what a well-known server cannot work without reaches it; many start and list their tools without."""

from collections.abc import Sequence

from diagnostics.catalog.servers import KnownServer, known_server
from diagnostics.check import Verdict, check, fail, ok, skip, warn
from diagnostics.context import Context
from diagnostics.model import Reference, Server, Syntax
from diagnostics.references import unwrap
from diagnostics.servers.child_environment import inherited_by

_CONTAINER_TOOLS = {"docker", "podman", "nerdctl"}


@check(of=Server, needs=("lookup.entry",))
def credentials(context: Context, server: Server) -> Verdict | None:
    """Do the credentials that this server needs reach it?"""
    if server.disabled or server.transport != "stdio" or server.command is None:
        return None
    inner = unwrap(server)
    args = [each.reveal() for each in inner.args]
    known = known_server(inner.command or "", args)
    if known is None:
        return skip("not-known")
    if any(word.partition("=")[0] in known.options for word in args):
        return ok("by-option", server_name=known.name)
    missing = [need for need in known.needs if not any(_reaches(context, server, name) for name in need)]
    if missing:
        return _missing(known, missing)
    left_outside = [name for name in _not_handed_on(inner, args, known) if name in server.env]
    if left_outside:
        return fail("not-into-container", "env_var_missing", name=left_outside[0], server_name=known.name)
    names = ", ".join(next(name for name in need if _reaches(context, server, name)) for need in known.needs)
    return ok("reach", names=names, server_name=known.name)


def _missing(known: KnownServer, missing: Sequence[Sequence[str]]) -> Verdict:
    facts = {
        "names": " and ".join(" or ".join(need) for need in missing),
        "name": missing[0][0],
        "entry": missing[0][0].lower(),
        "server_name": known.name,
        "note": known.note,
    }
    if known.starts_without:
        return warn("missing-but-starts", "env_var_missing", **facts)
    return fail("missing", "env_var_missing", **facts)


def _reaches(context: Context, server: Server, name: str) -> bool:
    """Whether the server gets something in this variable that could be a credential."""
    if name in server.env:
        found = [each for each in server.references if each.field == f"env.{name}"]
        return bool(server.env[name].reveal().strip()) and all(
            _has_value(context, server, each) for each in found
        )
    by_name = name in server.env_names and bool(context.host.env.get(name))
    return by_name or bool(inherited_by(server, context.host).get(name))


def _has_value(context: Context, server: Server, reference: Reference) -> bool:
    """A reference whose value can't be looked up here gets the benefit of the doubt."""
    match reference.syntax:
        case Syntax.PLACEHOLDER:
            return False
        case Syntax.ENV:
            value = context.value_of(reference)
            return bool(value) and (reference.expanded_by_client or server.launcher)
        case _:
            return True


def _not_handed_on(inner: Server, args: Sequence[str], known: KnownServer) -> list[str]:
    """Variables that a container is not told to take over: `docker run` hands on only those named with -e."""
    program = (inner.command or "").rpartition("/")[2].removesuffix(".exe")
    if program not in _CONTAINER_TOOLS or any(word.startswith("--env-file") for word in args):
        return []
    handed = {args[at + 1].partition("=")[0] for at, word in enumerate(args[:-1]) if word in {"-e", "--env"}}
    handed |= {word.removeprefix("--env=").partition("=")[0] for word in args if word.startswith("--env=")}
    return [name for need in known.needs for name in need if name not in handed]
