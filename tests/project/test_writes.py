"""Every place that changes something: through the journal, or named here with the reason why not.

And every place that takes something away: it has a copy that was read back, or what goes is nobody's. A new name on
these lists is a decision, not an accident.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PORTS = {
    "keychain": {
        "put", "set_secret", "delete", "create", "remove_collection", "change_password", "set_default", "lock",
        "unlock", "start_provider",
    },
    "files": {"rename", "chmod", "write"},
    "processes": {"end", "resume"},
    "bus": {"start", "stop"},
}  # fmt: skip
"""What changes the world, by the port that does it (`recovery.ports`)."""
RAW = {
    "write_text", "write_bytes", "mkdir", "unlink", "rename", "chmod", "touch", "rmdir", "rmtree", "symlink_to",
    "hardlink_to", "ftruncate", "removedirs", "mkstemp", "Popen", "replace a file",
}  # fmt: skip
"""Methods of files, folders and processes that change something."""
AWAY = {"delete", "remove_collection", "rename", "unlink", "rmdir", "rmtree", "removedirs", "replace a file"}
"""Of both, those after which something is no longer where it was."""

BESIDE_THE_STEPS = {
    "recovery/entry_writing.py": "what steps about entries share",
    "recovery/undo_copies.py": "what steps keep for an undo",
    "recovery/backups/earlier.py": "what a restore keeps for its undo",
    "recovery/twin_count.py": "counts, then hands on",
    "recovery/bus.py": "the port itself: ends the bus that it started",
    "recovery/stores/keyring_plugin.py": "the keyring library's own way to the encrypted store: another program writes",
    "recovery/emergency/report.py": "the incident report that the person asked for; the trail has the incident",
}
"""Who uses a port and is no step, and why. Everything else is a step, which only the runner applies."""
RAW_WRITERS = {
    "recovery/files.py": "the port",
    "recovery/bus.py": "the port",
    "recovery/config_file.py": "exchanges a config for the step that moves a credential out of it",
    "recovery/journal.py": "the trail's own folder",
    "recovery/trail/anchor.py": "the trail's anchor",
    "recovery/trail/key.py": "the trail's key",
    "recovery/trail/storage.py": "the trail itself",
    "recovery/backups/file.py": "a backup's file: never over another one; its making is a note of the trail",
    "recovery/stores/file_store.py": "the port of the encrypted store",
    "recovery/stores/kwallet.py": "the salt of a wallet that a step creates",
    "recovery/stores/ksecretd.py": "the pipe over which a login hands its hash to ksecretd",
    "recovery/stores/kwallet_daemon.py": "the last words of a daemon that a step starts, unnamed",
    "recovery/steps/file_store.py": "a step",
    "recovery/steps/emergency.py": "a step",
    "recovery/emergency/holder.py": "the socket of the process that keeps a token in memory",
    "recovery/emergency/own_start.py": "the process that keeps a token in memory, started by a step",
    "recovery/emergency/report.py": "the folder of the report that the person asked for",
    "recovery/new_file.py": "what the person asked for (a support bundle, a picture): never over another file",
    "recovery/stores/macos/terminal.py": "the port of macOS: its own program, at a terminal",
    "recovery/monitor/history.py": "the monitor's own history: a line a round",
    "recovery/steps/monitor.py": "a step",
    "recovery/steps/scheduled_task.py": "a step",
    "recovery/windows_start.py": "the server itself, where there is no exec",
    "recovery/launching/failure.py": "the note of why a server did not start",
}
TAKES_AWAY = {
    "recovery/entry_writing.py write": "`undo_copies.keep` has put a copy of each into the keychain",
    "recovery/undo_copies.py restore": "what a step wrote; the originals were put back before",
    "recovery/undo_copies.py seal": "a note of our own about what is about to be written",
    "recovery/undo_copies.py forget": "copies for an undo that was done, or that is too old: recorded first",
    "recovery/backups/earlier.py bring_back": "what a restore wrote; the earlier values were put back before",
    "recovery/steps/backup.py RestoreEntries.apply": "`earlier.keep` has put its value into the keychain",
    "recovery/steps/cleanup.py QuarantineEntry.apply": "it was set aside, and read back, before",
    "recovery/steps/cleanup.py QuarantineEntry.undo": "the set-aside one, after the original was put back",
    "recovery/steps/entry.py DeleteEntry.apply": "`undo_copies.keep` has put a copy of each into the keychain",
    "recovery/steps/login.py RenewLogin._write": "the renewed one stands beside it, and its copy is kept",
    "recovery/steps/keychain.py Create.undo": "a keychain without entries (the port refuses any other)",
    "recovery/steps/moved_aside.py MovedAside.apply": "renamed; `verify` finds it byte for byte",
    "recovery/steps/moved_aside.py MovedAside.undo": "a name alone, and never over another file",
    "recovery/steps/keyring_file.py MoveKeyringAside.undo": "names alone: the rebuilt one goes aside too",
    "recovery/steps/keyring_file.py PromoteKeyring.apply": "a name alone, and never over another file",
    "recovery/steps/keyring_file.py PromoteKeyring.undo": "a name alone, and never over another file",
    "recovery/steps/macos_keychain.py CreateMacKeychain.undo": "renamed, and only as long as nothing is stored in it",
    "recovery/steps/keyring_merge.py MoveMergedAside.apply": "renamed, after all its entries were found in the other",
    "recovery/steps/keyring_merge.py MoveMergedAside.undo": "a name alone",
    "recovery/twin_count.py CountingKeychain.remove_collection": "hands on",
    "recovery/stores/file_store.py take_away_store": "a store that was made by the step and is still empty",
    "recovery/steps/file_store.py ChooseFileStore.undo": "the note of the choice that the step wrote",
    "recovery/steps/emergency.py _remove": "the mark of an incident; the trail has it",
    "recovery/emergency/holder.py _Holder.end": "its own socket",
    "recovery/emergency/holder.py _listening": "its own socket, left by one that is dead",
    "recovery/bus.py LocalSessionBus.stop": "the socket of the bus that it ended",
    "recovery/files.py LocalFiles.rename": "the port: never over anything",
    "recovery/files.py LocalFiles.write": "the port: the whole new content is on the disk before",
    "recovery/files.py sweep": "temporary files of a write that was cut off",
    "recovery/config_file.py exchange": "the config's old content is kept for the undo, by the step, before",
    "recovery/config_file.py clear": "the temporary file of a write that was cut off",
    "recovery/new_file.py write_new_file": "its own temporary file",
    "recovery/new_file.py write_new_folder": "what it wrote itself a moment ago, where the rest could not be written",
    "recovery/new_file.py _name": "gives a finished file its name, never over another file",
    "recovery/backups/file.py write_new": "the part that was written, once it has its name or could not be written",
    "recovery/backups/file.py _name": "gives a finished backup its name, never over another file",
    "recovery/backups/file.py _sweep": "parts of backups that were cut off",
    "recovery/steps/monitor.py SetTimerFile._put": "a timer's file of ours, whose whole text is in the step",
    "recovery/steps/scheduled_task.py SetScheduledTask._set": "the file in which the task was handed over",
    "recovery/monitor/history.py _set_aside": "a damaged history gets a name beside the new one; the oldest of three goes",
    "recovery/monitor/history.py _name_too": "the same",
    "recovery/trail/key.py _make": "its own temporary file; refuses where a key stands",
    "recovery/launching/failure.py _record": "an earlier note of why a server did not start",
}
"""Who takes something away: what makes sure that nothing is lost."""


@cache
def calls() -> list[tuple[str, str, str, str]]:
    """Every call of a method in recovery and tui: file, function, the name that it is called on, method."""
    found = []
    for folder in ("recovery", "tui"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if name.startswith("tui/demo/"):
                continue  # its world is a sandbox
            found += [(name, *each) for each in _calls(ast.parse(path.read_text()), "")]
    return found


def _calls(node: ast.AST, where: str) -> Iterator[tuple[str, str, str]]:
    for child in ast.iter_child_nodes(node):
        inside = where
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inside = f"{where}.{child.name}".lstrip(".")
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute):
            owner = child.func.value
            on = (
                owner.attr
                if isinstance(owner, ast.Attribute)
                else owner.id
                if isinstance(owner, ast.Name)
                else ""
            )
            method = child.func.attr
            if method == "replace" and len(child.args) == 1 and not child.keywords:
                method = "replace a file"  # a text's has two arguments
            yield where, on, method
        if (
            isinstance(child, ast.Call)
            and isinstance(child.func, ast.Name)
            and child.func.id == "put_in_place"
        ):
            yield where, "", "replace a file"
        yield from _calls(child, inside)


def test_only_steps_touch_the_world() -> None:
    users = {file for file, _, on, method in calls() if method in PORTS.get(on, ())}
    others = {each for each in users if not each.startswith("recovery/steps/")}
    assert others == set(BESIDE_THE_STEPS)


def test_only_the_runner_applies_steps_and_takes_them_back() -> None:
    """So that every deed has its record before it, and twins are counted around it."""
    on_steps = {(file, on) for file, _, on, method in calls() if method in {"apply", "undo"}}
    assert {file for file, on in on_steps if on == "step"} == {"recovery/run.py"}


def test_nobody_else_writes_to_the_disk() -> None:
    assert {file for file, _, _, method in calls() if method in RAW} == {*RAW_WRITERS, *_renamers()}


def test_nothing_is_taken_away_without_a_copy() -> None:
    """The ways to mend that lose everything (deleting the keychain, `rm` of its file) are not in the code at all."""
    assert {
        f"{file} {where}"
        for file, where, on, method in calls()
        if method in AWAY and (method in RAW or method in PORTS.get(on, ()))
    } == set(TAKES_AWAY)


def _renamers() -> set[str]:
    """Whoever renames by the port is seen by the name of the method too."""
    return {file for file, _, on, method in calls() if on == "files" and method in RAW}
