"""Whether a variable of the environment says something else than the keychain entry behind a reference."""

from diagnostics.check import Verdict, check, warn
from diagnostics.context import Context
from diagnostics.model import Reference, Syntax
from diagnostics.reference_syntax import find_references
from diagnostics.secret import Secret


@check(of=Reference, within=10)
def layers(context: Context, reference: Reference) -> Verdict | None:
    """Does an exported variable of the same name hold another value?"""
    if reference.syntax is not Syntax.SECRET or not reference.field.startswith("env."):
        return None
    name = reference.field.removeprefix("env.")
    exported = context.host.env.get(name)
    if not exported or find_references(exported):
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
