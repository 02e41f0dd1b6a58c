"""What the screen of logs needs done off the event loop: finding the clients' logs, reading one, explaining a text."""

from collections.abc import Sequence
from dataclasses import dataclass

from diagnostics.explain import MOST, Match, explain, worth_telling
from diagnostics.host import Host
from diagnostics.logs.files import LogFile, log_files
from diagnostics.logs.reading import MOST_BYTES, entries_of, read_tail
from diagnostics.text import clean, clean_lines
from diagnostics.tokens.masking import mask_tokens

_MOST_FILES = 80
_TAIL_SHOWN = 12
"""Lines of a text's end that are shown."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A text and what it says; everything in it is safe to show."""

    name: str
    matches: Sequence[Match]
    lines: int
    tail: Sequence[str]
    """Its last lines, credentials masked."""
    is_cut: bool = False
    """Whether only its end was looked at."""


def logs_here(host: Host) -> list[LogFile]:
    """The log files of every client on this host, newest first. Raises DeadlineError on a disk that does not answer."""
    from diagnostics.catalog.clients import clients
    from diagnostics.deadline import on_disk

    found = on_disk(lambda: [each for one in clients().values() for each in log_files(one, host)])
    return sorted((each for each in found if each.size), key=lambda each: -each.modified)[:_MOST_FILES]


def explain_log(file: LogFile, host: Host) -> Explained:
    """Reads the end of a log and explains it.

    Raises:
        OSError: it can't be read.
        DeadlineError: the disk does not answer.
    """
    from diagnostics.catalog.clients import client
    from diagnostics.deadline import on_disk

    text = on_disk(lambda: read_tail(file.path, MOST))
    spoken = "\n".join(each.text for each in entries_of(text, file, client(file.client).logs))
    return _explained(clean(file.path.name, 80), spoken, host, is_cut=file.size > MOST)


def explain_text(text: str, host: Host) -> Explained:
    """Explains what was pasted; of a very long text the end."""
    return _explained("what you pasted", text[-MOST_BYTES:], host, is_cut=len(text) > MOST)


def _explained(name: str, text: str, host: Host, *, is_cut: bool) -> Explained:
    return Explained(
        name,
        worth_telling(explain(text, host)),
        text.count("\n") + bool(text and not text.endswith("\n")),
        [mask_tokens(each) for each in clean_lines(text, _TAIL_SHOWN)],
        is_cut,
    )
