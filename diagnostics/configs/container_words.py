"""Which variables a command line hands on into a container: `docker run -e NAME`, `--env NAME=value`, `--env-file`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

TOOLS = {"docker", "podman", "nerdctl", "docker.exe", "podman.exe"}
_VARIABLE = re.compile(r"[A-Za-z_]\w*")
_INLINE = re.compile(r"(?:--env=|-e=?)([A-Za-z_]\w*)(=.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ContainerVariables:
    """What a container is given."""

    tool: str
    by_name: dict[int, str]
    """Place in the arguments -> a variable handed on without a value, which comes from outside."""
    names: frozenset[str]
    """All variables it gets."""
    has_file: bool
    """Further ones are in a file."""


def container_variables(command: str | None, words: Sequence[str]) -> ContainerVariables | None:
    """What `docker run` and its kin are told; None when the command line starts no container that way."""
    every = [command or "", *words]
    tool = next((n for n, word in enumerate(every) if re.split(r"[/\\]", word)[-1] in TOOLS), None)
    if tool is None or "run" not in every[tool + 1 :]:
        return None
    by_name: dict[int, str] = {}
    names: set[str] = set()
    for number in range(tool, len(words)):
        word, before = words[number], words[number - 1] if number else ""
        if before in {"-e", "--env"}:
            name, equals, _ = word.partition("=")
            if _VARIABLE.fullmatch(name):
                names.add(name)
                if not equals:
                    by_name[number] = name
        elif (inline := _INLINE.fullmatch(word)) and word != "--env":
            names.add(inline[1])
            if inline[2] is None:
                by_name[number] = inline[1]
    has_file = any(word.startswith("--env-file") for word in words)
    return ContainerVariables(re.split(r"[/\\]", every[tool])[-1], by_name, frozenset(names), has_file)
