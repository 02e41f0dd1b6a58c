"""Store: the user of this process and the user of the session must be one."""

import contextlib
import sys
from pathlib import Path
from typing import Any

from diagnostics.check import Verdict, check, fail, ok, warn
from diagnostics.checks.applicable import SECRET_SERVICE, STAND_IN, not_applicable
from diagnostics.context import Context
from diagnostics.model import Store


@check(of=Store, within=5.0)
def user(context: Context, store: Store) -> Verdict | None:
    """Is this the user whose credentials are looked for?"""
    passed = not_applicable(context, store, SECRET_SERVICE, STAND_IN)
    if passed is not None:
        return passed
    host, state = context.host, context.store.state()
    caller = host.env.get("SUDO_UID", "")
    who: dict[str, Any] = {"uid": host.uid, "user": host.user}
    if host.uid == 0 and caller.isdigit() and caller != "0":
        sudo = {**who, "caller": host.env.get("SUDO_USER") or caller, "caller_uid": caller}
        said = (f"SUDO_UID={caller}, the process runs as uid 0",)
        if state.bus.trouble is None and state.provider.running:
            return warn("sudo-with-own-store", "wrong_user_context", evidence=said, **sudo)
        return fail("sudo", "wrong_user_context", evidence=said, **sudo)
    if state.bus.trouble == "other-user":
        return fail(
            "other-users-bus",
            "wrong_user_context",
            evidence=(f"DBUS_SESSION_BUS_ADDRESS={state.bus.address}", state.bus.said),
            owner=_name_of(state.bus.owner_uid),
            live=state.bus.live_elsewhere or "",
            **who,
        )
    owner = _owner_of(host.runtime_dir)
    if state.bus.trouble and owner is not None and owner != host.uid:
        return fail(
            "other-users-runtime-directory",
            "wrong_user_context",
            evidence=(f"XDG_RUNTIME_DIR={host.runtime_dir} belongs to uid {owner}",),
            owner=_name_of(owner),
            runtime_dir=host.runtime_dir,
            **who,
        )
    if state.provider.running and state.provider.uid not in {-1, host.uid}:
        return fail(
            "other-users-provider",
            "wrong_user_context",
            evidence=(f"process {state.provider.pid} runs as uid {state.provider.uid}",),
            owner=_name_of(state.provider.uid),
            **who,
        )
    return ok("own", **who)


def _owner_of(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except OSError:
        return None


def _name_of(uid: int | None) -> str:
    """A user's login name, the number where there is none."""
    if uid is None:
        return "another user"
    if sys.platform != "win32":
        import pwd

        with contextlib.suppress(KeyError):
            return pwd.getpwuid(uid).pw_name
    return f"the user with the number {uid}"
