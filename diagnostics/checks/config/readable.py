"""Whether a client's config can be read and holds servers where the client looks for them."""

from collections.abc import Iterator

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, check, fail, ok, warn
from diagnostics.configs.problem_words import facts_of
from diagnostics.context import Context
from diagnostics.model import ClientFile, Status


@check(of=ClientFile)
def readable(_context: Context, file: ClientFile) -> Iterator[Verdict]:
    """Can the client read its config?"""
    if file.status is Status.SKIP:
        return
    own = [each for each in file.problems if each.server is None]
    for problem in own:
        say = fail if problem.fatal else warn
        place = f"{file.path}:{problem.line}:{problem.column}" if problem.line else str(file.path)
        yield say(
            problem.outcome,
            problem.cause,
            evidence=(place.removesuffix(":0"),),
            **facts_of(problem, file.client),
        )
    if not own:
        yield ok("ok", client=client(file.client).name, count=len(file.servers))
