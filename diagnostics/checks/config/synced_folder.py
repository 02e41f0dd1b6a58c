"""Whether a file with credentials in plain text lies in a folder that a cloud service copies elsewhere."""

from collections.abc import Iterator
from dataclasses import replace

from diagnostics.check import Verdict, check, warn
from diagnostics.context import Context
from diagnostics.model import ClientFile


@check(of=ClientFile, within=5)
def synced_folder(context: Context, file: ClientFile) -> Iterator[Verdict]:
    """Are its credentials copied to a cloud service?"""
    from diagnostics.plain.access import synced_by
    from diagnostics.plain.exposed import exposed

    for each in exposed(context, file):
        real = each.path.resolve()
        service = synced_by(real) or synced_by(each.path)
        if service:
            verdict = warn(
                "synced", "config_in_synced_folder", evidence=(str(real),), service=service, count=each.count
            )
            yield replace(verdict, concerns=each.servers)
