"""Reference: KeePassXC hands out an entry only when the person has agreed, entry by entry and program by program."""

from diagnostics.check import Verdict, check, fail, ok
from diagnostics.context import Context
from diagnostics.model import Reference, Syntax
from diagnostics.stores import StoreError


@check(of=Reference, needs=("lookup.entry",))
def confirmation(context: Context, reference: Reference) -> Verdict | None:
    """Is the entry handed out without a window?"""
    if reference.syntax is not Syntax.SECRET or not reference.name:
        return None
    state = context.store.state()
    if state.provider.program != "keepassxc":
        return None
    try:
        found = context.entries_named(reference.name)
    except StoreError:
        return None
    open_ones = {each.path for each in state.collections if each.exists and not each.locked}
    asked = [each for each in found if each.locked and each.collection in open_ones]
    if not asked:
        return ok("not-asked", name=reference.name) if found else None
    evidence = (f"{asked[0].path} is locked although its database is open",)
    return fail("asked", "keyring_confirmation_needed", evidence=evidence, name=reference.name)
