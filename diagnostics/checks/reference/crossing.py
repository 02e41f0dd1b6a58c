"""Server: one that is started in WSL, on another host, as another user or in a sandbox gets no variable by itself."""

from diagnostics.check import Verdict, check, ok, warn
from diagnostics.context import Context
from diagnostics.model import Reference, Server
from diagnostics.text import clean

_MOST = 80
"""Characters of a variable's name."""


@check(of=Server)
def crossing(context: Context, server: Server) -> Verdict | None:
    """Do the credentials get across to where the server runs?"""
    from diagnostics.catalog.crossings import crossing_of
    from diagnostics.configs.launcher_words import launcher_at
    from diagnostics.references import unwrap

    if server.transport != "stdio" or server.disabled:
        return None
    inner = unwrap(server)
    words = [each.reveal() for each in inner.args]
    found = crossing_of(inner.command or "", words)
    if found is None:
        return None
    one, rest = found
    listed = server.env.get(one.lists)
    env = {**context.host.env, **({one.lists: listed.reveal()} if listed is not None else {})}
    names = sorted({name for each in server.references if (name := _variable(each))})
    lost = [each for each in names if not one.takes(each, rest, env)]
    if lost:
        return warn(
            "stops",
            "env_var_missing",
            evidence=(
                f"started with {one.programs[0]}: {', '.join(clean(each, _MOST) for each in lost)} stop there",
            ),
            names=", ".join(clean(each, _MOST) for each in lost),
            program=one.id,
            place=one.place,
            how=one.how.replace("{name}", clean(lost[0], _MOST)),
        )
    begins = next(
        (n for n, word in enumerate(rest) if launcher_at(word, list(rest[n + 1 :])) is not None), None
    )
    if begins is not None and one.inside:
        return ok("looked-up-there", program=one.id, place=one.place)
    return ok("gets-across", names=", ".join(names), program=one.id, place=one.place) if names else None


def _variable(reference: Reference) -> str:
    """The variable that a reference of the entry's `env` fills, "" = none."""
    return reference.field.removeprefix("env.") if reference.field.startswith("env.") else ""
