"""Which file or folder a command line rests on besides its command: the script that an interpreter is given."""

import re
from collections.abc import Sequence
from pathlib import Path

from diagnostics.presence import at_home, is_file, is_folder

_INTERPRETERS = re.compile(
    r"(?:node|nodejs|python[\d.]*|pythonw|py|bun|deno|tsx|ts-node|ruby|php|perl|bash|sh|zsh|dash)(?:\.exe)?"
)
_SCRIPT = re.compile(r"[^\s=]+\.(?:[cm]?[jt]s|py|rb|php|sh|pl|jar)")
_WITH_VALUE = {"-r", "--require", "--import", "--loader", "-W", "-X", "--env-file", "--config", "-c", "-C"}
_CODE = {"-c", "-e", "-p", "--eval", "--print", "-m", "-s", "-lc", "-ic", "eval", "run", "test", "x"}


def missing_path(command: str, args: Sequence[str], cwd: Path) -> str | None:
    """The path in the arguments that has to exist and does not; None where all is well or nothing can be said."""
    program = re.split(r"[\\/]", command)[-1].casefold()
    for at, word in enumerate(args[:-1]):
        if word in {"--directory", "--project"} and program in {"uv", "uv.exe"}:
            return None if is_folder(cwd / at_home(args[at + 1])) else args[at + 1]
        if word == "-jar" and program in {"java", "java.exe"}:
            return None if is_file(cwd / args[at + 1]) else args[at + 1]
    if not _INTERPRETERS.fullmatch(program):
        return None
    script = _script(args)
    if script is None or "${" in script or not ("/" in script or "\\" in script or _SCRIPT.fullmatch(script)):
        return None
    path = cwd / script
    try:
        there = path.exists() or any(
            path.with_name(path.name + end).exists() for end in (".js", ".mjs", ".cjs")
        )
    except (OSError, ValueError):
        return None
    return None if there else script


def _script(args: Sequence[str]) -> str | None:
    words = iter(args)
    for word in words:
        if word in _CODE:
            return None
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None
