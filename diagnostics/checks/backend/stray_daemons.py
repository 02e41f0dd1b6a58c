"""Store: a second daemon answers nobody, or works on the same files without knowing of the first."""

from typing import Any

from diagnostics.check import Verdict, check, ok, warn
from diagnostics.checks.applicable import SECRET_SERVICE, STAND_IN, not_applicable
from diagnostics.context import Context
from diagnostics.model import Store
from diagnostics.text import Words


@check(of=Store, needs=("backend.provider",), within=5.0)
def stray_daemons(context: Context, store: Store) -> Verdict | None:
    """Is the daemon the only one on its keychains?"""
    passed = not_applicable(context, store, SECRET_SERVICE, STAND_IN)
    if passed is not None:
        return passed
    one = context.store.state().provider
    facts: dict[str, Any] = {
        "program": one.program,
        "pid": one.pid,
        "count": len(one.strays),
        "pids": _listed(one.strays),
    }
    if one.strays:
        seen = (f"process {one.pid} owns org.freedesktop.secrets", f"beside it: {facts['pids']}")
        return warn("strays", "secret_service_stray_daemon", evidence=seen, **facts)
    if one.sharers:
        pids = _listed(one.sharers)
        seen = (f"process {one.pid} serves this bus", f"another session's: {pids}, on {one.data_home}")
        shared = {**facts, "pids": pids, "count": len(one.sharers), "data_home": one.data_home}
        return warn("shared-files", "secret_service_stray_daemon", evidence=seen, **shared)
    return ok("alone", **facts)


def _listed(pids: tuple[int, ...]) -> Words:
    return Words(" ".join(str(pid) for pid in pids))
