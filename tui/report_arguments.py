"""The words of the commands that look and write what they saw: `check`, `report`, `fleet`, `advise`, `audit`."""

import argparse
from collections.abc import Callable, Sequence

FORMATS = ("text", "json", "junit", "sarif", "markdown", "prometheus")


def add_check(parser: argparse.ArgumentParser, seconds: Callable[[str], float]) -> None:
    """Gives the parser of `check` its options."""
    parser.add_argument("names", nargs="*", metavar="SERVER")
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="write the report there, replaced in one step (0600; with prometheus 0644, for the collector)",
    )
    parser.add_argument(
        "--label-names",
        action="store_true",
        help="with prometheus: also a series a reference, with the names of variables and entries as labels",
    )
    parser.add_argument("--offline", action="store_true", help="no network")
    parser.add_argument(
        "--start",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="launch the servers for a handshake",
    )
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="limit of one check")
    parser.add_argument("--fail-on", choices=("warn", "fail"), default="fail")
    parser.add_argument(
        "--self",
        action="store_true",
        dest="itself",
        help="look at mcp-doctor itself: its Python, libraries, language, terminal, folders, launcher, clock",
    )


def add_report(parser: argparse.ArgumentParser, seconds: Callable[[str], float]) -> None:
    """Gives the parser of `report` its options."""
    parser.add_argument("names", nargs="*", metavar="SERVER")
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="where to write it (0600; never over what is there); else in this folder",
    )
    parser.add_argument("--format", choices=("zip", "folder", "text"), default="zip")
    parser.add_argument("--show", action="store_true", help="show all of it, not only the list of its files")
    parser.add_argument("--yes", action="store_true", help="write it without asking")
    parser.add_argument("--keep-names", action="store_true", help="leave in the names of entries and servers")
    parser.add_argument(
        "--with-reasons", action="store_true", help="put in what the audit trail says in free text"
    )
    parser.add_argument("--offline", action="store_true", help="no network")
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="limit of one check")


def add_fleet(parser: argparse.ArgumentParser, slow: str) -> None:
    """Gives the parser of `fleet` its options. In: what `--slow` says of itself."""
    parser.add_argument("paths", nargs="+", metavar="FILE|DIR", help="reports, or folders of them")
    parser.add_argument(
        "--format", choices=("text", "json", "markdown"), help="write this instead of opening the app"
    )
    parser.add_argument("--output", metavar="FILE", help="write it there (0600, replaced in one step)")
    parser.add_argument("--fail-on", choices=("warn", "fail"), default="fail")
    parser.add_argument("--slow", action="store_true", help=slow)


def add_advise(parser: argparse.ArgumentParser) -> None:
    """Gives the parser of `advise` its options."""
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    parser.add_argument(
        "--team",
        choices=("single", "shared"),
        help="whether one person or several use these credentials (else it is asked, not assumed)",
    )
    parser.add_argument(
        "--sso",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="whether everybody must log in with the company's account (else it is asked, not assumed)",
    )


def add_audit(parser: argparse.ArgumentParser, everywhere: argparse.ArgumentParser) -> None:
    """Gives the parser of `audit` its verbs and their options. In: the parser whose options all take."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs", required=True)

    def verb(name: str, words: str, formats: Sequence[str]) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=words, description=words, parents=[everywhere])
        made.add_argument("--format", choices=formats, default=formats[0])
        return made

    show = verb("show", "what was done, the newest first", ("text", "json"))
    verb("verify", "whether the trail holds; names the record where it does not", ("text", "json"))
    export = verb("export", "the records as JSON lines or Markdown", ("json", "markdown"))
    export.add_argument("--output", metavar="FILE", help="write it there (0600, replaced in one step)")
    for each in (show, export):
        each.add_argument(
            "--since", metavar="WHEN", help="from then on: 2026-11-23, 2026-11-23T12:00, 30m, 12h, 7d"
        )
        each.add_argument("--operation", metavar="OPERATION", help="this one alone, in full")
