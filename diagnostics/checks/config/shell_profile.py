"""Where the variables that a config refers to are set: in plain text in a profile, one finding a profile."""

from collections.abc import Iterator
from dataclasses import replace

from diagnostics.check import Verdict, check, unknown, warn
from diagnostics.context import Context
from diagnostics.model import ClientFile

_MOST = 8


@check(of=ClientFile, within=15)
def shell_profile(context: Context, file: ClientFile) -> Iterator[Verdict]:
    """Do credentials that it refers to stand in plain text in a shell's profile?"""
    from diagnostics.plain.access import access_of
    from diagnostics.plain.exposed import UnreadableError, read_held
    from diagnostics.plain.source import profiles, servers_taking, variables_of

    names = variables_of(context, file)
    for other in context.files:
        if other is file:
            break
        names -= variables_of(context, other)
    if not names:
        return
    for path in profiles(context.host):
        try:
            held = read_held(context, path, names)
        except UnreadableError as error:
            said = unknown(
                "unreadable", "file_permission_denied", evidence=(f"{path}: {error}",), profile=str(path)
            )
            yield replace(said, concerns=())
            continue
        if not held:
            continue
        evidence = [f"{path}:{each.line} {each.shown}" for each in held[:_MOST]]
        access = access_of(path, context.host.user)
        facts = {
            "profile": str(path),
            "names": ", ".join(dict.fromkeys(each.name for each in held[:_MOST])),
            "name": held[0].name,
            "entry": held[0].name.lower(),
            "count": str(len(held)),
        }
        if access is not None and access.readers:
            evidence.append(f"mode {access.mode:04o}: readable by {access.readers}")
            verdict = warn(
                "open", "config_readable_by_others", evidence=evidence, readers=access.readers, **facts
            )
        else:
            verdict = warn("plain-text", "credential_in_plain_text", evidence=evidence, **facts)
        yield replace(verdict, concerns=servers_taking(context, {each.name for each in held}))
