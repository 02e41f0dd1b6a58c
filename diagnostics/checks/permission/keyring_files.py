"""Store: gnome-keyring silently leaves out files that it can't open or that are damaged."""

from typing import TYPE_CHECKING

from diagnostics.check import Verdict, check, fail, ok, skip, warn
from diagnostics.checks.applicable import SECRET_SERVICE, not_applicable
from diagnostics.context import Context
from diagnostics.model import Store

if TYPE_CHECKING:
    from diagnostics.stores.keyring_folder import FileTrouble


@check(of=Store, needs=("backend.provider",), within=5.0)
def keyring_files(context: Context, store: Store) -> Verdict | None:
    """Are the keychain's files whole, and this user's own?"""
    from diagnostics.stores.keyring_folder import default_name_in, keyrings_of, troubles_in

    passed = not_applicable(context, store, SECRET_SERVICE)
    if passed is not None:
        return passed
    state = context.store.state()
    if state.provider.program != "gnome-keyring-daemon":
        return skip("other-program", program=state.provider.program or "another program")
    folder = keyrings_of(context.host, state)
    default = default_name_in(folder) or "login"
    is_loaded = state.default is not None and state.default.exists
    found = troubles_in(folder, context.host.uid)
    if not found:
        return ok("sound", folder=folder)
    worst = min(found, key=lambda each: _rank(each, default))
    facts = {
        "folder": folder,
        "file": worst.path,
        "name": worst.path.name,
        "said": worst.said,
        "mode": worst.mode,
        "owner": worst.owner,
        "target": worst.target,
        "more": len(found) - 1,
        "program": state.provider.program,
        "pid": state.provider.pid,
    }
    evidence = [f"{each.path}: {each.said}" for each in found[:10]]
    concerns_default = worst.outcome.startswith("folder-") or worst.path.stem == default
    if worst.keeps_out and concerns_default and not is_loaded:
        return fail(worst.outcome, worst.cause, evidence=evidence, **facts)
    if worst.outcome == "file-second-login" and not is_loaded:
        return fail(worst.outcome, worst.cause, evidence=evidence, **facts)
    return warn(worst.outcome, worst.cause, evidence=evidence, **facts)


def _rank(trouble: "FileTrouble", default: str) -> tuple[bool, bool, bool]:
    """What to speak of first: what keeps the default keychain out, then what keeps another out, leftovers last."""
    is_default = trouble.outcome.startswith("folder-") or trouble.path.stem == default
    return not (trouble.keeps_out and is_default), not trouble.keeps_out, trouble.outcome == "file-left-over"
