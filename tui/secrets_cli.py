"""`mcp-secrets`: the store commands that the guides tell people to type."""

import argparse
import sys
from collections.abc import Sequence

from diagnostics import __version__
from diagnostics.model import Platform
from diagnostics.secret import Secret
from diagnostics.tokens.masking import mask_pasted
from tui.arguments import Parser
from tui.backup_arguments import add_create, add_restore
from tui.cli import guarded, leave_no_core
from tui.usage import UsageError

_NAMED = {
    "set": "stores a credential; asks for it hidden, or reads it from a pipe",
    "get": "gives a credential to a pipe (a terminal is told about it, never shown it)",
    "delete": "deletes a credential; mcp-doctor undo brings it back",
    "test": "is it there, is it intact, does its provider accept it",
}
_BACKUPS = {
    "export": "encrypts credentials into a new backup: mcp-doctor backup create",
    "restore-backup": "writes a backup's credentials into the keychain: mcp-doctor backup restore",
    "restore": "the same, for the system that is named",
}
_LARGEST = 64 * 1024
"""Bytes of a credential from a pipe; nothing that is one is larger."""


def main(argv: Sequence[str] | None = None) -> int:
    """The command's exit code: 0 done, 1 not done or not found, 2 a wrong call, 3 could not find out."""
    words = list(sys.argv[1:] if argv is None else argv)
    return guarded(lambda: _run(words), "mcp-secrets")


def entry_name(words: Sequence[str]) -> str:
    """The name of an entry: `github token` and `github_token` are the same one.

    Raises:
        UsageError: nothing is left, or a character that has no place in a name.
    """
    name = "_".join(words)
    if mask_pasted(name) != name:
        raise UsageError(
            "this looks like the credential itself; nothing was done. Give its name only, the value is asked for "
            "hidden or read from a pipe, and replace the credential: it now stands in the shell's history"
        )
    if not name or not name.isprintable() or name != name.strip() or any(each in name for each in "${}"):
        raise UsageError(f"a name is made of printable characters without ${{}}, got {name!r}")
    return name


