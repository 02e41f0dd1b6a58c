"""What stands where a credential belongs: a stand-in, the credential itself, or a reference we can't follow yet."""

from diagnostics import managers
from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, check, fail, ok, skip, warn
from diagnostics.context import Context
from diagnostics.model import Reference, Syntax

_SOURCES = {
    Syntax.OAUTH: "an OAuth login",
    Syntax.KEYTAR: "an entry that another program keeps with keytar",
    Syntax.VAULT: "HashiCorp Vault",
    Syntax.AWS: "AWS Secrets Manager",
}


@check(of=Reference)
def kind(context: Context, reference: Reference) -> Verdict | None:
    """Is the credential referred to, rather than written out or left as an example?"""
    one = client(context.server(reference.server_id).client)
    match reference.syntax:
        case Syntax.PLACEHOLDER:
            return fail("placeholder", "credential_placeholder", client=one.name, reload=one.reload)
        case Syntax.LITERAL:
            return warn("plain-text", "credential_in_plain_text", client=one.name)
        case Syntax.INPUT if one.expansion.forms and not reference.expanded_by_client:
            return fail(
                "input-not-known",
                "env_placeholder_not_expanded",
                client=one.name,
                spelling=reference.shown,
            )
        case Syntax.INPUT:
            return skip("asked-by-client", client=one.name, spelling=reference.shown)
        case Syntax.USER_CONFIG if (extension := context.server(reference.server_id).extension):
            value = extension.value(reference.name or "")
            if value is None or value.is_sealed or context.value_of(reference) is not None:
                return None  # `config.extension` tells of the first two, format and validity of the credential
            return ok("from-extension", client=one.name, spelling=reference.shown)
        case Syntax.USER_CONFIG:
            return skip("kept-by-client", client=one.name, spelling=reference.shown)
        case Syntax.OAUTH | Syntax.KEYTAR | Syntax.VAULT | Syntax.AWS:
            if managers.find(reference.syntax) is not None:
                return None
            return skip("not-checkable", spelling=reference.shown, source=_SOURCES[reference.syntax])
        case _:
            return None
