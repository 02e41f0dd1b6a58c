"""The entry is there, in a form in which programs with keytar do not see it."""

from typing import TYPE_CHECKING

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Reference, Syntax
from diagnostics.stores import StoreError
from diagnostics.text import clean
from recovery.model import Remedy, Step
from recovery.planner import remedy

if TYPE_CHECKING:
    from diagnostics.managers.keytar import Place

_CREDENTIAL_MANAGER = "credential-manager"
_KINDS = {"secret-service", _CREDENTIAL_MANAGER}
"""On macOS keytar finds what the keyring library wrote."""
_NEAR = {"by-keyring", "no-schema", "other-split", "spelling"}


@remedy(
    "lookup.keytar.by-keyring",
    "lookup.keytar.no-schema",
    "lookup.keytar.other-split",
    "lookup.keytar.spelling",
    "lookup.auth0-session.wrong-form",
    rank=10,
)
def copy_to_keytar(finding: Finding, context: Context) -> Remedy | None:
    """Writes its value under the attributes that keytar looks for; of Auth0's login all that is in another form."""
    from diagnostics.managers.keytar import place_of
    from diagnostics.model import Stage
    from diagnostics.servers import auth0

    if context.store.subject.kind not in _KINDS:
        return None
    if finding.check == "lookup.auth0-session":
        wanted = [
            f"{auth0.SERVICE}/{each}" for each in (auth0.TOKEN, auth0.DOMAIN, auth0.REFRESH, auth0.ENDS)
        ]
    else:
        reference = _reference(finding, context)
        wanted = [reference.name] if reference is not None and reference.name else []
    try:
        found = [_step(place, context) for each in wanted if (place := place_of(each)) is not None]
    except StoreError:
        return None
    steps = tuple(each for each in found if each is not None)
    if not steps:
        return None
    return Remedy(
        id="copy-to-keytar",
        title=clean(steps[0].title) if len(steps) == 1 else f"Write {len(steps)} entries as keytar does",
        why=(
            "The value is in the keychain, where programs with keytar do not look. It is written in the form that they "
            "look for, and is not shown."
        ),
        finding=finding.id,
        steps=steps,
        recheck=checks_from(Stage.LOOKUP),
    )


def _reference(finding: Finding, context: Context) -> Reference | None:
    return next(
        (each for each in context.references if each.key == finding.subject and each.syntax is Syntax.KEYTAR),
        None,
    )


def _step(place: "Place", context: Context) -> Step | None:
    """What brings one entry there; None where keytar finds it, or nothing like it is there.

    Raises:
        StoreError: the store could not be read.
    """
    from diagnostics.managers import Trouble
    from diagnostics.managers.keytar import judged
    from recovery.entries import new_undo_id
    from recovery.steps.entry_form import CopyToForm

    answer = judged(context.store, place)
    path = answer.facts.get("item") if isinstance(answer, Trouble) else None
    entry = next((each for each in context.store.entries() if each.path == path), None)
    if (
        not isinstance(answer, Trouble)
        or answer.outcome not in _NEAR
        or entry is None
        or entry.secret is None
    ):
        return None
    # On Windows it would be another library's, under its own name, and not a twin.
    instead = answer.outcome == "no-schema" and context.store.subject.kind != _CREDENTIAL_MANAGER
    return CopyToForm(
        dict(entry.attributes),
        entry.collection,
        place.service,
        place.account,
        "keytar",
        instead,
        new_undo_id(),
    )