def _run(words: Sequence[str]) -> int:
    given = _parser().parse_args(list(words))
    leave_no_core()
    if given.command in _BACKUPS:
        return _backup(given)
    if given.command != "get":  # its caller is a script, and nothing is built on what it reads
        from diagnostics.host import this_host
        from tui.terminal import warn_of_interrupted

        warn_of_interrupted(this_host())
    match given.command:
        case "list":
            return _list(given.format, every=given.all)
        case "set":
            return _set(entry_name(given.name), force=given.force)
        case "get":
            return _get(entry_name(given.name))
        case "delete":
            return _delete(entry_name(given.name), yes=given.yes)
        case _:
            return _test(entry_name(given.name), offline=given.offline)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="mcp-secrets", description="Credentials of MCP servers in the system's keychain.")
    parser.add_argument("--version", action="version", version=f"mcp-secrets {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = {}
    for name, words in _NAMED.items():
        made[name] = commands.add_parser(name, help=words, description=words)
        made[name].add_argument("name", nargs="+", help="`github_token`, or `github token`")
    made["set"].add_argument("--force", action="store_true", help="store it although it looks damaged")
    made["delete"].add_argument("--yes", action="store_true", help="do not ask")
    made["test"].add_argument("--offline", action="store_true", help="do not ask the provider")
    words = "names of the stored credentials, never their values"
    made["list"] = commands.add_parser("list", help=words, description=words)
    made["list"].add_argument("--format", choices=("text", "json"), default="text")
    made["list"].add_argument(
        "--all", action="store_true", help="what other programs keep too: who wrote it, and who finds it"
    )
    for name, words in _BACKUPS.items():
        made[name] = commands.add_parser(name, help=words, description=words)
    add_create(made["export"])
    made["export"].add_argument("--format", choices=("age", "env"), default="age", help="`age`, encrypted")
    add_restore(made["restore-backup"])
    add_restore(made["restore"])
    made["restore"].add_argument("--platform", choices=[each.value for each in Platform], required=True)
    return parser


def _backup(given: argparse.Namespace) -> int:
    from diagnostics.host import this_host
    from tui.arguments import Call
    from tui.commands import backup

    words = vars(given)
    command = words.pop("command")
    if words.pop("format", "age") == "env":
        raise UsageError(
            "an env file holds credentials in plain text, for every program and backup to read, so none is written. "
            "A server gets them from the keychain at its start: mcp-doctor run SERVER. One credential for one "
            "program: mcp-secrets get NAME | PROGRAM. All of them for another computer: mcp-secrets export"
        )
    platform = words.pop("platform", None)
    here = this_host().platform.value
    if platform not in {None, here}:
        raise UsageError(
            f"this is {here}, and a keychain can only be written on its own system: run this on the {platform} "
            "computer, with the backup's file brought there. A backup made on any system can be restored on any other"
        )
    names = tuple(words.pop("names", ()))
    action = "create" if command == "export" else "restore"
    return backup.run(Call("backup", names, extra={**words, "action": action}))


def _set(name: str, *, force: bool) -> int:
    from diagnostics.host import this_host
    from diagnostics.model import Status
    from diagnostics.tokens.new_token import look_at
    from recovery.entries import set_entry
    from recovery.journal import Journal
    from recovery.world import LocalWorld
    from tui import terminal

    value = terminal.hidden(f"Value for '{name}' (hidden): ") if sys.stdin.isatty() else _piped()
    if not value:
        raise UsageError("the value is empty; nothing was stored")
    remarks = look_at(value, None, env_name=name.upper().replace("-", "_")).remarks
    terminal.say(*(f"{each.words}" for each in remarks if each.status is not Status.UNKNOWN))
    if any(each.status is Status.FAIL for each in remarks) and not force:
        raise UsageError("nothing was stored; to store it as it is: --force")
    host = this_host()
    outcome = set_entry(name, value, LocalWorld(host), Journal(host))
    if outcome.ok:
        terminal.say(f"Stored '{name}' in the keychain. In a config: ${{SECRET:{name}}}", *outcome.notes)
        return 0
    return _failed(outcome.error)


def _piped() -> Secret:
    """The value from a pipe: `echo` and files end with a line break, which is not part of a token."""
    raw = sys.stdin.buffer.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise UsageError(f"more than {_LARGEST} bytes: that is no credential; nothing was stored")
    text = raw.decode("utf-8", "surrogateescape")
    return Secret(text.removesuffix("\n").removesuffix("\r"))


def _get(name: str) -> int:
    from diagnostics.host import this_host
    from recovery.entries import get_entry
    from recovery.model import RecoveryError
    from recovery.world import LocalWorld

    try:
        value = get_entry(name, LocalWorld(this_host()))
    except RecoveryError as error:
        return _failed(str(error))
    if sys.stdout.isatty():
        sys.stdout.write(
            f"'{name}' is stored: {len(value)} characters. A terminal is not shown it; pipe it on:\n"
        )
        sys.stdout.write(f"  mcp-secrets get {name} | PROGRAM\n")
        return 0
    sys.stdout.buffer.write(value.reveal().encode("utf-8", "surrogateescape") + b"\n")
    sys.stdout.buffer.flush()
    return 0


def _list(form: str, *, every: bool) -> int:
    import json

    from diagnostics.host import this_host
    from diagnostics.text import clean
    from recovery.entries import list_entries
    from recovery.model import RecoveryError
    from recovery.world import LocalWorld

    if every:
        from diagnostics.stores import StoreError
        from tui.secrets_list import list_all

        try:
            return list_all(this_host(), form)
        except StoreError as error:
            return _failed(clean(str(error)))
    try:
        found = list_entries(LocalWorld(this_host()))
    except RecoveryError as error:
        return _failed(str(error))
    names = sorted(clean(each.account) for each in found)
    if form == "json":
        sys.stdout.write(json.dumps([{"name": name} for name in names], indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{name}\n" for name in names) or "Nothing is stored yet.\n")
    return 0


def _delete(name: str, *, yes: bool) -> int:
    from diagnostics.host import this_host
    from recovery.entries import delete_entry
    from recovery.journal import Journal
    from recovery.world import LocalWorld
    from tui import terminal

    if not yes and not terminal.agreed(f"Delete '{name}' from the keychain? mcp-doctor undo brings it back."):
        return _failed("left as it is")
    host = this_host()
    outcome = delete_entry(name, LocalWorld(host), Journal(host))
    if outcome.ok:
        terminal.say(f"Deleted '{name}'. To take it back: mcp-doctor undo", *outcome.notes)
        return 0
    return _failed(outcome.error)


def _test(name: str, *, offline: bool) -> int:
    """Asks the doctor's own checks about an entry, as if a server named it."""
    from pathlib import Path

    from diagnostics import report
    from diagnostics.check import all_checks
    from diagnostics.context import Context, Options
    from diagnostics.host import this_host
    from diagnostics.model import Reference, Server, Stage, Status, Syntax
    from diagnostics.report.text import SIGNS
    from diagnostics.runner import diagnose
    from diagnostics.stores import open_store
    from tui import terminal

    variable = name.upper().replace("-", "_")
    text = Secret(f"${{SECRET:{name}}}")
    reference = Reference(
        "mcp-secrets", f"env.{variable}", Syntax.SECRET, name, text, spelling=f"${{SECRET:{name}}}"
    )
    server = Server(
        "mcp-secrets", name, "generic", Path(), "stdio", env={variable: text}, references=(reference,)
    )
    host = this_host()
    context = Context(host, Options(offline=offline), [], [server], open_store(host))
    stages = {Stage.BACKEND, Stage.PERMISSION, Stage.LOOKUP, Stage.FORMAT, Stage.VALIDITY}
    findings = list(diagnose(context, [each for each in all_checks() if each.stage in stages]))
    for finding in findings:
        if finding.status is not Status.SKIP:
            terminal.say(f"{SIGNS[finding.status.value]} {finding.title}")
        if finding.status in {Status.FAIL, Status.WARN, Status.UNKNOWN}:
            terminal.say(*(f"    {line}" for line in (finding.detail, *finding.fix) if line))
    return report.exit_code(findings)


def _failed(line: str) -> int:
    sys.stderr.write(f"mcp-secrets: {line}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
