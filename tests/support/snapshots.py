"""Pictures of screens, compared with the stored ones. `UPDATE_SNAPSHOTS=1 pytest …` stores them anew.

A picture is the app's own SVG export, in which nothing depends on the machine but a generated name.
"""

import os
import re
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parents[1] / "tui" / "snapshots"
_NAME = re.compile(r"terminal-\d+")


def same_as_stored(svg: str, name: str, failures: Path) -> None:
    """Fails where the picture differs from the stored one; leaves the new one in `failures` to look at."""
    picture = _NAME.sub("terminal", svg).replace("\r\n", "\n").rstrip() + "\n"
    stored = _FOLDER / f"{name}.svg"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        stored.parent.mkdir(exist_ok=True)
        stored.write_text(picture, encoding="utf-8", newline="\n")
        return
    if not stored.exists():
        pytest.fail(f"there is no stored picture {stored.name}: run with UPDATE_SNAPSHOTS=1 and look at it")
    if stored.read_text("utf-8") != picture:
        new = failures / f"{name}.svg"
        new.write_text(picture, encoding="utf-8", newline="\n")
        pytest.fail(f"the screen {name} looks different now: compare {stored} with {new}")
