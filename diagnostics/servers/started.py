"""What a command line starts in the end: a package of a registry, a script, a module, an image or a program."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from diagnostics.catalog import read

_VERSION = re.compile(r"(?<=.)(?:@[^/]*|(?:[=<>~!]=|[<>]).*)$")
_EXTRAS = re.compile(r"\[[^\]]*\]$")
_SCRIPT = re.compile(r"\.(?:[cm]?[jt]s|py)$")
_INTERPRETERS = re.compile(r"(?:node|nodejs|tsx|ts-node|bun|deno|python[\d.]*|pythonw|py)")


@dataclass(frozen=True, slots=True)
class Started:
    """One program as its registry or place names it."""

    kind: str
    """`npm`, `pypi`, `script`, `module`, `project`, `image`, `program`, or `other` where nothing can be told."""
    name: str
    """Without a version: the package, the path, the module, the image or the command."""
    variables: Mapping[str, str] = field(repr=False)
    """What the command line itself sets (`env NAME=value server`)."""
    wrapper: str = ""
    """A program on the way that puts variables in (`op run`), or a shell that may; "" for none."""


def started_by(command: str, args: Sequence[str]) -> Started:
    """What is behind runners such as npx and wrappers such as `env`. Looks at the words alone."""
    words = [command, *args]
    variables: dict[str, str] = {}
    wrapper = ""
    for _ in range(6):
        program = _program(words[0])
        if program == "env":
            words = _after_env(words[1:], variables)
        elif program == "cmd" and len(words) > 2 and words[1].casefold() in {"/c", "/s", "/d"}:
            words = [word for word in words[1:] if word.casefold() not in {"/c", "/s", "/d"}]
        elif program in _rows()["plain_wrappers"]:
            words = words[1:]
        elif program in _rows()["wrappers"]:
            wrapper = wrapper or program
            rest = words[words.index("--") + 1 :] if "--" in words else []
            words = rest
        else:
            break
        if not words:
            return Started("program", wrapper or command, variables, wrapper or program)
    kind, name = _behind(words)
    return Started(kind, name, variables, wrapper)


@cache
def _rows() -> Mapping[str, Any]:
    return read("runners.toml")


def _program(word: str) -> str:
    return re.split(r"[\\/]", word)[-1].casefold().removesuffix(".exe").removesuffix(".cmd")


def _after_env(words: Sequence[str], variables: dict[str, str]) -> list[str]:
    rest = list(words)
    while rest and ("=" in rest[0] or rest[0].startswith("-")):
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if equals and not name.startswith("-"):
            variables[name] = value
        elif word in {"-u", "-C"} and rest:
            rest.pop(0)
    return rest


def _behind(words: Sequence[str]) -> tuple[str, str]:
    program, rest = _program(words[0]), list(words[1:])
    for row in _rows()["runner"]:
        starts = [each for each in row["starts"] if each.split() == [program, *rest[: len(each.split()) - 1]]]
        if starts:
            skipped = len(max(starts, key=len).split()) - 1
            found = _package(rest[skipped:], row)
            return (row["registry"], found) if found else ("other", words[0])
    if program == "uv" and "run" in rest:
        return _of_uv_run(rest)
    if _INTERPRETERS.fullmatch(program):
        return _of_interpreter(program, rest)
    if program in {"docker", "podman", "nerdctl"} and "run" in rest:
        image = _positional(rest[rest.index("run") + 1 :], set(_rows()["docker_with_value"]))
        return "image", re.sub(r"@sha256:.*$|:[^/:]*$", "", image or "")
    return ("script", words[0]) if _SCRIPT.search(words[0]) else ("program", words[0])


def _package(words: Sequence[str], row: Mapping[str, Any]) -> str:
    named = ""
    for at, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option in row["package_options"]:
            named = value if equals else words[at + 1] if at + 1 < len(words) else ""
            break
        if not word.startswith("-"):
            break
    named = named or _positional(words, set(row["with_value"])) or ""
    if re.match(r"(?:git\+|https?:|file:|\.{0,2}/)|^[\w-]+:[\w-]+/", named):
        return ""
    return _EXTRAS.sub("", _VERSION.sub("", named))


def _positional(words: Sequence[str], with_value: set[str]) -> str | None:
    rest = iter(words)
    for word in rest:
        if word in with_value:
            next(rest, None)
        elif not word.startswith("-"):
            return word
    return None


def _of_uv_run(words: Sequence[str]) -> tuple[str, str]:
    folder = next(
        (words[at + 1] for at, word in enumerate(words[:-1]) if word in {"--directory", "--project"}), "."
    )
    run = words[list(words).index("run") + 1 :]
    with_value = set(_rows()["uv_run_with_value"])
    inner = _positional(run, with_value)
    if inner and _INTERPRETERS.fullmatch(_program(inner)):
        return _of_interpreter(_program(inner), run[list(run).index(inner) + 1 :])
    if inner and _SCRIPT.search(inner):
        return "script", inner if folder == "." or inner.startswith("/") else f"{folder}/{inner}"
    return "project", folder


def _of_interpreter(program: str, words: Sequence[str]) -> tuple[str, str]:
    if program.startswith("py") and "-m" in words[:-1]:
        return "module", words[list(words).index("-m") + 1]
    words = words[1:] if program in {"deno", "bun"} and words and words[0] == "run" else words
    script = _positional(words, {"-r", "--require", "--import", "--loader", "-W", "-X", "--env-file"})
    return ("script", script) if script and not {"-e", "-c", "--eval"} & set(words) else ("other", program)
