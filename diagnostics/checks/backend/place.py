"""Store: a container, WSL, a sandbox, a service or a job has its own way to a keychain, or none."""

import os
from typing import Any

from diagnostics.check import Verdict, check, ok, warn
from diagnostics.checks.applicable import SECRET_SERVICE
from diagnostics.context import Context
from diagnostics.model import Store
from diagnostics.place import Kind, Place, parents_of, places_of
from diagnostics.stores import StoreState

_CAUSES = {
    Kind.SNAP: "snap_confinement",
    Kind.FLATPAK: "snap_confinement",
    Kind.OTHER_USER: "wrong_user_context",
}


@check(of=Store, within=5.0)
def place(context: Context, store: Store) -> list[Verdict] | None:
    """Does the keychain reach to where this runs?"""
    if not context.needs_store or store.kind != SECRET_SERVICE:
        return None
    host, state = context.host, context.store.state()
    found = places_of(host, parents_of(host, os.getpid()))
    return [each for one in found if (each := _verdict(one, state, context)) is not None]


def _verdict(one: Place, state: StoreState, context: Context) -> Verdict | None:
    host = context.host
    facts: dict[str, Any] = {
        "name": one.name,
        "user": host.user,
        "uid": host.uid,
        "home": host.home,
        "usual": f"/run/user/{host.uid}/bus",
        "live": state.bus.live_elsewhere or f"unix:path=/run/user/{host.uid}/bus",
    }
    reached = state.bus.trouble is None and state.provider.running and not state.error
    if one.kind is Kind.MULTIPLEXER:
        if state.bus.trouble is None:
            return None
        return warn("multiplexer", "dbus_no_session_bus", evidence=one.evidence, **facts)
    if reached:
        return ok(one.kind.value, evidence=one.evidence, **facts)
    if one.open:
        return None  # it is not the sandbox that keeps it away: the other checks say what does
    cause = _CAUSES.get(one.kind, "keychain_out_of_reach")
    return warn(f"{one.kind.value}-without", cause, evidence=(*one.evidence, *_why(state)), **facts)


def _why(state: StoreState) -> list[str]:
    return [each for each in (state.bus.said, state.error) if each]
