"""Whether a server's entry is one that its client can use."""

from collections.abc import Iterator

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, check, fail, ok, skip, warn
from diagnostics.configs.problem_words import facts_of
from diagnostics.context import Context
from diagnostics.model import Platform, Server

_SCRIPTS = {"npx", "npm", "pnpm", "pnpx", "yarn", "bunx"}


@check(of=Server)
def entries(context: Context, server: Server) -> Iterator[Verdict]:
    """Is the server's entry complete and of the right form?"""
    one = client(server.client)
    own = [
        each
        for file in context.files
        if file.path == server.path
        for each in file.problems
        if each.server == server.id
    ]
    for problem in own:
        say = fail if problem.fatal else warn
        yield say(
            problem.outcome,
            problem.cause,
            evidence=(f"{server.path}:{problem.line}" if problem.line else str(server.path),),
            **facts_of(problem, server.client),
        )
    if _needs_wrapper(context, server):
        facts = {"client": one.name, "said": server.command or "", "reload": one.reload}
        yield warn("windows-wrapper", "windows_cmd_wrapper_needed", evidence=(), **facts)
        return
    if own:
        return
    if server.disabled and server.scope != "extension":  # an extension is switched off in other places
        yield skip("disabled", client=one.name)
    else:
        yield ok("ok", client=one.name, line=server.line)


def _needs_wrapper(context: Context, server: Server) -> bool:
    """On Windows these are scripts, which some clients can't start as programs."""
    is_script = (server.command or "").casefold() in _SCRIPTS
    on_windows = context.host.platform is Platform.WINDOWS
    return on_windows and is_script and client(server.client).wrapper_on_windows
