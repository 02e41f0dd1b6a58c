"""Whether a command line starts our launcher, `mcp-doctor run`, directly or by way of uvx, pipx or Python."""

import itertools
import re

_DOCTOR = re.compile(r"mcp-(?:credential-)?doctor(?:\.exe)?")


def starts_launcher(command: str | None, args: list[str]) -> bool:
    """Whether a command line is `mcp-doctor run ...`, directly or by way of uvx, pipx or `python -m tui`."""
    return launcher_at(command, args) is not None


def launcher_at(command: str | None, args: list[str]) -> int | None:
    """Where in `args` the word `run` of our launcher stands; None when the command is another."""
    if command is None:
        return None
    words = [command, *args]
    starter = re.split(r"[/\\]", command)[-1]
    if _DOCTOR.fullmatch(starter):
        at = 0
    elif starter.removesuffix(".exe") in {"uvx", "pipx", "uv"}:
        at = next((number for number, word in enumerate(words[1:8], 1) if _DOCTOR.fullmatch(word)), -1)
        if at < 0 or (at + 1 < len(words) and _DOCTOR.fullmatch(words[at + 1])):
            at += 1
        if at <= 0:
            return None
    elif re.fullmatch(r"(?:python|py)[0-9.]*(?:\.exe)?", starter):
        pairs = itertools.pairwise(words[1:6])
        at = next((n for n, pair in enumerate(pairs, 2) if pair in {("-m", "tui"), ("-m", "tui.cli")}), -1)
        if at < 0:
            return None
    else:
        return None
    run = next((n for n, word in enumerate(words[at + 1 : at + 8], at + 1) if word == "run"), None)
    return None if run is None else run - 1
