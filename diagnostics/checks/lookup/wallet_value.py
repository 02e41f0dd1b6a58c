"""Reference: KWallet keeps an entry's name at once and its value seconds later; what was ended between has lost it."""

from diagnostics.check import Verdict, check, fail
from diagnostics.context import SERVICE, Context
from diagnostics.model import Reference, Syntax
from diagnostics.stores import StoreError


@check(of=Reference, needs=("lookup.entry",))
def wallet_value(context: Context, reference: Reference) -> Verdict | None:
    """Did KWallet keep the entry's value?"""
    if reference.syntax is not Syntax.SECRET or not reference.name:
        return None
    if not context.store.state().provider.is_kwallet:
        return None
    try:
        found = context.entries_named(reference.name)
    except StoreError:
        return None
    empty = [each for each in found if each.secret is not None and not each.secret]
    if not empty or len(empty) != len(found):
        return None
    return fail(
        "lost",
        "kwallet_value_lost",
        evidence=(f"{empty[0].path} is there, and its value is empty",),
        name=reference.name,
        service=SERVICE,
        spelling=reference.spelling,
    )
