"""`mcp-doctor explain`: names the cause in an error text or a log, and the fix."""

import json
import sys
from pathlib import Path

from diagnostics.host import this_host
from tui.arguments import Call
from tui.usage import UsageError

_MOST = 8 * 1024 * 1024
"""Bytes of a log that are read: its end."""


def run(call: Call) -> int:
    """Reads FILE or standard input and prints what it recognises. Out: 0, or 1 when that is nothing."""
    from diagnostics.explain import explain, render_text, to_json

    matches = explain(_read(call.extra["file"]), this_host())
    if call.extra["format"] == "json":
        sys.stdout.write(json.dumps(to_json(matches), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(render_text(matches))
    return 0 if matches else 1


def _read(name: str) -> str:
    if name == "-":
        return sys.stdin.buffer.read(_MOST).decode("utf-8", "replace")
    path = Path(name)
    try:
        if not path.is_file():
            raise UsageError(
                f"{name} is not a file that can be read: name a log file, or - for standard input"
            )
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _MOST))
            return stream.read(_MOST).decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(f"{name} can't be read: {error.strerror}") from error
