"""What could keep credentials here: the system's keychain, by the same probe as the checks', and the encrypted file."""

from collections.abc import Mapping

from diagnostics.advice.fact import Fact, Look, known, unknown
from diagnostics.context import Context
from diagnostics.model import Platform
from diagnostics.stores import FILE_STORE, StoreState


def _store(context: Context) -> Fact:
    kind = context.store.subject.kind
    return known("store", FILE_STORE if kind == FILE_STORE else "keychain", seen=(kind,))


def _keychain(context: Context) -> Fact:
    kind, state = context.store.subject.kind, None
    if kind == FILE_STORE:  # it was chosen; whether a keychain could be had is a question all the same
        from diagnostics.stores.secret_service import SecretService

        state = SecretService(context.host).state()
    elif kind == "keyring":
        return unknown("keychain", "the keyring library can't be asked without side effects")
    return of_state(context.host.platform, state or context.store.state())


def of_state(platform: Platform, state: StoreState) -> Fact:
    """The probe's picture as one word."""
    seen = [state.provider.program] if state.provider.program else []
    value = _word_of(state) if platform is Platform.LINUX else _word_elsewhere(state)
    if value is None:
        return unknown("keychain", state.error or state.bus.said or "the probe ended early", seen)
    return known("keychain", value, seen=[*seen, *([state.bus.said] if state.bus.said else [])])


def _word_of(state: StoreState) -> str | None:
    if state.usable:
        return "ready"
    if state.bus.live_elsewhere:
        return "elsewhere"
    if state.bus.trouble and state.default is None:
        return None if state.bus.trouble == "hung" else "no-bus"
    if not state.provider.installed:
        return None if state.error else "no-provider"
    if state.provider.hung:
        return None
    if not state.provider.running:
        return "not-running"
    if state.default is None or not state.default.exists:
        return None if state.error else "none-yet"
    return "locked"


def _word_elsewhere(state: StoreState) -> str | None:
    if state.default is None or state.error:
        return None if state.error else "none-yet"
    return "locked" if state.default.locked else "ready" if state.default.exists else "none-yet"


LOOKS: Mapping[str, Look] = {"store": _store, "keychain": _keychain}
