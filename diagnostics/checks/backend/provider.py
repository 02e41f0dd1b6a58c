"""Store: somebody must answer for the Secret Service on the session bus."""

from diagnostics.check import Verdict, check, fail, ok
from diagnostics.checks.applicable import SECRET_SERVICE, STAND_IN, not_applicable
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.model import Store
from diagnostics.stores import StoreState, WalletState

_UNRESPONSIVE = "secret_service_unresponsive"
_KWALLET = "kwallet_unavailable"


@check(of=Store, needs=("backend.session-bus",), within=5.0)
def provider(context: Context, store: Store) -> Verdict | None:
    """Does a program that keeps secrets answer on the session bus?"""
    passed = not_applicable(context, store, SECRET_SERVICE, STAND_IN)
    if passed is not None:
        return passed
    state = context.store.state()
    if state.provider.running:
        return _running(state)
    return _kept_out(context.host, state) or _not_running(state)


def _running(state: StoreState) -> Verdict:
    one = state.provider
    facts = {
        "program": one.program or "a program of unknown name",
        "pid": one.pid or "PID",
        "data_home": one.data_home,
    }
    where = f"process {one.pid}" if one.pid else "outside of this container or sandbox"
    who = f"org.freedesktop.secrets belongs to {facts['program']}, {where}"
    if one.hung and one.stopped:
        return fail("stopped", _UNRESPONSIVE, evidence=(who, "process state T (stopped)"), **facts)
    if one.hung:
        return fail("hung", _UNRESPONSIVE, evidence=(who, state.error or "no answer to a ping"), **facts)
    if state.error:
        outcome = "garbled" if state.error.startswith("garbled") else "broke-off"
        return fail(outcome, _UNRESPONSIVE, evidence=(who, state.error), said=state.error, **facts)
    return ok("answers", evidence=(who,), **facts)


def _kept_out(host: Host, state: StoreState) -> Verdict | None:
    """Whether a sandbox keeps whoever keeps the secrets out of sight. Its own settings say so."""
    from diagnostics.place import Kind, places_of

    if state.provider.installed or state.bus.provider_elsewhere:
        return None
    shut = next((each for each in places_of(host) if each.kind is Kind.FLATPAK and not each.open), None)
    if shut is None:
        return None
    said = f"nobody is seen to own org.freedesktop.secrets at {state.bus.address}"
    return fail("kept-out-by-sandbox", "snap_confinement", evidence=(*shut.evidence, said), name=shut.name)


def _not_running(state: StoreState) -> Verdict:
    from diagnostics.catalog.packages import package_command

    one, bus = state.provider, state.bus
    if bus.provider_elsewhere:
        return fail(
            "on-another-bus",
            "secret_service_on_other_bus",
            evidence=(
                f"no secret service at {bus.address}",
                f"{bus.provider_elsewhere} answers at {bus.live_elsewhere}",
            ),
            address=bus.address,
            live=bus.live_elsewhere,
            program=bus.provider_elsewhere,
        )
    if not one.installed and state.wallet is not None:
        return _kwallet(state.wallet)
    if not one.installed:
        return fail(
            "not-installed",
            "secret_service_not_provided",
            evidence=(f"nobody owns or could be started for org.freedesktop.secrets at {bus.address}",),
            install=package_command("secret-service"),
        )
    facts = {"command": one.activation_command or "(not known)", "has_display": bus.has_display}
    evidence = (f"the bus would start: {facts['command']}",)
    if one.activation_program_missing:
        missing = one.activation_command.split()[0]
        return fail(
            "cannot-start",
            "secret_service_start_failed",
            evidence=(*evidence, f"not found: {missing}"),
            missing=missing,
            install=package_command("secret-service"),
            **facts,
        )
    return fail("not-running", "secret_service_not_running", evidence=evidence, **facts)


def _kwallet(one: WalletState) -> Verdict:
    """KWallet is the only one that could keep secrets here, and does not."""
    facts = {"program": one.program, "pid": one.pid, "settings": one.settings, "version": one.version}
    owned = "org.kde.ksecretd" if one.is_ksecretd else f"org.kde.kwalletd{one.version}"
    there = f"process {one.pid} owns {owned}" if one.running else f"{one.program} is installed"
    evidence = [there, "nobody owns or could be started for org.freedesktop.secrets"]
    if not one.enabled:
        evidence.append(f"{one.settings}: [Wallet] Enabled=false")
        return fail("kwallet-switched-off", _KWALLET, evidence=evidence, **facts)
    if not one.secret_service:
        evidence.append(f"{one.settings}: [org.freedesktop.secrets] apiEnabled=false")
        return fail("kwallet-keeps-to-itself", _KWALLET, evidence=evidence, **facts)
    if one.running:
        return fail("kwallet-without-secret-service", _KWALLET, evidence=evidence, **facts)
    if one.is_ksecretd:
        return fail("ksecretd-not-running", "secret_service_not_running", evidence=evidence, **facts)
    return fail("kwallet-not-running", "secret_service_not_running", evidence=evidence, **facts)
