"""Store: secrets cross the bus encrypted, and a program that can't do that hands out none."""

from diagnostics.check import Verdict, check, fail, ok, unknown
from diagnostics.checks.applicable import SECRET_SERVICE, not_applicable
from diagnostics.context import Context
from diagnostics.model import Store
from diagnostics.stores.bus import Bus, BusError


@check(of=Store, needs=("backend.provider",), within=5.0)
def encryption(context: Context, store: Store) -> Verdict | None:
    """Can secrets be handed over encrypted?"""
    passed = not_applicable(context, store, SECRET_SERVICE)
    if passed is not None:
        return passed
    state = context.store.state()
    if not state.provider.is_kwallet or not state.bus.address:
        return None  # the others bring their own encryption
    from diagnostics.catalog.packages import package_command
    from diagnostics.stores.reading import open_session

    facts = {"program": state.provider.program, "install": package_command("qca")}
    try:
        with Bus.connect(state.bus.address) as bus:
            open_session(bus)
    except BusError as error:
        if "." not in error.name:  # no answer at all
            return unknown("not-told", evidence=(str(error),), **facts)
        evidence = (f"OpenSession: {error}",)
        return fail("missing", "secret_service_no_encryption", evidence=evidence, said=error.said, **facts)
    return ok("works", **facts)
