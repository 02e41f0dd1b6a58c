"""Reads the gathered reports one by one. What can't be read is told in a line each; the rest goes on."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from diagnostics.fleet import opening
from diagnostics.fleet.envelope import Gathered, gathered, parsed
from diagnostics.fleet.model import HostState, NotAReportError, Reached, Source, Trouble
from diagnostics.fleet.opening import LINES, MOST_BYTES, MOST_FILES, Named
from diagnostics.fleet.rollup import Rollup
from diagnostics.model import Status
from diagnostics.rollup import worst
from diagnostics.text import clean

AHEAD = 600.0
"""Seconds that a host's clock may be ahead of ours before it is told."""
Item = HostState | Trouble


def read(files: Sequence[Named], now: float) -> Iterator[Item]:
    """Every host of these files, and every trouble with them, as they come. Blocks on the disk, with a deadline.

    In: `now`, seconds since the epoch.
    """
    for file in files:
        try:
            yield from _lines(file, now) if file.path.suffix in LINES else _document(file, now)
        except NotAReportError as error:
            yield Trouble(_place(file.path), str(error))


def too_many(more: int) -> Iterator[Item]:
    """What to say of files that are too many. In: how many were left out."""
    if more:
        yield Trouble(
            "folder", f"{more:,} files more than {MOST_FILES:,} were not read: give each group its own folder"
        )


def read_again(source: Source) -> Mapping[str, Any]:
    """The whole report behind a host's state. In: where it stood.

    Raises:
        NotAReportError: it is not there any more, or holds no report.
    """
    file = Named(source.path, by_person=not source.path.is_symlink())
    if source.offset is not None:
        raw = next(opening.lines(file, source.offset), (0, None))[1]
        if raw is None:
            raise NotAReportError("was changed since it was read")
        value = parsed(raw)
    else:
        value = parsed(opening.whole(file))
        if source.index is not None:
            if not isinstance(value, list) or source.index >= len(value):
                raise NotAReportError("was changed since it was read")
            value = value[source.index]
    found = gathered(value, source.path.stem)
    if found.report is None:
        raise NotAReportError(found.error)
    return found.report


def _document(file: Named, now: float) -> Iterator[Item]:
    raw = opening.whole(file)
    try:
        value = parsed(raw)
    except NotAReportError:
        if not _is_of_lines(raw):
            raise
        yield from _lines(file, now)
        return
    if not isinstance(value, list):
        yield from _host(value, Source(file.path), file.path.stem, now)
        return
    for index, each in enumerate(value[:MOST_FILES]):
        yield from _host(each, Source(file.path, index=index), f"{file.path.stem}-{index + 1}", now)
    if len(value) > MOST_FILES:
        yield Trouble(_place(file.path), f"holds {len(value)} reports, of which {MOST_FILES} were read")
    if not value:
        yield Trouble(_place(file.path), "holds no report")


def _is_of_lines(raw: bytes) -> bool:
    """Whether the first line alone is a whole object: then the file holds one a line, whatever its name."""
    first, _, rest = raw.strip().partition(b"\n")
    if not rest.strip() or not first.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(parsed(first), dict)
    except NotAReportError:
        return False


def _lines(file: Named, now: float) -> Iterator[Item]:
    number = 0
    for number, (offset, raw) in enumerate(opening.lines(file), 1):
        place = f"{_place(file.path)}, report {number}"
        if number > MOST_FILES:
            yield Trouble(_place(file.path), f"holds more than {MOST_FILES} reports: the rest was not read")
            return
        try:
            if raw is None:
                raise NotAReportError(f"is larger than {MOST_BYTES >> 20} MB, so it was not read")
            value = parsed(raw)
            yield from _host(value, Source(file.path, offset=offset), f"{file.path.stem}-{number}", now)
        except NotAReportError as error:
            yield Trouble(place, str(error))
    if not number:
        yield Trouble(_place(file.path), "is empty")


def _host(value: object, source: Source, name: str, now: float) -> Iterator[Item]:
    place = _place(source.path)
    if source.index is not None:
        place += f", report {source.index + 1}"
    try:
        found = gathered(value, name)
    except NotAReportError as error:
        yield Trouble(place, str(error))
        return
    if found.at is not None and found.at > now + AHEAD:
        ahead = (found.at - now) / 3600
        said = f"{found.host} is dated {ahead:,.1f} hours in the future: a clock is wrong, or the report"
        yield Trouble(place, said, lost=False)
        found = Gathered(found.host, now, found.reached, found.report, found.error, found.newer)
    elif found.at is None and found.report is not None:
        yield Trouble(place, f"{found.host} does not say when it was looked at", lost=False)
    if found.report is None:
        yield HostState(found.host, Status.UNKNOWN, found.reached, (), None, found.error, found.at, source)
        return
    yield from _rolled_up(found, found.report, source, place)


def _rolled_up(found: Gathered, report: Mapping[str, Any], source: Source, place: str) -> Iterator[Item]:
    try:
        rollup = Rollup(report)
    except Exception as error:  # the last net: one forged report never keeps the others from being seen
        yield Trouble(place, f"the report of {found.host} can't be understood ({type(error).__name__})")
        return
    odd = list(rollup.odd)
    states = [each.status for each in rollup.servers]
    if rollup.own is not None:
        states.append(rollup.own.status)
    if found.newer:
        odd.insert(
            0, f"was made by a newer mcp-doctor ({found.newer}): update this one; here is what can be told"
        )
    if found.newer or rollup.unclear:
        states.append(Status.UNKNOWN)
    for each in odd:
        yield Trouble(place, f"{found.host}: {each}", lost=False)
    yield HostState(
        found.host,
        worst(states),
        Reached.REACHABLE,
        rollup.servers,
        rollup.own,
        odd[0] if found.newer or rollup.unclear else "",
        found.at,
        source,
        sum(each.status is Status.FAIL for each in rollup.servers),
    )


def _place(path: Path) -> str:
    return clean(path.name, 80)
