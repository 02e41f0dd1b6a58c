"""Backups that clients, editors and people leave beside a config: they keep the credentials that it once held."""

from dataclasses import replace
from pathlib import Path

from diagnostics.check import Verdict, check, warn
from diagnostics.context import Context
from diagnostics.model import ClientFile, Status

_MOST = 12
"""Copies that are looked into, the newest first by name."""


@check(of=ClientFile, within=10)
def old_copies(context: Context, file: ClientFile) -> Verdict | None:
    """Do old copies of this config hold credentials?"""
    from diagnostics.plain.exposed import literals
    from diagnostics.plain.old_copy import old_copies as copies_of
    from diagnostics.plain.source import is_asked_about

    if file.status is Status.SKIP or not is_asked_about(context, file):
        return None
    known = literals(file)
    found = [
        path
        for path in copies_of(file.path)[:_MOST]
        if _holds(context, path, [each.reveal() for each in known])
    ]
    if not found:
        return None
    verdict = warn(
        "found",
        "credential_in_plain_text",
        evidence=[str(each) for each in found[:5]]
        + ([f"and {len(found) - 5} more"] if len(found) > 5 else []),
        count=len(found),
        folder=str(found[0].parent),
    )
    return replace(verdict, concerns=())


def _holds(context: Context, path: Path, known: list[str]) -> bool:
    from diagnostics.plain.exposed import UnreadableError, text_of
    from diagnostics.plain.held import tokens_in

    try:
        content = text_of(path)
    except UnreadableError:
        return False
    if content is None:
        return False
    tokens = tokens_in(content.text)
    for each in tokens:
        context.scrubber.learn(each.value)
    return bool(tokens) or any(each in content.text for each in known)
