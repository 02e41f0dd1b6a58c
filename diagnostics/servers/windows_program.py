"""How Windows finds a program: by the endings of PATHEXT, whatever the case, and never a file without one."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_ENDINGS = ".COM;.EXE;.BAT;.CMD"
"""What PATHEXT begins with on every Windows, for an environment that lacks it."""


def variable(env: Mapping[str, str], name: str) -> str | None:
    """A variable's value: on Windows `Path` is `PATH`. The last one set counts."""
    found = [value for each, value in env.items() if each.upper() == name.upper()]
    return found[-1] if found else None


def find_program(command: str, folders: Iterable[str | Path], env: Mapping[str, str]) -> Path | None:
    """The file that is started for a command, None where there is none. Beside `npx.cmd` lies a `npx`, which is none."""
    endings = [each for each in (variable(env, "PATHEXT") or _ENDINGS).lower().split(";") if each]
    wanted = (
        [command] if Path(command).suffix.lower() in endings else [f"{command}{each}" for each in endings]
    )
    for folder in folders:
        there = _files(Path(folder))
        for each in wanted:
            name = there.get(each.lower())
            if name is not None:
                return Path(folder) / name
    return None


def folders_of(path: str) -> list[str]:
    """The folders of a PATH; one may stand in quotes."""
    return [bare for each in path.split(";") if (bare := each.strip().strip('"'))]


def _files(folder: Path) -> Mapping[str, str]:
    """The names in a folder by their lower case, as Windows compares them."""
    try:
        with os.scandir(folder) as found:
            return {each.name.lower(): each.name for each in found if not each.is_dir()}
    except (OSError, ValueError):
        return {}
