"""The env files that servers are given, or read by themselves: there, readable, and what they hold in plain text."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnostics.check import Verdict, check, fail, ok, unknown, warn
from diagnostics.context import Context
from diagnostics.model import ClientFile
from diagnostics.text import listed

if TYPE_CHECKING:
    from diagnostics.plain.source import EnvFile

_MOST = 8


@check(of=ClientFile, within=10)
def env_file(context: Context, file: ClientFile) -> Iterator[Verdict]:
    """Do the env files of its servers hold credentials in plain text?"""
    from diagnostics.plain.source import env_files_of

    for each in env_files_of(context, file):
        verdict = _verdict(context, each)
        if verdict is not None:
            yield replace(verdict, concerns=each.ids)


def _verdict(context: Context, each: "EnvFile") -> Verdict | None:
    from diagnostics.plain.access import access_of
    from diagnostics.plain.exposed import UnreadableError, read_held

    facts = {"file": str(each.path), "servers": listed(each.servers, 4)}
    try:
        held = read_held(context, each.path)
    except UnreadableError as error:
        return unknown("unreadable", "file_permission_denied", evidence=(f"{each.path}: {error}",), **facts)
    if held is None:
        return (
            fail("missing", "path_not_found", evidence=(str(each.path),), **facts) if each.is_named else None
        )
    if not held:
        return ok("no-credentials", **facts)
    access = access_of(each.path, context.host.user)
    evidence = [f"{each.path}:{one.line} {one.shown}" for one in held[:_MOST]]
    if len(held) > _MOST:
        evidence.append(f"and {len(held) - _MOST} more")
    facts |= {"count": str(len(held)), "entry": held[0].name.lower(), "name": held[0].name}
    if access is not None and access.readers:
        evidence.append(f"mode {access.mode:04o}: readable by {access.readers}")
        return warn("open", "config_readable_by_others", evidence=evidence, readers=access.readers, **facts)
    return warn("plain-text", "credential_in_plain_text", evidence=evidence, **facts)
