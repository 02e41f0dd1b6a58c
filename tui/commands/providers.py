"""`mcp-doctor providers`: the kinds of credentials that are known, and how each is told, asked about and replaced."""

import dataclasses
import sys
import textwrap

from tui.arguments import Call
from tui.provider_page import Page, pages
from tui.table import write_table

_WIDTH = 80
_LABELS = {
    "env": "set in",
    "host_env": "host in",
    "format": "form",
    "asked": "asked",
    "tells": "tells",
    "costs": "costs",
    "rotation_url": "new one",
    "note": "note",
}
_HEAD = max(map(len, _LABELS.values())) + 4


def run(call: Call) -> int:
    """The catalogue, a paragraph a kind, 80 columns wide whatever it is written to; or JSON."""
    found = list(pages())
    if call.extra["format"] == "json":
        rows = [{**dataclasses.asdict(each), "rotation_url": each.rotation_url or None} for each in found]
        return write_table(rows, {}, call)
    for page in found:
        sys.stdout.write("\n".join(_lines(page)) + "\n\n")
    sys.stdout.write(
        f"{len(found)} kinds of credentials. A token is sent to the host above, and to no other.\n"
    )
    return 0


def _lines(page: Page) -> list[str]:
    lines = [f"{page.id}: {page.name}"]
    for name, label in _LABELS.items():
        value = getattr(page, name)
        text = value if isinstance(value, str) else ", ".join(value)
        if text:
            lines += textwrap.wrap(
                text,
                _WIDTH,
                initial_indent=f"  {label}".ljust(_HEAD),
                subsequent_indent=" " * _HEAD,
                break_on_hyphens=False,
                break_long_words=False,
            )
    return lines
