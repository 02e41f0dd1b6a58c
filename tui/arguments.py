"""The words of a call of `mcp-doctor`, checked and turned into what to run."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from diagnostics import __version__
from diagnostics.context import Options
from tui.backup_arguments import add_arguments
from tui.emergency_arguments import add_emergency
from tui.monitor_arguments import add_monitor
from tui.report_arguments import add_advise, add_audit, add_check, add_fleet, add_report
from tui.usage import UsageError


@dataclass(frozen=True)
class Call:
    """A parsed call."""

    command: str
    names: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    colour: bool | None = None
    """False with --no-color or NO_COLOR; None = decide by the terminal."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What only this command has."""

    def run(self) -> int:
        """Carries the call out. Out: the exit code. Raises UsageError."""
        import importlib

        command: Callable[[Call], int] = importlib.import_module(f"tui.commands.{self.command}").run
        return command(self)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are `UsageError`s, not exits."""

    def error(self, message: str) -> NoReturn:
        """Raises UsageError with what is wrong and the command's usage."""
        raise UsageError(f"{message}\n{self.format_usage().strip()}")


def parse(words: Sequence[str]) -> Call:
    """The call. Without a command's name the words are servers and the app is meant.

    Raises:
        UsageError: a word or value that does not fit.
        SystemExit: after --help or --version.
    """
    parser = _build()
    commands = parser._subparsers._group_actions[0].choices  # type: ignore[union-attr]  # noqa: SLF001
    first = first_plain(words)
    words, launch = _split_off_command(words) if first == "emergency" else (words, ())
    explicit = first in (commands or {})
    asks_help = first is None and any(word in {"-h", "--help", "--version"} for word in words)
    known = parser.parse_args(list(words) if explicit or asks_help else ["app", *words])
    given = vars(known)
    command = given.pop("command")
    names = tuple(given.pop("names", None) or ())
    options = Options(
        config=tuple(Path(each) for each in given.pop("config", None) or ()),
        client=given.pop("client", None),
        offline=given.pop("offline", False),
        start=given.pop("start", False),
        timeout=given.pop("timeout", None),
        provider_urls=dict(given.pop("provider_url", None) or ()),
    )
    colour = False if given.pop("no_color", False) else None
    if launch and given.get("verb") != "start":
        raise UsageError("only `emergency start` takes a command after `--`")
    given["launch"] = launch
    return Call(command, names, options, colour, given)


def _split_off_command(words: Sequence[str]) -> tuple[Sequence[str], tuple[str, ...]]:
    """The words up to `--`, and those after it."""
    if "--" not in words:
        return words, ()
    at = list(words).index("--")
    if at + 1 == len(words):
        raise UsageError("a command must follow `--`")
    return words[:at], tuple(words[at + 1 :])


def first_plain(words: Sequence[str]) -> str | None:
    """The first word that is neither an option nor an option's value: the command, or a server."""
    value_follows = False
    for word in words:
        if not value_follows and not word.startswith("-"):
            return word
        value_follows = not value_follows and word in _WITH_VALUE
    return None


_WITH_VALUE = {
    "--config",
    "--client",
    "--provider-url",
    "--format",
    "--output",
    "--timeout",
    "--fail-on",
    "--scenario",
    "--team",
}

_SLOW = "the line is slow (9,600 baud): sixteen colours, and no more pictures than it carries"


def _everywhere() -> "Parser":
    """The options that every command takes."""
    everywhere = Parser(add_help=False)
    group = everywhere.add_argument_group("options everywhere")
    quiet = argparse.SUPPRESS
    group.add_argument(
        "--config",
        action="append",
        metavar="PATH",
        default=quiet,
        help="read this file, discover nothing (repeatable)",
    )
    group.add_argument(
        "--client",
        metavar="NAME",
        default=quiet,
        help="with --config: whose format it is; without: look at that client alone",
    )
    group.add_argument(
        "--provider-url",
        action="append",
        metavar="ID=URL",
        type=_provider_url,
        default=quiet,
        help="ask that provider at another address (https, or http on loopback)",
    )
    group.add_argument("--no-color", action="store_true", default=quiet, help="no colours (also NO_COLOR)")
    group.add_argument("--version", action="version", version=f"mcp-doctor {__version__}")
    return everywhere


