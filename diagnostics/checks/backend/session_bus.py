"""Store: without a session bus no program finds the keychain."""

from pathlib import Path

from diagnostics.check import Verdict, check, fail, ok
from diagnostics.checks.applicable import SECRET_SERVICE, STAND_IN, not_applicable
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.model import Session, Store


@check(of=Store, needs=("backend.user",), within=5.0)
def session_bus(context: Context, store: Store) -> Verdict | None:
    """Does the session bus answer?"""
    passed = not_applicable(context, store, SECRET_SERVICE, STAND_IN)
    if passed is not None:
        return passed
    bus = context.store.state().bus
    trouble = bus.trouble
    if trouble is None:
        return ok("answers", address=bus.address, pid=bus.pid, has_display=bus.has_display)
    facts = {
        "trouble": trouble,
        "address": bus.address or "",
        "said": bus.said,
        "live": bus.live_elsewhere or "",
        "usual": f"/run/user/{context.host.uid}/bus",
        "runtime_dir": context.host.runtime_dir,
        "uid": context.host.uid,
        "user": context.host.user,
        "linger": _lingering(context.host),
    }
    evidence = [bus.said]
    if bus.live_elsewhere:
        evidence.append(f"a bus of this user answers at {bus.live_elsewhere}")
    else:
        evidence.append(f"nothing answers at {facts['usual']}; lingering: {facts['linger']}")
    if trouble in {"hung", "closed"}:
        return fail(trouble, "dbus_bus_unresponsive", evidence=evidence, **facts)
    return fail(
        _outcome(trouble, bus.live_elsewhere, context.host), "dbus_no_session_bus", evidence=evidence, **facts
    )


def _outcome(trouble: str, live: str | None, host: Host) -> str:
    if live:
        return "unset-but-live" if trouble == "unset" else "elsewhere"
    if trouble == "unset" and host.session in {Session.SSH, Session.CRON, Session.SERVICE, Session.CONTAINER}:
        return f"unset-{host.session}"
    return trouble


def _lingering(host: Host) -> str:
    """Whether systemd keeps this user's session services after logout. Source: loginctl(1), enable-linger."""
    if not Path("/run/systemd/system").is_dir():
        return "no systemd here"
    return "on" if (Path("/var/lib/systemd/linger") / host.user).exists() else "off"
