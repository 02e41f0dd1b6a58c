"""What stands where a credential belongs: a stand-in, the credential itself, or a reference we can't follow yet."""

import re

from diagnostics import managers
from diagnostics.catalog.clients import Client, client
from diagnostics.check import Verdict, check, fail, ok, skip, unknown, warn
from diagnostics.configs.content import read_text
from diagnostics.context import Context
from diagnostics.model import Problem, Reference, Server, Syntax

_OWN_FORMS = ("${input:id}", "${env:VAR}", "{env:VAR}", "${{ secrets.NAME }}", "${VAR}")
_SCHEME = re.compile(r"(?:Bearer|Basic|token) ", re.IGNORECASE)
_SOURCES = {
    Syntax.OAUTH: "an OAuth login",
}


@check(of=Reference)
def kind(context: Context, reference: Reference) -> Verdict | None:
    """Is the credential referred to, rather than written out or left as an example?"""
    from diagnostics.plain.held import held_at

    one = client(context.server(reference.server_id).client)
    match reference.syntax:
        case Syntax.PLACEHOLDER:
            return fail("placeholder", "credential_placeholder", client=one.name, reload=one.reload)
        case Syntax.LITERAL:
            held = held_at(reference.field, reference.text)
            said = held.shown if held.name else f"{reference.field}: {held.shown}"
            outcome, facts = _where_it_stands(one, reference, context.server(reference.server_id))
            return warn(outcome, "credential_in_plain_text", evidence=(said,), client=one.name, **facts)
        case Syntax.FILE:
            return _file(context, reference)
        case Syntax.INPUT if _is_left(one, reference):
            return fail(
                "input-not-known",
                "env_placeholder_not_expanded",
                client=one.name,
                spelling=reference.shown,
            )
        case Syntax.INPUT:
            return skip("asked-by-client", client=one.name, spelling=reference.shown)
        case Syntax.USER_CONFIG if extension := context.server(reference.server_id).extension:
            value = extension.value(reference.name or "")
            if value is None or value.is_sealed or context.value_of(reference) is not None:
                return (
                    None  # `config.extension` tells of the first two, format and validity of the credential
                )
            return ok("from-extension", client=one.name, spelling=reference.shown)
        case Syntax.USER_CONFIG if _is_left(one, reference) and reference.spelling.startswith("${config:"):
            return fail(
                "setting-not-known", "env_placeholder_not_expanded", client=one.name, spelling=reference.shown
            )
        case Syntax.USER_CONFIG:
            return skip("kept-by-client", client=one.name, spelling=reference.shown)
        case Syntax.OAUTH | Syntax.KEYTAR | Syntax.VAULT | Syntax.AWS:
            if managers.find(reference.syntax) is not None:
                return None
            return skip("not-checkable", spelling=reference.shown, source=_SOURCES[reference.syntax])
        case _:
            return None


def _where_it_stands(one: Client, reference: Reference, server: Server) -> tuple[str, dict[str, str]]:
    """What can be done about it: whether the launcher can hand it over, and else what the client offers."""
    from diagnostics.references import notation_of

    where, _, name = reference.field.partition(".")
    notation = notation_of(server)
    facts = {"reload": one.reload, "field_name": reference.field}
    if server.scope == "managed":
        return "plain-text-managed", facts
    if where not in {"url", "headers"}:
        return ("plain-text-xml" if notation == "xml" else "plain-text"), facts
    written = server.headers[name].reveal() if name in server.headers else ""
    scheme = _SCHEME.match(written)
    facts |= {"header": name or "Authorization", "value": (scheme[0] if scheme else "") + "${SECRET:NAME}"}
    fitting = [form for form in _OWN_FORMS if one.expansion.expands(form, where, "", notation)]
    if where == "url":
        return "plain-text-remote-url", facts | {"forms": ", ".join(fitting) or "nothing"}
    if "${input:id}" in fitting:
        return "plain-text-remote-asked", facts
    if one.fields.bearer_env and scheme and not fitting:
        return "plain-text-remote-named", facts | {"setting": one.fields.bearer_env}
    if fitting:
        return "plain-text-remote-variable", facts | {"form": fitting[0]}
    return "plain-text-remote", facts


def _is_left(one: Client, reference: Reference) -> bool:
    """Whether the client is known to leave the notation as it is."""
    return one.expansion.established and not reference.expanded_by_client


def _file(context: Context, reference: Reference) -> Verdict | None:
    """`{file:path}`: there, readable and not empty."""
    from diagnostics.client_variables import referred_file

    server = context.server(reference.server_id)
    one = client(server.client)
    facts = {"client": one.name, "spelling": reference.shown, "reload": one.reload}
    if not reference.expanded_by_client:
        if not one.expansion.established:
            return None
        return fail("file-not-known", "env_placeholder_not_expanded", **facts)
    path = referred_file(reference, server, context.host)
    facts["file"] = str(path)
    try:
        content = read_text(path)
    except FileNotFoundError:
        return fail("file-missing", "path_not_found", **facts)
    if isinstance(content, Problem):
        return unknown("file-unreadable", "file_permission_denied", **facts)
    if not content.text.strip():
        return fail("file-empty", "credential_not_found", **facts)
    return ok("file-there", **facts)
