"""A support bundle as it will be handed over: its files, an index of them, one archive. Pure, always in the same order."""

import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

INDEX = "README.txt"
_KINDS = {
    "secret": ("credential", "credentials"),
    "user": ("name of a person", "names of people"),
    "home": ("home folder", "home folders"),
    "host": ("name of a computer", "names of computers"),
    "ip": ("address of a computer", "addresses of computers"),
    "email": ("e-mail address", "e-mail addresses"),
    "entry": ("name of an entry", "names of entries"),
    "server": ("name of a server", "names of servers"),
    "id": ("long id", "long ids"),
}
"""What is counted, in words."""


_PROMISE = (
    "Read it before you send it: it is plain text, all of it. Credentials are never in it. Taken out, and given names "
    "of their own that are the same throughout (host-1, user-1), are people, computers, e-mail and IP addresses, entries "
    "and servers; the home folder is ~. Words that the doctor's own texts use anyway (a server called github) stay, as do "
    "folders below ~, programs and variables."
)
_WIDTH = 68
"""Columns of the list: as many as the app's window has in a terminal of 80."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file."""

    name: str
    about: str
    """What is in it, in a few words."""
    text: str = field(repr=False)
    replaced: Mapping[str, int] = field(default_factory=dict)
    """How often what was taken out, by kind."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """All of it."""

    at: datetime
    version: str
    parts: tuple[Part, ...]
    missing: tuple[tuple[str, str], ...] = ()
    """What could not be had, and why."""
    kept: tuple[str, ...] = ()
    """What the person asked to leave in, in words."""

    def files(self) -> dict[str, str]:
        """The texts by file name, the index first."""
        return {INDEX: self.index()} | {each.name: each.text for each in self.parts}

    def index(self) -> str:
        """The first page: what is here, what was taken out, what is missing."""
        return "\n".join(self._index()) + "\n"

    def _index(self) -> Iterator[str]:
        yield f"Support bundle of mcp-doctor {self.version}, {self.at:%Y-%m-%d %H:%M} UTC"
        yield ""
        yield from self.table()
        yield ""
        yield from _wrapped(_PROMISE)
        for each in self.kept:
            yield from _wrapped(f"Left in, as was asked for: {each}.")
        if self.missing:
            yield ""
            yield "Missing:"
            for what, why in self.missing:
                yield from _wrapped(f"{what}: {why}", "  ")

    def table(self) -> Iterator[str]:
        """A line a file: name, size, content, how often what was taken out."""
        widest = max((len(each.name) for each in self.parts), default=0)
        for each in self.parts:
            yield f"  {each.name:<{widest}}  {_size(each.text):>9}  {each.about}"
            if any(each.replaced.values()):
                yield from _wrapped(f"taken out: {_told(each.replaced)}", " " * (widest + 15))
        total = sum((Counter(each.replaced) for each in self.parts), Counter[str]())
        yield from _wrapped(f"{len(self.parts)} files; taken out in all: {_told(total) or 'nothing'}", "  ")

    def zipped(self) -> bytes:
        """One archive; the same bundle gives the same bytes."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in self.files().items():
                entry = zipfile.ZipInfo(f"{self.name}/{name}", self.at.timetuple()[:6])
                entry.external_attr = 0o100600 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, text.encode("utf-8", "backslashreplace"))
        return out.getvalue()

    def as_text(self) -> str:
        """Everything in one text, as it is shown."""
        return "".join(f"──── {name}\n\n{text.rstrip()}\n\n" for name, text in self.files().items())

    @property
    def name(self) -> str:
        """What the file or folder is called, without its ending."""
        return f"mcp-doctor-report-{self.at:%Y%m%d-%H%M%S}"


def _wrapped(text: str, lead: str = "") -> list[str]:
    import textwrap

    return textwrap.wrap(text, _WIDTH, initial_indent=lead, subsequent_indent=lead, break_on_hyphens=False)


def _size(text: str) -> str:
    count = len(text.encode("utf-8", "backslashreplace"))
    return f"{count} B" if count < 10_000 else f"{count / 1000:.0f} kB"


def _told(replaced: Mapping[str, int]) -> str:
    return ", ".join(
        f"{count} {one if count == 1 else many}"
        for kind, (one, many) in _KINDS.items()
        if (count := replaced.get(kind, 0))
    )
