"""Backups that clients, editors and people leave beside a config: they keep the credentials that it once held."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from diagnostics.check import Verdict, check, warn
from diagnostics.context import Context
from diagnostics.model import ClientFile, Status

_MOST = 12
"""Copies that are looked into, the newest first by name."""
_ENTRIES = 2000
"""Names of a folder that are looked at."""


@check(of=ClientFile, within=10)
def old_copies(context: Context, file: ClientFile) -> Verdict | None:
    """Do old copies of this config hold credentials?"""
    from diagnostics.plain.exposed import literals
    from diagnostics.plain.source import is_asked_about

    if file.status is Status.SKIP or not is_asked_about(context, file):
        return None
    known = literals(file)
    found = [
        path
        for path in _copies(file.path)[:_MOST]
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


def _copies(path: Path) -> list[Path]:
    """Files whose name is the config's with something more, beside it and in the folders for backups."""
    folders = (path.parent, path.parent / "backups", path.parent / ".claude" / "backups")
    return sorted((each for folder in folders for each in _in(folder, path.name)), reverse=True)


def _in(folder: Path, name: str) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number >= _ENTRIES:
                    return
                longer = entry.name.startswith(name) and entry.name != name
                if (longer or entry.name == f"#{name}#") and entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)
    except OSError:
        return


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
