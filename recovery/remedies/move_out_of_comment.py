"""Tokens stand in comments of a config: into the keychain with them, before someone shares the file."""

import re
from pathlib import Path

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy, Step
from recovery.planner import remedy

_PLAIN = re.compile(r"[\w.-]{1,60}")


@remedy("config.plain-text.elsewhere", rank=60)
def move_out_of_comment(finding: Finding, context: Context) -> Remedy | None:
    """One token after the other, each its own step; one that is a setting is said by its preview."""
    from diagnostics.text import clean

    file = next((each for each in context.files if each.key == finding.subject), None)
    if file is None or file.scope in {"managed", "extension"}:
        return None
    steps = _steps(file.path, file.client, context)
    if not steps:
        return None
    return Remedy(
        id="move-out-of-comment",
        title=clean(f"Move what stands in the comments of {file.path} into the keychain"),
        why=(
            "Each token goes into the keychain and is read back, and only then the name of its entry takes its place in "
            "the comment. No program reads comments, so nothing else changes. What taking it back needs is kept inside "
            "the keychain."
        ),
        finding=finding.id,
        steps=steps,
        recheck=("config.plain-text",),
    )


def _steps(path: Path, client_id: str, context: Context) -> tuple[Step, ...]:
    from diagnostics.catalog.clients import client
    from diagnostics.configs.client_file import notation_of
    from diagnostics.configs.content import read_text
    from diagnostics.context import SERVICE
    from diagnostics.model import Problem
    from diagnostics.plain.exposed import literals
    from diagnostics.plain.held import tokens_in
    from diagnostics.stores import StoreError
    from recovery.entries import new_undo_id
    from recovery.steps.aside import MoveOutOfComment, is_aside

    try:
        content = read_text(path)
        kept = {each.account: each.secret for each in context.store.entries() if each.service == SERVICE}
    except (OSError, StoreError):
        return ()
    if isinstance(content, Problem):
        return ()
    file = next(each for each in context.files if each.path == path)
    notation = notation_of(path, client(client_id))
    known = set(literals(file))
    found = [each for each in tokens_in(content.text) if each.value not in known]
    aside = [each for each in found if is_aside(content.text, notation, each.value)] or found
    taken, steps = set(kept), list[MoveOutOfComment]()
    left = tokens_in(content.text)
    for each in aside:
        number = [other.value for other in left if other.line == each.line].index(each.value)
        left = [other for other in left if other.value != each.value]
        same = sorted(name for name, value in kept.items() if value == each.value and _PLAIN.fullmatch(name))
        whose = each.provider.partition(" ")[0]
        wanted = re.sub(r"[^a-z0-9]+", "_", f"{whose} token from {path.stem}".lower()).strip("_")[:50]
        free = (wanted, *(f"{wanted}_{count}" for count in range(2, 1000)))
        name = same[0] if same else next(one for one in free if one not in taken)
        taken.add(name)
        steps.append(MoveOutOfComment(str(path), notation, each.line, number, SERVICE, name, new_undo_id()))
    return tuple(steps)
