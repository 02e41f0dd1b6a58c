"""Whether a server's entry is one that its client can use."""

from collections.abc import Iterator

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, check, fail, ok, skip, warn
from diagnostics.configs.problem_words import facts_of
from diagnostics.context import Context
from diagnostics.model import Server


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
    if own:
        return
    if server.disabled and server.scope != "extension":  # an extension is switched off in other places
        yield skip("disabled", client=one.name)
    else:
        yield ok("ok", client=one.name, line=server.line)
