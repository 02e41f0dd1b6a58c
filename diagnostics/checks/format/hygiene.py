"""The value itself, whatever it is for: nothing was added, lost or left behind on its way into the store."""

import unicodedata
from collections.abc import Iterator

from diagnostics.check import Verdict, check, fail, ok, warn
from diagnostics.context import Context
from diagnostics.model import Reference, Syntax
from diagnostics.tokens.damage import HARMLESS_MAYBE, Damage

_CAUSES = {
    Damage.EMPTY: "credential_empty",
    Damage.UNEXPANDED: "env_placeholder_not_expanded",
    Damage.MANAGER_REFERENCE: "env_placeholder_not_expanded",
    Damage.PLACEHOLDER: "credential_placeholder",
    Damage.NULL_WORD: "credential_placeholder",
    Damage.MASKED: "credential_placeholder",
    Damage.SCHEME_WORD: "auth_header_wrong",
    Damage.HEADER_LINE: "auth_header_wrong",
}


@check(of=Reference, needs=("lookup.entry",))
def hygiene(context: Context, reference: Reference) -> Verdict | None:
    """Is the value whole and clean?"""
    from diagnostics.tokens.credential import credential_of
    from diagnostics.tokens.hygiene import problems, repaired

    found = credential_of(context, reference)
    if found is None:
        return None
    wrong = problems(found.value, found.env_name)
    if not wrong:
        return ok("clean")
    first = wrong[0]
    mended = repaired(found.value, found.env_name)
    facts = {
        "damage": str(first),
        "also": ", ".join(map(str, wrong[1:])),
        "repairable": "yes" if mended is not None and reference.syntax is Syntax.SECRET else "no",
        "name": reference.name or "",
    }
    cause = _CAUSES.get(first, "credential_corrupted")
    evidence = [*_odd_characters(found.stored.reveal()), *(f"also: {each}" for each in wrong[1:])]
    say = warn if first in HARMLESS_MAYBE else fail
    return say(str(first), cause, evidence=evidence, **facts)


def _odd_characters(text: str) -> Iterator[str]:
    """Where which character stands that no token has, without showing any that one could have."""
    odd = [
        (place, each)
        for place, each in enumerate(text, 1)
        if not each.isprintable() or (each.isspace() and each != " ") or unicodedata.category(each) == "Cf"
    ]
    for place, each in odd[:5]:
        name = unicodedata.name(each, "control character")
        yield f"character {place} is U+{ord(each):04X} ({name.lower()})"
    if len(odd) > 5:
        yield f"and {len(odd) - 5} more of that kind"
