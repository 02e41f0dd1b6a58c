"""A picture of the screen, for a ticket or a guide: kept in the doctor's own folder, never with a secret in it."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from diagnostics.host import Host
from diagnostics.secret import Secret
from diagnostics.text import legal_in_xml
from recovery.model import RecoveryError

_FONTS = re.compile(r"@font-face\s*\{[^}]*\}")
_MOST_A_SECOND = 100


def folder(host: Host) -> Path:
    """Where pictures are kept (0700)."""
    return host.state_dir / "pictures"


def save(host: Host, svg: str, lines: Sequence[str], secrets: Iterable[Secret], at: datetime) -> Path:
    """Keeps a picture (0600) under a name of its own. Blocks: call it off the event loop.

    In: the picture, the lines of the screen as plain text, every secret that is known. Out: where it is.

    Raises:
        RecoveryError: the screen shows what may be a credential, or it can't be written.
    """
    from recovery.new_file import make_folder, write_new_file

    refuse_secrets(lines, secrets)
    # A picture that gets its letters from elsewhere tells elsewhere who looks at it.
    content = legal_in_xml(_FONTS.sub("", svg)).encode("utf-8", "backslashreplace")
    place = folder(host)
    make_folder(place)
    for number in range(_MOST_A_SECOND):
        path = place / f"mcp-doctor-{at:%Y%m%d-%H%M%S}{f'-{number}' if number else ''}.svg"
        if not path.exists():
            write_new_file(path, content)
            return path
    raise RecoveryError(f"{place} has too many pictures of this second")


def refuse_secrets(lines: Sequence[str], secrets: Iterable[Secret]) -> None:
    """Raises RecoveryError where the screen shows what may be a credential, also one that is broken over lines."""
    from diagnostics.support.sweep import sweep

    bare = [line.strip(" │┃║▏▕▌▐|") for line in lines]
    texts = {"screen": "\n".join(lines), "broken within a word": "".join(bare), "at a blank": " ".join(bare)}
    if sweep(texts, secrets):
        raise RecoveryError("no picture was kept: the screen shows what may be a credential")
