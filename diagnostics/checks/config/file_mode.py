"""Whether other users can read a config that holds credentials in plain text, or change what the client starts."""

from collections.abc import Iterator
from dataclasses import replace

from diagnostics.check import Verdict, check, warn
from diagnostics.context import Context
from diagnostics.model import ClientFile, Platform, Status


@check(of=ClientFile, within=3)
def file_mode(context: Context, file: ClientFile) -> Iterator[Verdict]:
    """Can other users read the credentials in this config, or change it?"""
    from diagnostics.plain.access import access_of
    from diagnostics.plain.exposed import holders, literals
    from diagnostics.plain.source import is_asked_about

    if context.host.platform is Platform.WINDOWS or file.status is Status.SKIP or not file.servers:
        return
    if not is_asked_about(context, file):
        return
    access = access_of(file.path, context.host.user)
    if access is None:
        return
    if access.writers:
        place = access.folder or file.path
        yield warn(
            "writable-by-others",
            "config_writable_by_others",
            evidence=(f"{place} can be changed by {access.writers}",),
            place=str(place),
            writers=access.writers,
        )
    held = len(literals(file))
    if held and access.readers:
        verdict = warn(
            "readable-by-others",
            "config_readable_by_others",
            evidence=(f"{file.path.resolve()} has mode {access.mode:04o}",),
            count=held,
            readers=access.readers,
        )
        yield replace(verdict, concerns=holders(file))
