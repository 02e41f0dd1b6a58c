"""The words of `mcp-doctor backup` and of the `mcp-secrets` commands that are ways into the same."""

import argparse
from collections.abc import Sequence


def add_arguments(parser: argparse.ArgumentParser, shared: Sequence[argparse.ArgumentParser]) -> None:
    """Gives the argument parser of `backup` its actions and their options. In: parsers whose options all take."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", title="actions")

    def action(name: str, words: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=words, description=words, parents=list(shared))

    add_create(action("create", "encrypts entries of the keychain into a new file"))
    action("list", "the backups in your folder, newest first").add_argument(
        "--format", choices=("text", "json"), default="text"
    )
    for name, words in (
        ("show", "the names of the entries in a backup"),
        ("verify", "is it whole, and does the keychain still hold the same"),
    ):
        one = action(name, words)
        add_key(one)
        if name == "show":
            one.add_argument("--format", choices=("text", "json"), default="text")
    add_restore(action("restore", "writes entries of a backup into the keychain; shows them first, and asks"))


def add_create(parser: argparse.ArgumentParser) -> None:
    """The options of `create`."""
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="only these entries; all of the service without"
    )
    parser.add_argument(
        "--service", action="append", metavar="NAME", help="a service other than mcp-secrets (repeatable)"
    )
    parser.add_argument(
        "--recipient",
        action="append",
        metavar="KEY|FILE",
        help="who can open it: age1…, ssh-ed25519 …, ssh-rsa …, or a file of such lines (repeatable)",
    )
    parser.add_argument(
        "--passphrase-stdin", action="store_true", help="read the passphrase from standard input"
    )
    parser.add_argument("--output", metavar="FILE", help="write it there; never over a file that is there")
    parser.add_argument("--dry-run", action="store_true", help="say what would be in it")


def add_key(parser: argparse.ArgumentParser) -> None:
    """The file, and what opens it."""
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="a file, or a name from the list; else the newest"
    )
    parser.add_argument(
        "--identity",
        action="append",
        metavar="FILE",
        help="a private key that opens it, age's or SSH (repeatable)",
    )
    parser.add_argument(
        "--passphrase-stdin", action="store_true", help="read the passphrase from standard input"
    )


def add_restore(parser: argparse.ArgumentParser) -> None:
    """The options of `restore`."""
    add_key(parser)
    parser.add_argument("--entry", action="append", metavar="NAME", help="only this entry (repeatable)")
    parser.add_argument(
        "--on-conflict",
        choices=("skip", "overwrite", "fail"),
        default="fail",
        help="where the keychain has another value: keep it, take the backup's, or do nothing at all (default)",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would change")
    parser.add_argument("--yes", action="store_true", help="do not ask for consent")
