"""No keychain can be had on this host, or nobody is there to unlock one: an encrypted file can be the store."""

import os
import secrets

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Session, Stage
from diagnostics.stores.activation import can_start_keychain
from recovery.model import Remedy, Step
from recovery.planner import remedy

_UNATTENDED = {Session.CONTAINER, Session.SERVICE, Session.CRON}
_WHY = (
    "The store is one file, encrypted with age; its key is a second one, {key}, which only you can read. There is no "
    "password, because nobody can be asked when a server starts: whoever has both files, and every program that runs as "
    "you, has the credentials. It does not protect more than a copy of the store without its key. Where a keychain can "
    "be had, that is better; where your container gets secrets from its runtime, name one as the key instead "
    "(MCP_DOCTOR_STORE_IDENTITY)."
)


@remedy(
    "backend.session-bus.unset",
    "backend.session-bus.unset-ssh",
    "backend.session-bus.unset-cron",
    "backend.session-bus.unset-service",
    "backend.session-bus.unset-container",
    "backend.session-bus.no-socket",
    "backend.session-bus.refused",
    "backend.provider.not-installed",
    "backend.provider.cannot-start",
    rank=90,
)
def choose_file_store(finding: Finding, context: Context) -> Remedy | None:
    """Writes the choice into a settings file, and makes the store and its key. Never where a keychain is at hand."""
    from diagnostics.stores.choice import choice_of, settings_path
    from diagnostics.stores.file_store import store_path
    from diagnostics.text import clean
    from recovery.steps.file_store import ChooseFileStore, CreateFileStore

    host = context.host
    if context.store.subject.kind != "secret-service" or choice_of(host) is not None:
        return None
    if host.uid == 0 and host.env.get("SUDO_UID"):
        return None  # it would be root's, and the servers run as somebody else
    if host.session not in _UNATTENDED and can_start_keychain(host):
        return None
    settings, store = settings_path(host), store_path(host)
    key = settings.with_name("store.key")
    if os.path.lexists(settings) or key.parent == store.parent:
        return None
    makes_store = not os.path.lexists(store)
    steps: list[Step] = [ChooseFileStore(str(settings), str(key), makes_store)]
    if makes_store:
        mark = f"made by mcp-doctor, {secrets.token_hex(8)}"
        steps.append(CreateFileStore(str(store), str(key), mark, not os.path.lexists(key)))
    return Remedy(
        id="choose-file-store",
        title="Keep credentials in an encrypted file, for want of a keychain",
        why=_WHY.format(key=clean(str(key))),
        finding=finding.id,
        steps=tuple(steps),
        recheck=checks_from(Stage.BACKEND),
    )
