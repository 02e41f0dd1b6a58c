"""`mcp-doctor backup`: age-encrypted backups of the keychain, made, listed, read, verified and restored."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.secret import Secret
from diagnostics.stores.choice import said_of
from diagnostics.text import entry_count
from tui import terminal
from tui.arguments import Call
from tui.commands.backup_key import key_of, lock_of
from tui.commands.check import session_of
from tui.commands.interrupted import settle
from tui.session import DoctorSession
from tui.usage import UsageError

if TYPE_CHECKING:
    from recovery.backups.error import BackupError
    from recovery.backups.key import Key
    from recovery.backups.opening import Opened
    from recovery.backups.restoring import RestorePlan


def run(call: Call) -> int:
    """Out: 0 done (or sound), 1 not done (or not sound), 2 a wrong call or a file that can't be read, 3 could not
    compare with the keychain."""
    from recovery.backups.error import BackupError, Reason
    from recovery.model import RecoveryError

    session = session_of(call)
    actions = {
        "create": _create,
        "list": _list,
        "show": _show,
        "verify": _verify,
        "restore": _restore,
    }
    try:
        return actions[call.extra["action"]](call, session)
    except BackupError as error:
        wrong_call = {
            Reason.UNREADABLE,
            Reason.BAD_RECIPIENT,
            Reason.BAD_IDENTITY,
            Reason.BAD_PASSPHRASE,
            Reason.NEEDS_IDENTITY,
            Reason.NEEDS_PASSPHRASE,
        }
        if error.reason in wrong_call:
            raise UsageError(str(error)) from error
        return _failed(error)
    except RecoveryError as error:
        return _failed(error)


def _create(call: Call, session: DoctorSession) -> int:
    from diagnostics.context import SERVICE
    from recovery.backups.making import collect, make
    from recovery.journal import Journal

    session_or_none = settle(session)
    if session_or_none is None:
        return 1
    session = session_or_none
    world = session.open_world(session.host)
    output = Path(call.extra["output"]).expanduser().absolute() if call.extra["output"] else None
    if output is not None and output.is_dir():
        raise UsageError(f"--output: {output} is a folder; name the file")
    if output is not None and (output.exists() or output.is_symlink()):
        raise UsageError(f"--output: {output} is there already, and a backup never writes over a file")
    if call.extra["recipient"] and call.extra["passphrase_stdin"]:
        raise UsageError("a backup is opened by a passphrase or by recipients' keys, not by both: choose one")
    services = call.extra["service"] or [SERVICE]
    backup = collect(world, services, call.names)
    count = len(backup.entries)
    terminal.say(f"{entry_count(count)} of {', '.join(services)}:")
    terminal.say(*(f"  {each.name}" for each in backup.entries))
    if session.host.platform.value != "linux" and not call.names:
        terminal.say(
            "This system's keychain can't be listed: these are the entries that your configs and the audit trail "
            "name. Others are backed up by their names: mcp-doctor backup create NAME …"
        )
    if call.extra["dry_run"]:
        terminal.say("Nothing was written (--dry-run).")
        return 0
    lock = lock_of(call)
    if isinstance(lock, Secret):
        terminal.say("Encrypting; the passphrase takes a few seconds, on purpose.")
    made = make(backup, lock, world, Journal(session.host), output)
    terminal.say(
        f"Backed up {entry_count(count)}: {made.path}",
        "It is of use only with its passphrase or private key: keep that somewhere else, and a copy of the file on "
        "another disk.",
        "To see that it can be opened:",
        f"$ mcp-doctor backup verify {made.path.name if output is None else made.path}",
    )
    return 0


def _list(call: Call, session: DoctorSession) -> int:
    from diagnostics.backups import folder_of
    from recovery.backups.opening import listed

    found = listed(session.host)
    if call.extra["format"] == "json":
        import json

        rows = [
            {
                "path": str(each.path),
                "made": each.made.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "size": each.size,
                "encrypted_by": each.header.words if each.header else None,
                "trouble": each.trouble or None,
            }
            for each in found
        ]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return 0
    if not found:
        terminal.say(
            f"There is no backup in {folder_of(session.host)}. To make one:", "$ mcp-doctor backup create"
        )
        return 0
    terminal.say(f"In {folder_of(session.host)}, newest first:")
    for each in found:
        terminal.say(f"  {each.path.name}   {each.made:%Y-%m-%d %H:%M} UTC   {_size(each.size)}   {each.how}")
    return 0


def _show(call: Call, session: DoctorSession) -> int:
    opened, _ = _open(call, session)
    backup = opened.backup
    if call.extra["format"] == "json":
        import json

        rows = [
            {
                "service": each.service,
                "account": each.account,
                "label": each.label,
                "modified": each.modified or None,
            }
            for each in backup.entries
        ]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return 0
    terminal.say(f"{opened.path.name}: made {backup.made} on {backup.host} by {backup.made_by}")
    terminal.say(*(f"  {each.name} ({each.service})" for each in backup.entries))
    return 0


def _verify(call: Call, session: DoctorSession) -> int:
    from recovery.backups.comparison import State, compare
    from recovery.model import RecoveryError

    opened, _ = _open(call, session)
    count = len(opened.backup.entries)
    terminal.say(
        f"{opened.path.name} is whole: {entry_count(count)}, each with the value it was "
        f"made with ({opened.backup.made})."
    )
    try:
        found = compare(opened.backup, session.open_world(session.host))
    except RecoveryError as error:
        terminal.say(said_of(session.host, f"It could not be compared with the keychain: {error}"))
        return 3
    words = {
        State.SAME: "the same in the keychain",
        State.DIFFERS: "changed in the keychain since",
        State.NEW: "missing in the keychain",
        State.SEVERAL: "several of this name in the keychain, none the same",
        State.UNREADABLE: "locked in the keychain",
        State.UNFIT: "can't be in this keychain",
    }
    for state, said in words.items():
        names = [each.entry.name for each in found if each.state is state]
        if names:
            words_here = said_of(session.host, said)
            terminal.say(
                f"  {len(names)} {words_here}{'' if state is State.SAME else ': ' + ', '.join(names[:20])}"
            )
    return 0


def _restore(call: Call, session: DoctorSession) -> int:
    from recovery.backups.key import Identities
    from recovery.backups.restoring import OnConflict, conflicts, plan_restore
    from recovery.journal import Journal
    from recovery.runner import carry_out

    dry = call.extra["dry_run"]
    settled = session if dry else settle(session)
    if settled is None:
        return 1
    session = settled
    opened, key = _open(call, session)
    world = session.open_world(session.host)
    paths = (
        [Path(each).expanduser() for each in call.extra["identity"]] if isinstance(key, Identities) else []
    )
    policy = OnConflict(call.extra["on_conflict"])
    plan = plan_restore(opened, world, names=call.extra["entry"] or (), on_conflict=policy, identities=paths)
    terminal.say(said_of(session.host, plan.remedy.why))
    for each in plan.changes():
        before, after = (said_of(session.host, words) for words in (each.before, each.after))
        terminal.say(f"  - {each.what}: {before} → {after}")
    _say_what_else(plan)
    against = conflicts(plan)
    if against:
        choices = said_of(session.host, "--on-conflict skip keeps what the keychain has")
        if policy is OnConflict.FAIL:
            choices += ", --on-conflict overwrite takes the backup's value"
        return _failed_line(
            f"nothing was restored: {', '.join(each.entry.name for each in against[:10])} can't just be written. {choices}"
        )
    if dry:
        terminal.say("Nothing was changed (--dry-run).")
        return 0
    if not plan.remedy.steps:
        terminal.say("There is nothing to restore.")
        return 0
    if not call.extra["yes"] and not terminal.agreed(
        "Restore this? mcp-doctor undo takes it back.", "restore-backup"
    ):
        terminal.say("Left as it is.")
        return 1
    outcome = carry_out(plan.remedy, plan.answers(key), world, Journal(session.host))
    if not outcome.ok:
        return _failed_line("\n".join((outcome.error, *outcome.notes)))
    terminal.say("Restored. To take it back: mcp-doctor undo", *outcome.notes)
    return 0


def _say_what_else(plan: "RestorePlan") -> None:
    from collections import Counter

    from recovery.backups.comparison import State

    names = Counter(
        (each.entry.service, each.entry.account) for each in plan.found if each.state is State.NEW
    )
    doubled = [account for (_, account), count in names.items() if count > 1]
    if doubled:
        terminal.say(
            f"The backup holds several entries named {', '.join(doubled[:5])}; they come back as they were, and which "
            "of them a program gets is chance: keep one of them afterwards with mcp-doctor fix."
        )


def _open(call: Call, session: DoctorSession) -> "tuple[Opened, Key]":
    from recovery.backups.opening import find, look, open_backup

    path = find(session.host, call.extra["file"])
    header = look(path)
    key = key_of(call, asks=header.has_passphrase, name=path.name)
    if call.extra["file"] is None:
        sys.stderr.write(f"The newest backup: {path}\n")
    if isinstance(key, Secret) and header.has_passphrase:
        sys.stderr.write("Decrypting; that takes a few seconds, on purpose.\n")
    return open_backup(path, key, session.host), key


def _size(count: int) -> str:
    return f"{count} bytes" if count < 1024 else f"{count / 1024:.1f} KiB"


def _failed(error: "BackupError | Exception") -> int:
    return _failed_line(str(error))


def _failed_line(line: str) -> int:
    from diagnostics.standard_error import tell
    from diagnostics.text import clean

    tell("mcp-doctor: " + "\n".join(clean(each) for each in line.split("\n")))
    return 1
