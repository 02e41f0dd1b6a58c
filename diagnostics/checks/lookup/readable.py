"""Store: all entries are read in one pass, before any of them is asked about."""

from diagnostics.check import Verdict, check, fail, ok, unknown
from diagnostics.checks.applicable import not_applicable
from diagnostics.context import Context
from diagnostics.model import Store
from diagnostics.stores.state import StoreError, UnansweredError


@check(
    of=Store,
    needs=(
        "backend.file-store",
        "backend.credential-manager",
        "permission.collection-locked",
        "permission.macos-keychain",
    ),
    within=15.0,
)
def readable(context: Context, store: Store) -> Verdict | None:
    """Can the keychain's entries be read?"""
    passed = not_applicable(context, store)
    if passed is not None:
        return passed
    try:
        entries = context.store.entries()
    except StoreError as error:
        facts = {"said": str(error), "store": store.kind}
        if isinstance(error, UnansweredError):
            return unknown("not-answered", error.cause, evidence=(str(error),), **facts)
        if error.cause == "secret_service_unresponsive":
            return unknown("broke-off", error.cause, evidence=(str(error),), **facts)
        return fail("refused", error.cause, evidence=(str(error),), **facts)
    return ok("read", count=len(entries))
