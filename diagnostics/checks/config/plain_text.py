"""Tokens in a config beside its servers' entries: in comments, in other settings, in an entry that is cut out."""

from dataclasses import replace

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, check, warn
from diagnostics.context import Context
from diagnostics.model import ClientFile, Status

_MOST = 5


@check(of=ClientFile, within=5)
def plain_text(context: Context, file: ClientFile) -> Verdict | None:
    """Do tokens stand elsewhere in this config?"""
    from diagnostics.plain.exposed import UnreadableError, literals, text_of
    from diagnostics.plain.source import is_asked_about

    if file.status is Status.SKIP or not is_asked_about(context, file):
        return None
    from diagnostics.plain.held import tokens_in

    try:
        content = text_of(file.path)
    except UnreadableError:
        return None  # the check of the file itself says so
    found = tokens_in(content.text, literals(file)) if content else []
    if not found:
        return None
    for each in found:
        context.scrubber.learn(each.value)
    verdict = warn(
        "elsewhere",
        "credential_in_plain_text",
        evidence=[f"{file.path}:{each.line} {each.shown}" for each in found[:_MOST]],
        count=len(found),
        client=client(file.client).name,
    )
    return replace(verdict, concerns=())