def _build() -> argparse.ArgumentParser:
    everywhere = _everywhere()
    parser = Parser(
        prog="mcp-doctor",
        description="Finds out why an MCP server cannot get its credentials, and walks you through mending it.",
        epilog="mcp-doctor [SERVER …] without a command opens the full-screen app on those servers.",
        parents=[everywhere],
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    def command(name: str, words: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=words, description=words, parents=[everywhere])

    app = command("app", "the full-screen app (what happens without a command)")
    app.add_argument("names", nargs="*", metavar="SERVER")
    app.add_argument("--offline", action="store_true", help="no network")
    app.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="limit of one check")
    app.add_argument("--slow", action="store_true", help=_SLOW)
    app.add_argument("--or-demo", action="store_true", help="open the demo where nothing is configured")

    add_check(command("check", "the same checks without the app"), _seconds)
    about = "a support bundle without secrets or names: shown first, written when you agree"
    add_report(command("report", about), _seconds)
    about = "the gathered reports of many hosts: hosts and servers, worst first"
    add_fleet(command("fleet", about), _SLOW)
    explain = command("explain", "reads an error text or a log and names cause and fix")
    explain.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="a file, or - for standard input"
    )
    explain.add_argument("--format", choices=("text", "json"), default="text")

    run = command("run", "the launcher for a client's config: resolves references, then becomes the server")
    run.add_argument("names", nargs="*", metavar="SERVER | -- COMMAND ARG …")

    fix = command("fix", "the remedies of the findings, without the app")
    fix.add_argument("names", nargs="*", metavar="FINDING | SERVER")
    fix.add_argument("--offline", action="store_true", help="no network")
    fix.add_argument("--dry-run", action="store_true", help="show the plan only")
    fix.add_argument("--yes", action="store_true", help="apply without asking for consent")

    unlock = command("unlock", "unlocks (or creates) the default keychain, also with no display")
    unlock.add_argument("--create", action="store_true", help="create it where there is none")
    unlock.add_argument("--password-stdin", action="store_true", help="read the password from standard input")

    add_advise(command("advise", "which way of keeping credentials suits this host, from what is found here"))

    undo = command("undo", "takes back the last (or the named) recovery operation")
    undo.add_argument("operation", nargs="?", metavar="OPERATION")

    for name, words in (
        ("clients", "the clients that are known"),
        ("providers", "the providers that are known"),
    ):
        command(name, words).add_argument("--format", choices=("text", "json"), default="text")

    demo = command("demo", "the app in a sandbox: broken examples and drills; nothing of yours is touched")
    demo.add_argument("--slow", action="store_true", help=_SLOW)
    demo.add_argument("--scenario", metavar="NAME", help="which scene or drill; `list` names them")

    backup = command("backup", "age-encrypted backups of the keychain's entries")
    add_arguments(backup, [everywhere])

    add_audit(command("audit", "the audit trail: what was done, whether its record holds"), everywhere)

    cleanup = command("cleanup", "repairs or sets aside damaged entries of the keychain")
    cleanup.add_argument("--dry-run", action="store_true", help="show what is wrong and what would be done")
    cleanup.add_argument(
        "--yes", action="store_true", help="do what is certain without asking, and nothing else"
    )
    cleanup.add_argument(
        "--offline", action="store_true", help="ask no provider which of two values is right"
    )

    monitor = command("monitor", "checks again and again by this host's own timer; says only what is new")
    add_monitor(monitor, [everywhere], _seconds)

    emergency = command("emergency", "an audited emergency token for one server, for a limited time")
    add_emergency(emergency, [everywhere])
    return parser


def _provider_url(text: str) -> tuple[str, str]:
    from urllib.parse import urlsplit

    name, sign, url = text.partition("=")
    from diagnostics.connections.kind import kinds

    if name in kinds():
        return name, _database_host(url)
    parts = urlsplit(url)
    loopback = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not name or not sign or not parts.hostname:
        raise argparse.ArgumentTypeError(f"expected ID=URL, got {text!r}")
    from diagnostics.catalog.providers import catalogue, provider_ids

    if name not in provider_ids() and not any(name == each.family for each in catalogue().providers):
        raise argparse.ArgumentTypeError(
            f"no provider is called {name!r}: `mcp-doctor providers` lists the ids"
        )
    if parts.username or parts.password:
        raise argparse.ArgumentTypeError("the address must not hold a user or password")
    if parts.query or parts.fragment:  # a token in it would stand in the crontab or unit of a monitor
        raise argparse.ArgumentTypeError("the address ends with its path: nothing from a ? or # on is taken")
    _ = parts.port  # ValueError where it is none
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise argparse.ArgumentTypeError(
            "the address must be https (or http on loopback): a token goes there"
        )
    return name, url


def _database_host(address: str) -> str:
    """`HOST` or `HOST:PORT`: which database may be asked whether it answers."""
    import re

    if not re.fullmatch(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?", address):
        raise argparse.ArgumentTypeError(
            "a database is named by HOST or HOST:PORT, without user and password"
        )
    return address


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"expected seconds, more than 0 and at most 3600, got {text!r}")
    return value
