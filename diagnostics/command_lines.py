"""The commands of the wordings, which are written for Linux, as macOS and Windows have them.

On Windows they are PowerShell's, which cmd refuses aloud where it does not know one; `set NAME=VALUE`, the other way
round, PowerShell would take without doing what was meant.
"""

import re
import shlex
from collections.abc import Callable, Sequence

from diagnostics.model import Platform

_MASKED = "[Net.NetworkCredential]::new('', (Read-Host -AsSecureString)).Password"
_QUOTE_URL = "import getpass, urllib.parse; print(urllib.parse.quote(getpass.getpass(), safe=''))"
_MINE = '"${{env:USERNAME}}:F"'

Lines = tuple[str, ...]
_Table = tuple[tuple[str, Lines], ...]

_WINDOWS: _Table = (
    (r"read -rs (\S+); export \1", (r"$ $env:\1 = " + _MASKED,)),
    (r"printenv (\S+) \| (.+)", (r"$ $env:\1 | \2",)),
    (r"env -u (\S+) (.+)", (r"$ Remove-Item Env:\1", r"$ \2")),
    (r"python3 -c .+getpass.+", (f'$ python -c "{_QUOTE_URL}"',)),
    (r"(?:ls -ld?|df -h) (.+)", (r"$ dir \1",)),
    (r"findmnt --target (.+)", (r"$ dir \1",)),
    (r"mv (\S+) (\S+)", (r"$ move \1 \2",)),
    (r"chmod (?:600|700|go-w) (.+)", (rf"$ icacls \1 /inheritance:r /grant:r {_MINE}",)),
    (r"chmod u\+rwx (.+)", (rf"$ icacls \1 /grant {_MINE}",)),
    (r'sudo chown -R "\$\(id -u\)" (.+)', (r"$ takeown /r /f \1",)),
    (r'sudo chown "\$USER" (.+)', (r"$ takeown /f \1",)),
    (
        r"sed -i '1s/\S+BF//' (.+)",
        (r"Open \1 in Notepad, and save it with the encoding UTF-8 (not UTF-8 with BOM).",),
    ),
    (r"command -v (.+)", (r"$ where.exe \1",)),
    (r"getent hosts (.+)", (r"$ nslookup \1",)),
    (r"date(?: -u)?", ("$ Get-Date",)),
    (r"rm -r (.+)", (r"$ Remove-Item -Recurse \1",)),
    (r"chmod \+x .+", ()),
    (r"uname -sm", ("$ $env:PROCESSOR_ARCHITECTURE",)),
    (r"(?:sudo )?timedatectl set-ntp true", ("$ w32tm /resync",)),
    (r"timedatectl", ("$ w32tm /query /status",)),
)
_MACOS: _Table = (
    (r"python (-m .+)", (r"$ python3 \1",)),
    (r"sed -i '(?:1)?s/(\S+)//' (.+)", (r"$ perl -i -pe 's/\1//' \2",)),
    (r"findmnt --target (.+)", (r"$ df -h \1",)),
    (r"getent hosts (.+)", (r"$ dscacheutil -q host -a name \1",)),
    (r"(?:sudo )?timedatectl set-ntp true", ("$ sudo sntp -sS time.apple.com",)),
    (r"timedatectl", ("$ sntp time.apple.com",)),
    (r"sudo locale-gen .+", ()),
)
_TABLES = {Platform.WINDOWS: _WINDOWS, Platform.MACOS: _MACOS}
_PLAIN = re.compile(r"[A-Za-z0-9_./\\:+=-]+")
_TAKEN_APART = re.compile(r'["%!^&|<>$`\r\n]')


def on(lines: Sequence[str], platform: Platform) -> Lines:
    """The lines of a fix as this system has them. In: with their `{names}` still open."""
    return tuple(new for line in lines for new in _line(line, platform))


def quoting(platform: Platform) -> Callable[[str], str]:
    """What makes a text one word of a command line there, whatever it holds."""
    return _for_windows if platform is Platform.WINDOWS else shlex.quote


def _line(line: str, platform: Platform) -> Lines:
    if not line.startswith("$ "):
        return (line.replace("Where systemd keeps it:", "For example:"),) if platform in _TABLES else (line,)
    command = line.removeprefix("$ ")
    if platform is Platform.WINDOWS and re.match(r"(export|unset) ", command):
        return tuple(_variable(command))
    for pattern, wanted in _TABLES.get(platform, ()):
        found = re.fullmatch(pattern, command)
        if found is not None:
            return tuple(found.expand(each) for each in wanted)
    return (line,)


def _variable(command: str) -> Sequence[str]:
    word, *names = command.split()
    if word == "unset":
        return [f"$ Remove-Item Env:{each}" for each in names]
    pairs = (each.partition("=") for each in names)
    return [f'$ $env:{name} = "{_path(value)}"' for name, _, value in pairs]


def _path(value: str) -> str:
    return "C:" + value.replace("/", "\\") if value.startswith("/path/") else value


def _for_windows(text: str) -> str:
    """One word for PowerShell and for cmd. What either would take for its own, quotes or not, is left as `?`."""
    if _PLAIN.fullmatch(text):
        return text
    return f'"{_TAKEN_APART.sub("?", text)}"'
