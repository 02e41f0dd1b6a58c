"""`mcp-doctor explain`: names the cause in an error text or a log, and the fix."""

import json
import stat
import sys
from collections import deque
from pathlib import Path
from typing import BinaryIO

from diagnostics.host import this_host
from tui.arguments import Call
from tui.usage import UsageError

_MOST = 8 * 1024 * 1024
"""Bytes of a log that are read: its end."""
_PIECE = 64 * 1024


def run(call: Call) -> int:
    """Reads FILE or standard input and prints what it recognises. Out: 0, or 1 when that is nothing."""
    from diagnostics.explain import explain, render_text, to_json

    matches = explain(_read(call.extra["file"]), this_host())
    if call.extra["format"] == "json":
        sys.stdout.write(json.dumps(to_json(matches), indent=2) + "\n")
    else:
        sys.stdout.write(render_text(matches))
    return 0 if matches else 1


def _read(name: str) -> str:
    if name == "-":
        if sys.stdin.isatty():
            end = "Ctrl+Z and Enter" if sys.platform == "win32" else "Ctrl+D"
            sys.stderr.write(
                f"Paste the error or the log here, then press Enter and {end}. (Ctrl+C leaves; a file works as well: "
                "mcp-doctor explain FILE)\n"
            )
            sys.stderr.flush()
        return text_of(_end_of(sys.stdin.buffer))
    path = Path(name)
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
            raise UsageError(
                f"{name} is not a file that can be read: name a log file, or - for standard input"
            )
        with path.open("rb") as stream:
            if stat.S_ISREG(mode):
                stream.seek(max(0, path.stat().st_size - _MOST))
            return text_of(_end_of(stream))
    except OSError as error:
        raise UsageError(f"{name} can't be read: {error.strerror}") from error
    except ValueError as error:  # a NUL in the name
        raise UsageError(f"{name!r} is not the name of a file") from error


def text_of(raw: bytes) -> str:
    """The bytes as text; PowerShell's `>` writes UTF-16."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8-sig", "replace")


def _end_of(stream: BinaryIO) -> bytes:
    """The last bytes of a stream, however much it gives."""
    pieces: deque[bytes] = deque()
    held = 0
    is_over = False
    while not is_over:
        piece = stream.read(_PIECE)
        is_over = len(piece) < _PIECE  # a terminal's end would have to be told twice if asked once more
        pieces.append(piece)
        held += len(piece)
        while held - len(pieces[0]) >= _MOST:
            held -= len(pieces.popleft())
    return b"".join(pieces)[-_MOST:]
