"""The fleet screen's texts: the counts, how far the reading is, and what is known of one cell."""

from textual.content import Content

from diagnostics.fleet import words
from diagnostics.fleet.fleet import Fleet
from diagnostics.fleet.model import HostState, ServerState
from diagnostics.fleet.rollup import OWN
from diagnostics.model import Status
from diagnostics.rollup import WORST_FIRST
from diagnostics.text import counted
from tui.faces import FACES

_MOST = 8
"""Servers with the same trouble that are named."""


def head_text(fleet: Fleet, few_characters: bool, *, is_wide: bool) -> Content:
    """Name, and how many hosts are in which state."""
    parts: list[Content] = [
        Content.styled(" mcp-doctor fleet " if is_wide else " fleet ", "bold $text-primary")
    ]
    for status, said in words.summary(fleet):
        face = FACES[status]
        glyph = face.plain if few_characters else face.glyph
        parts.append(Content.styled(f"  {glyph} {said}", face.style))
    return Content("").join(parts)


def progress_text(done: int, total: int, few_characters: bool) -> Content:
    """How far the reading is."""
    full, empty = ("=", "-") if few_characters else ("━", "─")
    cells = round(12 * done / total) if total else 0
    return Content.assemble(
        " ",
        (full * cells, "$text-primary"),
        (empty * (12 - cells), "$foreground-muted"),
        (f" Reading {done:,} of {counted(total, 'file')} …", "$foreground-muted"),
    )


def done_text(fleet: Fleet, now: float) -> Content:
    """How much there is, how old, and how many reports could not be taken as they are."""
    parts: list[Content] = []
    if fleet.troubles:
        said = f" {counted(len(fleet.troubles), 'problem')}: p "
        parts.append(Content.styled(said, "bold $text-warning"))
    parts.append(Content.styled(f" {words.totals(fleet, now)}", "$foreground-muted"))
    return Content("").join(parts)


def cell_text(host: HostState, server: ServerState | None, few_characters: bool) -> Content:
    """What is known of a host, or of one server there."""
    if server is not None:
        return _of_server(server, few_characters)
    if host.words:
        return Content("\n").join(_of_missing(host))
    lines = [Content.styled(host.error, "$text-warning")] if host.error else []
    found = words.groups(host)
    for each in found:
        face = FACES[each.status]
        glyph = face.plain if few_characters else face.glyph
        stage = f"{each.stage}: " if each.stage else ""
        lines.append(Content.assemble((f"{glyph} {stage}{each.title}", face.style)))
        lines.append(Content(f"  {each.named(_MOST)}"))
    fine = len(host.servers) - len({name for each in found for name in each.names} - {OWN})
    if fine > 0:
        said = f"{counted(fine, 'server')} without a complaint."
        lines.append(Content.styled(said, FACES[Status.OK].style))
    if not host.servers:
        lines.append(Content.styled("No MCP server is configured there.", "$foreground-muted"))
    return Content("\n").join(lines)


def cell_title(host: HostState, server: ServerState | None, now: float) -> Content:
    """Whose cell it is, and how old what is known of it."""
    if server is None:
        when = "no time given" if host.at is None else words.age(now - host.at)
        return Content(f"{host.name} · {when}")
    return Content(f"{host.name} · {server.name} · {server.client}")


def problems_text(fleet: Fleet, most: int = 300) -> Content:
    """What could not be taken as it is, a line each; what is not known because of it comes first."""
    if not fleet.troubles:
        return Content("Every report could be read.")
    told = sorted(fleet.troubles, key=lambda each: not each.lost)
    lines: list[Content] = []
    for each in told[:most]:
        face = FACES[Status.UNKNOWN if each.lost else Status.WARN]
        lines.append(Content.assemble((f"{each.where}  ", f"bold {face.style}"), each.said))
    if len(told) > most:
        lines.append(Content(f"… and {len(told) - most} more: mcp-doctor fleet --format json"))
    return Content("\n").join(lines)


def causes_text(fleet: Fleet, few_characters: bool) -> Content:
    """What fails, by the number of hosts: a cause that many have in common is mended once."""
    causes = fleet.causes()
    if not causes:
        return Content("Nothing fails.")
    most, cell = causes[0][1], "=" if few_characters else "━"
    lines = [
        Content.assemble(
            (f"{count:>6,} ", "bold"),
            (f"{cell * max(1, round(20 * count / most)):<21}", FACES[Status.FAIL].style),
            cause,
        )
        for cause, count in causes
    ]
    hint = "Type / and a cause to see the hosts that have it."
    return Content("\n").join([*lines, Content(""), Content.styled(hint, "$foreground-muted")])


def worst_of(host: HostState, name: str) -> ServerState | None:
    """The host's server of this name; of several (two clients) the worst."""
    found = [each for each in host.servers if each.name == name]
    return min(found, key=lambda each: WORST_FIRST.index(each.status), default=None)


def missing_text(host: HostState) -> Content:
    """Why there is nothing to see of a host."""
    return Content("\n").join(_of_missing(host))


def _of_missing(host: HostState) -> list[Content]:
    face = FACES[Status.UNKNOWN]
    return [
        Content.styled(f"It {words.REACHED[host.reached]}.", f"bold {face.style}"),
        Content(host.error),
        Content(""),
        Content.styled(
            "So nothing is known of its servers. When that is mended, gather again.", "$foreground-muted"
        ),
    ]


def _of_server(server: ServerState, few_characters: bool) -> Content:
    face = FACES[server.status]
    glyph = face.plain if few_characters else face.glyph
    stage = f" at {server.stage.value}" if server.stage else ""
    lines = [Content.styled(f"{glyph} {words.STATE[server.status]}{stage}", f"bold {face.style}")]
    if server.title:
        lines.append(Content(server.title))
    if server.cause:
        lines.append(Content.styled(f"cause {server.cause}", "$foreground-muted"))
    lines.append(Content.styled("Enter shows its path, and what to do there.", "$foreground-muted"))
    return Content("\n").join(lines)
