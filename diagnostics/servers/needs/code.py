"""What a server's own code reads: the files of one package, within limits, without running anything."""

import os
import re
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from diagnostics.servers.needs.need import Knowledge, Need, Source, is_of_the_system, merged

SECONDS = 1.5
"""For one package."""
_MOST_FILES = 500
_MOST_BYTES = 8 * 1024 * 1024
_LARGEST = 4 * 1024 * 1024
_MOST_ENTRIES = 5000
"""Entries of folders that are looked at before the walk ends."""
_SKIPPED = {
    "node_modules", "vendor", "test", "tests", "__tests__", "__pycache__", "docs", "doc", "examples", "example", "fixtures",
    "benchmarks", "scripts", "coverage", "evals", "site-packages", "venv", "env", "static", "public", "widgets", "web", "migrations",
}  # fmt: skip
_BUILT = {".js", ".mjs", ".cjs", ".py"}
_TYPESCRIPT = {".ts", ".mts", ".cts"}
_NOT_THE_SERVER = re.compile(
    r"[._-](?:test|spec|stories|d|setup)\.|^(?:test[_-]|conftest|setup\.py)|^(?:eslint|jest|vite|vitest|rollup|tsup|webpack)\b|\.min\."
)


_OF_ONE_MODE = re.compile(r"(?:^|[/_-])(?:https?|sse|streamable|oauth|stateless)(?:[-_./]|$)", re.IGNORECASE)
"""Files for another transport or way to log in: what they insist on is not asked of a server that speaks on stdio."""
_TELLING = re.compile(
    r"_(?:KEY|TOKEN|SECRET|PASSWORD|PASS|PAT|URL|URI|DSN|HOST|ID|NAME|EMAIL|USER|USERNAME|CREDENTIALS|DOMAIN|SITE|REGION|OAUTH|PATH)$"
)
"""How names of variables end; quoted capitals of other endings are as likely codes and states."""


def read_code(folder: Path, files: Sequence[Path] | None = None) -> Knowledge:
    """The variables that a package reads, and those it seems to insist on.

    In: the package's folder, and its files where it does not own all of the folder (a Python distribution).
    Links are not followed, and neither dependencies nor tests are read. Out: `whole` is False when a limit was met,
    or part of the names can't be told. Never raises for what is in the files.
    """
    from diagnostics.servers.needs import javascript, python

    ends = time.monotonic() + SECONDS
    texts, whole = _texts(folder, files, ends)
    reads: dict[str, str] = {}
    needs: list[Need] = []
    for where, text in texts.items():
        if time.monotonic() > ends:
            whole = False
            break
        one = python.read_file(text, where) if where.endswith(".py") else javascript.read_file(text, where)
        for name, place in one.reads.items():
            reads.setdefault(name, place)
        needs += [] if _OF_ONE_MODE.search(where) else one.needs
        whole = whole and not one.loose
    if not whole:
        for where, text in texts.items():
            if not where.endswith(".py"):
                for name, place in javascript.quoted_names(text, where):
                    if _TELLING.search(name):
                        reads.setdefault(name, place)
    own: Collection[str] = {name for name in reads if not is_of_the_system(name)}
    for where, text in texts.items():
        if time.monotonic() > ends:
            whole = False
            break
        if not where.endswith(".py") and not _OF_ONE_MODE.search(where):
            needs += javascript.complaints(text, where, own)
    return Knowledge(
        merged(
            Need(each.choices, Source.CODE, f"{folder.name}/{each.evidence}", each.options)
            for each in needs
            if not any(map(is_of_the_system, each.names))
        ),
        {name: f"{folder.name}/{place}" for name, place in reads.items() if name in own},
        whole and bool(texts),
    )


def _texts(folder: Path, files: Sequence[Path] | None, ends: float) -> tuple[dict[str, str], bool]:
    """The files' texts by their place below the folder, and whether these are all."""
    texts: dict[str, str] = {}
    size = 0
    for path in _walk(folder) if files is None else files:
        if len(texts) >= _MOST_FILES or size >= _MOST_BYTES or time.monotonic() > ends:
            return texts, False
        text = _text(path)
        if text is None:
            return texts, False
        size += len(text)
        texts[path.relative_to(folder).as_posix()] = text
    return texts, True


def _walk(folder: Path) -> Iterator[Path]:
    """The code files of a folder, the shallow ones first; TypeScript only where there is nothing built from it."""
    typescript: list[Path] = []
    level = [folder]
    seen = 0
    built = False
    while level:
        below: list[Path] = []
        for each in level:
            try:
                entries = sorted(os.scandir(each), key=lambda one: one.name)
            except OSError:
                continue
            for entry in entries:
                seen += 1
                if seen > _MOST_ENTRIES:
                    return
                if entry.is_symlink():
                    continue
                ending = Path(entry.name).suffix
                if entry.is_dir():
                    if entry.name.casefold() not in _SKIPPED and not entry.name.startswith("."):
                        below.append(Path(entry.path))
                elif _NOT_THE_SERVER.search(entry.name):
                    continue
                elif ending in _BUILT:
                    built = True
                    yield Path(entry.path)
                elif ending in _TYPESCRIPT:
                    typescript.append(Path(entry.path))
        level = below
    if not built:
        yield from typescript


def _text(path: Path) -> str | None:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None
