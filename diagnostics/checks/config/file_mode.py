"""Whether other users can read a config that holds credentials in plain text."""

import stat

from diagnostics.check import Verdict, check, warn
from diagnostics.context import Context
from diagnostics.model import ClientFile, Platform, Syntax


@check(of=ClientFile, within=3)
def file_mode(context: Context, file: ClientFile) -> Verdict | None:
    """Can other users read the credentials in this config?"""
    if context.host.platform is Platform.WINDOWS:
        return None
    held = [each for server in file.servers for each in server.references if each.syntax is Syntax.LITERAL]
    if not held:
        return None
    path = file.path.resolve()
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        closed = any(not folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
    except OSError:
        return None
    if closed or not mode & stat.S_IROTH:
        return None
    return warn(
        "readable-by-others",
        "config_readable_by_others",
        evidence=(f"{path} has mode {mode:04o}",),
        count=len(held),
    )
