"""What this computer's administrator allows in an emergency: `/etc/mcp-doctor/policy.toml`.

```toml
[emergency]
max_minutes = 120       # the longest time that a token may be held
default_minutes = 30    # the time where none is asked for
require_ticket = true
```

Only a file of root's that nobody else can write counts: else everyone could give themselves more time. Its form is in
`policy.schema.json` beside this module, for editors and for whoever rolls the file out; a start checks it without.
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.host import Host
from diagnostics.regular_file import NotRegularError, open_regular
from diagnostics.text import clean
from recovery.model import RecoveryError

PLACE = "etc/mcp-doctor/policy.toml"
_USUAL_MINUTES = 60
_MOST_MINUTES = 480
"""Where no policy says else: a working day. Longer is no emergency."""
_LIMIT_MINUTES = 7 * 24 * 60
_LARGEST = 64 * 1024
_UNITS = {"s": 1, "m": 60, "h": 3600}


class TimeError(RecoveryError):
    """The time that was asked for is none, or more than is allowed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules, and what is to be said about where they come from."""

    usual: int = _USUAL_MINUTES * 60
    """Seconds, where none are asked for."""
    most: int = _MOST_MINUTES * 60
    """Seconds at most."""
    require_ticket: bool = False
    source: str = ""
    """The administrator's file, "" = none."""
    notice: str = ""
    """Why that file does not count, "" = it does, or there is none."""

    def seconds(self, asked: str | None) -> int:
        """How long a token is held. In: `90s`, `60m`, `2h`; None = the usual time.

        Raises:
            TimeError: no time, or too long.
        """
        if not asked:
            return self.usual
        found = re.fullmatch(r"([0-9]{1,6})([smh])", asked.strip())
        seconds = int(found[1]) * _UNITS[found[2]] if found else 0
        if not seconds:
            raise TimeError(f"the time limit is written as 45m, 90s or 2h; this is not: {_shown(asked)}")
        if seconds > self.most:
            whose = f"the administrator's policy ({self.source})" if self.source else "mcp-doctor"
            raise TimeError(
                f"{asked} is longer than {whose} allows: at most {_in_minutes(self.most)}. When that is over, an "
                "emergency can be started anew, with a reason of its own"
            )
        return seconds


def _shown(asked: str) -> str:
    from diagnostics.tokens.masking import holds_credential

    return "what was typed looks like a credential" if holds_credential(asked) else repr(asked[:40])


def read_policy(host: Host) -> Policy:
    """The administrator's rules. Where their file does not count, the usual time is the longest. Never raises."""
    if host.root is None:
        return Policy()
    path = host.root / PLACE
    try:
        content = on_disk(lambda: _content(path, host.root or Path("/")))
    except FileNotFoundError:
        return Policy()
    except (OSError, DeadlineError) as error:
        return _refused(path, getattr(error, "strerror", None) or "it does not answer")
    except _UntrustedError as error:
        return _refused(path, str(error))
    return _read(path, content)


class _UntrustedError(Exception):
    pass


def _content(path: Path, root: Path) -> bytes:
    owner = root.stat().st_uid  # root; elsewhere in a user namespace, and in a test
    for folder in (path.parent.parent, path.parent):
        _make_sure(folder.stat(), owner, f"the folder {folder}")
    try:
        opened = open_regular(path, follow=False)
    except NotRegularError as error:
        raise _UntrustedError("it is no plain file") from error
    with opened as file:
        _make_sure(os.fstat(file.fileno()), owner, "it")
        return file.read(_LARGEST)


def _make_sure(info: os.stat_result, owner: int, what: str) -> None:
    if info.st_uid != owner:
        raise _UntrustedError(f"{what} does not belong to root")
    if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not (
        stat.S_ISDIR(info.st_mode) and info.st_mode & stat.S_ISVTX
    ):
        raise _UntrustedError(f"others than root can write {what}")


def _read(path: Path, content: bytes) -> Policy:
    import tomllib

    try:
        data = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        return _refused(path, "it is not UTF-8 text")
    except tomllib.TOMLDecodeError as error:
        return _refused(path, f"it is not TOML: {clean(str(error), 200)}")
    wrong = _wrong_with(data, content.decode("utf-8"))
    if wrong:
        return _refused(path, wrong)
    table = data.get("emergency", {})
    most = table.get("max_minutes", _MOST_MINUTES) * 60
    usual = min(table.get("default_minutes", _USUAL_MINUTES) * 60, most)
    return Policy(usual, most, table.get("require_ticket", False), str(path))


def _wrong_with(data: dict[str, Any], text: str) -> str:
    """The first thing that is not as the schema has it: line, what stands there, what was expected; "" = nothing."""
    for name in data:
        if name != "emergency":
            return f"{_line(text, name)}there is no table or key {name!r}: expected [emergency]"
    table = data.get("emergency", {})
    if not isinstance(table, dict):
        return f"{_line(text, 'emergency')}`emergency` must be a table: [emergency]"
    for name, value in table.items():
        if name not in _EXPECTED:
            known = ", ".join(_EXPECTED)
            return f"{_line(text, name)}[emergency] has no key {name!r}: expected {known}"
        if not (isinstance(value, bool) if name == "require_ticket" else _is_minutes(value)):
            return f"{_line(text, name)}{name} is {str(value)[:40]!r}: expected {_EXPECTED[name]}"
    most, usual = table.get("max_minutes"), table.get("default_minutes")
    if most is not None and usual is not None and usual > most:
        return f"{_line(text, 'default_minutes')}default_minutes is {usual}: expected no more than max_minutes, {most}"
    return ""


_MINUTES = f"a whole number of minutes, from 1 to {_LIMIT_MINUTES}"
_EXPECTED = {"max_minutes": _MINUTES, "default_minutes": _MINUTES, "require_ticket": "true or false"}


def _line(text: str, name: str) -> str:
    """`line 3: ` where the name stands first, "" = it is written in a way that is not told by a look at the lines."""
    found = re.search(
        rf"""^[ \t]*(?:\[[ \t]*)?["']?(?:emergency["']?\.["']?)?{re.escape(name)}["']?[ \t]*[=\].]""",
        text,
        re.MULTILINE,
    )
    return f"line {text.count(chr(10), 0, found.start()) + 1}: " if found else ""


def _is_minutes(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LIMIT_MINUTES


def _refused(path: Path, why: str) -> Policy:
    usual = _USUAL_MINUTES * 60
    return Policy(
        usual,
        usual,
        notice=f"The policy file {path} does not count: {clean(why, 400)}. Until an administrator mends it, {_in_minutes(usual)} is "
        "the longest time.",
    )


def _in_minutes(seconds: int) -> str:
    return f"{seconds // 60} minutes"
