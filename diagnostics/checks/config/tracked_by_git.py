"""Whether a config or env file that holds credentials in plain text is part of a git repository, or was, or will be."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnostics.check import Verdict, check, fail, ok, unknown, warn
from diagnostics.context import Context
from diagnostics.model import ClientFile

if TYPE_CHECKING:
    from diagnostics.plain.exposed import Exposed
    from diagnostics.plain.repository import Answer


@check(of=ClientFile, within=20)
def tracked_by_git(context: Context, file: ClientFile) -> Iterator[Verdict]:
    """Are its credentials in a git repository?"""
    from diagnostics.plain.exposed import exposed
    from diagnostics.plain.repository import ask_git, repository_of

    for each in exposed(context, file):
        repository = repository_of(each.path)
        if repository is not None:
            verdict = _verdict(each, ask_git(each.path, repository, context.host.env))
            yield replace(verdict, concerns=each.servers)


def _verdict(each: "Exposed", answer: "Answer") -> Verdict:
    from diagnostics.plain.repository import Tracked

    real = each.path.resolve()
    facts = {
        "file": str(each.path),
        "count": str(each.count),
        "repository": str(answer.repository),
        "inside": str(real.relative_to(answer.repository)),
        "said": answer.said,
    }
    evidence = [f"{real} is in the repository {answer.repository}"]
    if answer.has_remote:
        evidence.append("the repository has a remote, so it may have been pushed")
    match answer.tracked:
        case Tracked.TRACKED:
            return fail("tracked", "config_tracked_by_git", evidence=evidence, **facts)
        case Tracked.WAS_TRACKED:
            return warn("was-tracked", "config_tracked_by_git", evidence=evidence, **facts)
        case Tracked.LOOSE:
            return warn("not-ignored", "config_tracked_by_git", evidence=evidence, **facts)
        case Tracked.IGNORED:
            return ok("ignored", **facts)
        case Tracked.UNKNOWN:
            return unknown("not-told", "config_tracked_by_git", evidence=evidence, **facts)
