"""The words of `mcp-doctor emergency`."""

import argparse
from collections.abc import Sequence


def add_emergency(parser: argparse.ArgumentParser, shared: Sequence[argparse.ArgumentParser]) -> None:
    """Gives the argument parser of `emergency` its verbs and their options. In: parsers whose options all take."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", title="verbs")

    def verb(name: str, words: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=words, description=words, parents=list(shared))

    start = verb("start", "holds a token in memory and gives it to one server, for a limited time")
    start.add_argument("names", nargs=1, metavar="SERVER [-- COMMAND ARG …]")
    start.add_argument("--reason", required=True, metavar="TEXT", help="why; it goes into the audit trail")
    start.add_argument(
        "--ticket", default="", metavar="ID", help="the ticket or incident that this belongs to"
    )
    start.add_argument("--ttl", metavar="TIME", help="how long the token is held: 45m, 90s, 2h (default 60m)")
    start.add_argument("--token-stdin", action="store_true", help="read the token from standard input")
    start.add_argument(
        "--field",
        metavar="NAME",
        help="which credential, where the server uses several: env.NAME or its name",
    )
    start.add_argument(
        "--extend",
        action="store_true",
        help="no new token: the one that is held gets a new time limit, counted from now, for this reason",
    )
    start.add_argument("--offline", action="store_true", help="do not ask the token's provider")
    start.add_argument("--yes", action="store_true", help="take the token although a check speaks against it")

    status = verb(
        "status", "the open incidents: server, reason, who, time left, how often the token was served"
    )
    status.add_argument("--all", action="store_true", help="closed ones too")
    status.add_argument("--format", choices=("text", "json"), default="text")

    close = verb("close", "takes the token away, asks the checks again, writes the report")
    close.add_argument("names", nargs="*", metavar="INCIDENT | SERVER")
    close.add_argument("--offline", action="store_true", help="no network")
    close.add_argument("--start", action="store_true", help="start the server too, to see that it answers")
    close.add_argument(
        "--revoked", action="store_true", help="the emergency token was revoked at its provider"
    )
    close.add_argument(
        "--anyway", action="store_true", help="close although the usual path does not work yet"
    )
    close.add_argument("--output", metavar="FOLDER", help="where the report goes")
