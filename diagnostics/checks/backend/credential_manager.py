"""Store: Windows gives its Credential Manager to whoever is signed in at the computer, and to no network logon."""

import re
from pathlib import Path

from diagnostics.check import Verdict, check, fail, ok, unknown, warn
from diagnostics.checks.applicable import CREDENTIAL_MANAGER, not_applicable
from diagnostics.context import Context
from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.host import Host
from diagnostics.model import Session, Store
from diagnostics.stores import StoreError

_KEPT_FILE = re.compile(r"[0-9A-Fa-f]{32}")


@check(of=Store, within=10.0)
def credential_manager(context: Context, store: Store) -> Verdict | None:
    """Does Windows give this session its Credential Manager?"""
    if store.kind != CREDENTIAL_MANAGER:
        return None
    passed = not_applicable(context, store, CREDENTIAL_MANAGER)
    if passed is not None:
        return passed
    from diagnostics.stores.windows.credential_manager import CredentialManagerError

    try:
        count = len(context.store.entries())
    except CredentialManagerError as error:
        facts = {
            "said": str(error),
            "code": error.code,
            "over": _over(context.host),
            "user": context.host.user,
        }
        say = unknown if error.outcome == "hung" else fail
        return say(_outcome(error.outcome, context.host), error.cause, evidence=(str(error),), **facts)
    except StoreError as error:
        return unknown("hung", error.cause, evidence=(str(error),), said=str(error))
    if count:
        return ok("answers", count=count)
    try:
        files = on_disk(lambda: _kept_files(context.host))
    except (OSError, DeadlineError):
        files = []
    if files:
        shown = tuple(str(each) for each in files[:3])
        return warn(
            "files-unread",
            "windows_vault_undecryptable",
            evidence=shown,
            files=len(files),
            folder=files[0].parent,
        )
    if context.host.session is Session.SERVICE:
        return ok("empty-in-background", user=context.host.user)
    return ok("empty")


def _outcome(told: str, host: Host) -> str:
    """A service is helped in another way than somebody who has logged in from afar."""
    in_background = told == "no-logon-session" and host.session is Session.SERVICE
    return "no-logon-session-in-background" if in_background else told


def _over(host: Host) -> str:
    return "SSH" if host.session is Session.SSH else "SSH, WinRM or a service"


def _kept_files(host: Host) -> list[Path]:
    """The encrypted files in which Windows keeps what the Credential Manager lists."""
    roaming = host.env.get("APPDATA") or host.home / "AppData/Roaming"
    local = host.env.get("LOCALAPPDATA") or host.home / "AppData/Local"
    folders = [Path(each) / "Microsoft/Credentials" for each in (roaming, local)]
    return [
        each
        for folder in folders
        if folder.is_dir()
        for each in sorted(folder.iterdir())
        if _KEPT_FILE.fullmatch(each.name)
    ]
