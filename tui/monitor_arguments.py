"""The words of `mcp-doctor monitor`."""

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path


def add_monitor(
    parser: argparse.ArgumentParser,
    shared: Sequence[argparse.ArgumentParser],
    seconds: Callable[[str], float],
) -> None:
    """Gives the argument parser of `monitor` its verbs and their options. In: parsers whose options all take."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", title="verbs")

    def verb(name: str, words: str, more: str = "") -> argparse.ArgumentParser:
        return verbs.add_parser(
            name, help=words, description=f"{words}. {more}".strip(), parents=list(shared)
        )

    install = verb("install", "has this host's own timer begin a round of checks again and again")
    install.add_argument("names", nargs="*", metavar="SERVER")
    install.add_argument(
        "--every", default="15m", metavar="TIME", help="how often: 5m, 15m, 1h, 1d … (default 15m)"
    )
    install.add_argument(
        "--with",
        dest="engine",
        choices=("systemd", "cron", "launchd", "task-scheduler"),
        help="what starts it; by default what suits this host",
    )
    install.add_argument("--dry-run", action="store_true", help="show what would be written, and where")
    install.add_argument("--yes", action="store_true", help="do it without asking for consent")
    run = verb(
        "run",
        "one round: checks without prompting, writes to the system's log and the history, and says only what is new",
        "Exit codes: 0 nothing new, or good news; 1 something newly fails, ends soon, is too old or still open; "
        "3 something could newly not be found out; 4 the round could not be done. Where another monitor of yours is at "
        "it, this one does nothing and ends with 0.",
    )
    run.add_argument("names", nargs="*", metavar="SERVER")
    run.add_argument("--timer", action="store_true", help=argparse.SUPPRESS)
    run.add_argument("--env", action="append", type=_place, default=[], help=argparse.SUPPRESS)
    run.add_argument("--timeout", type=seconds, metavar="SECONDS", help="limit of one check")
    run.add_argument(
        "--deadline", type=seconds, metavar="SECONDS", help="limit of the whole round (default 240)"
    )
    for each in (install, run):
        each.add_argument("--offline", action="store_true", help="no network: providers are not asked")
        each.add_argument(
            "--prometheus",
            type=_file_name,
            metavar="FILE",
            help="also write metrics there, for node_exporter's collector",
        )
        each.add_argument(
            "--expiring",
            type=_days,
            default=14,
            metavar="DAYS",
            help="say so many days before that a credential ends",
        )
        each.add_argument(
            "--backup-days",
            type=_days,
            default=30,
            metavar="DAYS",
            help="a backup older than that is too old; 0 = its age does not matter (default 30)",
        )

    status = verb("status", "what is installed, the last round and the next one")
    status.add_argument("--format", choices=("text", "json"), default="text")

    history = verb("history", "since when each credential is as it is, and what else changed in that moment")
    history.add_argument("names", nargs="*", metavar="SERVER", help="also one that is no longer configured")
    history.add_argument(
        "--span",
        choices=("24h", "7d", "30d"),
        help="how far the rows go back (by default a day of a young history, else a week)",
    )

    uninstall = verb("uninstall", "takes it out of every timer that has it; the history stays")
    uninstall.add_argument("--dry-run", action="store_true", help="show what would be done")
    uninstall.add_argument("--yes", action="store_true", help="do it without asking for consent")


def _place(text: str) -> tuple[str, str]:
    name, sign, path = text.partition("=")
    if not sign or not re.fullmatch(r"[A-Z][A-Z0-9_]*", name) or not Path(path).is_absolute():
        raise argparse.ArgumentTypeError(f"expected NAME=/FOLDER, got {text!r}")
    return name, path


def _file_name(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise argparse.ArgumentTypeError("expected the name of a file")
    return text


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 <= int(text) <= 3650:
        raise argparse.ArgumentTypeError(f"expected days, at most 3650, got {text!r}")
    return int(text)
