"""How a part of a credential's history looks, in the app and at a plain terminal."""

from diagnostics.history.strip import Cell
from tui.faces import Face

CELLS: dict[Cell, Face] = {
    Cell.OK: Face("▁", "_", "ok", "ok", "$text-success"),
    Cell.WARN: Face("▄", "!", "warning", "warn", "$text-warning"),
    Cell.FAIL: Face("█", "X", "broken", "fail", "$text-error"),
    Cell.UNKNOWN: Face("?", "?", "unclear", "unknown", "$text-secondary"),
    Cell.SKIP: Face("-", "-", "not asked", "skip", "$foreground-muted"),
    Cell.GAP: Face("·", ".", "nobody looked", "pending", "$foreground-muted"),
    Cell.ABSENT: Face(" ", " ", "not configured", "skip", "$foreground-muted"),
}
"""How a part of a credential's history looks: the higher, the worse."""


def sign(cell: Cell, *, few_characters: bool) -> str:
    """A cell's character."""
    return CELLS[cell].plain if few_characters else CELLS[cell].glyph
