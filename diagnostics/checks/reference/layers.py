"""Whether a variable of the environment says something else than the config, or the keychain behind it."""

from diagnostics.catalog.clients import Client, client
from diagnostics.check import Verdict, check, warn
from diagnostics.context import Context
from diagnostics.model import Reference, Syntax
from diagnostics.secret import Secret


@check(of=Reference, within=10)
def layers(context: Context, reference: Reference) -> Verdict | None:
    """Does an exported variable of the same name hold another value?"""
    from diagnostics.reference_syntax import find_references
    from diagnostics.servers.needs.need import is_harmless

    if not reference.field.startswith("env."):
        return None
    name = reference.field.removeprefix("env.")
    exported = context.host.env.get(name)
    if not exported or is_harmless(name) or find_references(exported):
        return None
    one = client(context.server(reference.server_id).client)
    if one.inheritance.overrides_entry and reference.syntax in {Syntax.LITERAL, Syntax.ENV}:
        return _overridden(context, reference, name, Secret(exported), one)
    if reference.syntax is not Syntax.SECRET:
        return None
    kept = context.value_of(reference)
    if kept is None:
        return None
    other = Secret(exported)
    context.scrubber.learn(other)
    if other == kept:
        return None
    return warn(
        "shadowed",
        "credential_shadowed",
        evidence=(
            f"environment {name}: fingerprint {other.fingerprint()}",
            f"keychain: fingerprint {kept.fingerprint()}",
        ),
        name=name,
        secret=reference.name,
    )


def _overridden(
    context: Context, reference: Reference, name: str, exported: Secret, one: Client
) -> Verdict | None:
    """A client that lays its own environment over the entry's: what was exported wins, however old it is."""
    written = context.value_of(reference)
    context.scrubber.learn(exported)
    if written is None or written == exported:
        return None
    return warn(
        "overridden",
        "credential_shadowed",
        evidence=(
            f"environment {name}: fingerprint {exported.fingerprint()}",
            f"config: fingerprint {written.fingerprint()}",
        ),
        name=name,
        client=one.name,
        reload=one.reload,
    )
