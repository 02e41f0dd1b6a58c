"""Where the files of a started package are on this host, found without running anything or asking a registry."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.providers.once import Once
from diagnostics.servers.program import look_up
from diagnostics.servers.started import Started

_MOST = 200
"""Places of one kind (caches of npx, files of a folder) that are looked at."""
_LARGEST = 512 * 1024
_UP = 6


@dataclass(frozen=True, slots=True)
class Package:
    """Files on this host."""

    name: str
    """As its registry or its folder names it."""
    folder: Path
    files: tuple[Path, ...] | None = None
    """Its own code, where others' stands in the folder as well; None = all code in the folder is its own."""


Folders = Once[tuple[str, Path], tuple[Path, ...]]
"""What one run has found of the places where packages are, by kind and working folder."""


def installed(
    started: Started, env: Mapping[str, str], cwd: Path, host: Host, folders: Folders
) -> Package | None:
    """The package behind a command line, None where it is not on this host or is no code that can be read.

    In: the environment and the folder that it would be started in; `folders` to remember places for the next
    question. Never raises for what the host holds.
    """
    try:
        match started.kind:
            case "npm":
                return _of_npm(started.name, env, cwd, host, folders)
            case "pypi":
                return _of_pypi(started.name, env, host, folders)
            case "script":
                return _of_script(cwd / Path(started.name).expanduser(), host)
            case "module":
                return _of_module(started.name, env, cwd, host)
            case "project":
                return _of_folder(cwd / Path(started.name).expanduser(), host)
            case "program":
                return _of_program(started.name, env, cwd, host)
            case _:
                return None
    except (OSError, ValueError, RuntimeError):
        return None


# ── Node ────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_npm(name: str, env: Mapping[str, str], cwd: Path, host: Host, folders: Folders) -> Package | None:
    if not re.fullmatch(r"(?:@[\w.-]+/)?[\w.-]+", name) or name in {".", ".."}:
        return None
    places = folders.get(("npm", cwd), lambda: _there(_node_modules(env, cwd, host)))
    for modules in places:
        folder = modules / name
        if (folder / "package.json").is_file():
            return Package(name, folder.resolve())
    return None


def _there(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(each for each in dict.fromkeys(paths) if each.is_dir())


def _node_modules(env: Mapping[str, str], cwd: Path, host: Host) -> Iterator[Path]:
    """Where npx and its likes look and keep, the likeliest first."""
    yield from (folder / "node_modules" for folder in [cwd, *cwd.parents][:_UP])
    windows = host.platform is Platform.WINDOWS
    local = Path(env.get("LOCALAPPDATA") or host.home / "AppData/Local")
    cache = env.get("npm_config_cache") or env.get("NPM_CONFIG_CACHE")
    caches = Path(cache) if cache else local / "npm-cache" if windows else host.home / ".npm"
    yield from _newest(caches / "_npx", "*/node_modules")
    node = look_up("node", env, cwd, host).path
    if node is not None:
        yield node.resolve().parent.parent / "lib/node_modules"
        yield node.parent.parent / "lib/node_modules"
    for place in (
        ".npm-global/lib/node_modules",
        ".npm-packages/lib/node_modules",
        ".bun/install/global/node_modules",
    ):
        yield host.home / place
    yield Path("/usr/local/lib/node_modules")
    yield Path("/usr/lib/node_modules")
    if windows:
        yield Path(env.get("APPDATA") or host.home / "AppData/Roaming") / "npm/node_modules"
    yield from _newest(host.home / ".cache/pnpm/dlx", "*/pkg/node_modules")


def _of_script(path: Path, host: Host) -> Package | None:
    if not path.is_file():
        path = next(
            (
                path.with_name(path.name + end)
                for end in (".js", ".mjs", ".cjs")
                if path.with_name(path.name + end).is_file()
            ),
            path,
        )
    if not path.is_file():
        return None
    path = path.resolve()
    markers = ("pyproject.toml", "setup.py") if path.suffix == ".py" else ("package.json",)
    for folder in list(path.parents)[:_UP]:
        if _is_too_wide(folder, host):
            break
        if any((folder / marker).is_file() for marker in markers):
            return Package(_name_in(folder) or folder.name, folder)
    return Package(path.name, path.parent, (path,))


def _name_in(folder: Path) -> str:
    manifest = folder / "package.json"
    if not manifest.is_file() or manifest.stat().st_size > _LARGEST:
        return ""
    try:
        data = json.loads(manifest.read_text(encoding="utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return ""
    name = data.get("name") if isinstance(data, dict) else None
    return name if isinstance(name, str) else ""


def _is_too_wide(folder: Path, host: Host) -> bool:
    """Whether a folder holds much that has nothing to do with one server: a home, the root, a temporary folder."""
    return (
        folder == host.home
        or folder in host.home.parents
        or folder == Path(folder.anchor)
        or len(folder.parts) < 3
    )


# ── Python ──────────────────────────────────────────────────────────────────────────────────────────────────


def _of_pypi(name: str, env: Mapping[str, str], host: Host, folders: Folders) -> Package | None:
    wanted = _normal(name)
    if not wanted:
        return None
    for site in _sites_of(wanted, env, host, folders):
        found = _distribution(site, wanted)
        if found is not None:
            return found
    return None


def _sites_of(name: str, env: Mapping[str, str], host: Host, folders: Folders) -> Iterator[Path]:
    """Folders that may hold a distribution: uv's cache and tools, and pipx's environments."""
    windows = host.platform is Platform.WINDOWS
    local = Path(env.get("LOCALAPPDATA") or host.home / "AppData/Local")
    roaming = Path(env.get("APPDATA") or host.home / "AppData/Roaming")
    cache = Path(env.get("XDG_CACHE_HOME") or host.home / ".cache") / "uv"
    cache = Path(env["UV_CACHE_DIR"]) if env.get("UV_CACHE_DIR") else local / "uv/cache" if windows else cache
    data = Path(env.get("XDG_DATA_HOME") or host.home / ".local/share")
    tools = (
        Path(env["UV_TOOL_DIR"])
        if env.get("UV_TOOL_DIR")
        else roaming / "uv/tools"
        if windows
        else data / "uv/tools"
    )
    yield from _sites(tools / name)
    pipx = (
        [Path(env["PIPX_HOME"])]
        if env.get("PIPX_HOME")
        else [data / "pipx", host.home / ".local/pipx", host.home / "pipx"]
    )
    for each in pipx:
        yield from _sites(each / "venvs" / name)
    for wheels in folders.get(("uv", cache), lambda: tuple(_newest(cache, "wheels-v*"))):
        for wheel in _newest(wheels / "pypi" / name, "*"):
            if wheel.is_dir() and wheel.resolve().is_relative_to(cache.resolve()):
                yield wheel.resolve()


def _sites(environment: Path) -> Iterator[Path]:
    yield from sorted(environment.glob("lib/python3*/site-packages"))[:5]
    if (environment / "Lib/site-packages").is_dir():
        yield environment / "Lib/site-packages"


def _distribution(site: Path, name: str) -> Package | None:
    """A distribution by its name, with the Python files that its RECORD lists."""
    for info in list(site.glob("*.dist-info"))[: _MOST * 5]:
        if _normal(info.name.removesuffix(".dist-info").partition("-")[0]) != name:
            continue
        record = info / "RECORD"
        if not record.is_file() or record.stat().st_size > _LARGEST * 4:
            return None
        with record.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = [row[0] for row in csv.reader(file) if row]
        files = [site / row for row in rows if row.endswith(".py") and _stays_inside(row)]
        return Package(name, site, tuple(files[: _MOST * 5]))
    return None


def _stays_inside(row: str) -> bool:
    path = PurePosixPath(row)
    return not path.is_absolute() and ".." not in path.parts and not {"tests", "test"} & set(path.parts)


def _of_module(name: str, env: Mapping[str, str], cwd: Path, host: Host) -> Package | None:
    top = name.partition(".")[0]
    if not top.isidentifier():
        return None
    python = look_up("python3", env, cwd, host).path
    places = [cwd, cwd / "src"]
    places += [] if python is None else _sites(python.parent.parent)
    places += _sites(Path(env["VIRTUAL_ENV"])) if env.get("VIRTUAL_ENV") else []
    places += [*_sites(host.home / ".local"), *_sites(cwd / ".venv"), *_sites(cwd / "venv")]
    for place in places:
        if (place / top).is_dir():
            return Package(top, (place / top).resolve())
    return None


def _of_folder(folder: Path, host: Host) -> Package | None:
    folder = folder.resolve()
    if not folder.is_dir() or _is_too_wide(folder, host):
        return None
    if not any((folder / each).is_file() for each in ("pyproject.toml", "setup.py", "package.json")):
        return None
    return Package(_name_in(folder) or folder.name, folder)


# ── programs on the PATH ────────────────────────────────────────────────────────────────────────────────────


def _of_program(command: str, env: Mapping[str, str], cwd: Path, host: Host) -> Package | None:
    """A program that a package manager made: a link into a package of Node, or a script of a Python environment."""
    path = look_up(command, env, cwd, host).path
    if path is None or not path.is_file():
        return None
    real = path.resolve()
    with real.open("rb") as file:
        first = file.readline(300)
    if not first.startswith(b"#!"):
        return None
    if b"node" in first or real.suffix in {".js", ".mjs", ".cjs"}:
        return _of_script(real, host)
    if b"python" not in first:
        return None
    for site in _sites(real.parent.parent):
        found = _distribution(site, _normal(real.name)) or _by_entry_point(site, real.name)
        if found is not None:
            return found
    return _of_script(real, host) if real.suffix == ".py" else None


def _by_entry_point(site: Path, script: str) -> Package | None:
    line = re.compile(rf"^{re.escape(script)}\s*=", re.MULTILINE)
    for points in list(site.glob("*.dist-info/entry_points.txt"))[: _MOST * 5]:
        if points.stat().st_size < _LARGEST and line.search(
            points.read_text(encoding="utf-8", errors="replace")
        ):
            return _distribution(
                site, _normal(points.parent.name.removesuffix(".dist-info").partition("-")[0])
            )
    return None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).casefold().strip("-")


def _newest(folder: Path, pattern: str) -> list[Path]:
    """Matches below a folder, the youngest first; nothing where it can't be read."""
    try:
        found = [(each.stat().st_mtime, each) for each in folder.glob(pattern)]
    except OSError:
        return []
    return [each for _, each in sorted(found, key=lambda one: one[0], reverse=True)[:_MOST]]
