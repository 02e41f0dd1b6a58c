"""Servers to start in tests: real ones from npm and PyPI, installed once a machine, and hostile ones written here."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import textwrap
import venv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from recovery.lock import locked
from tests.support.lab import require
from tests.support.platforms import lacking

NPM = {
    "github": (
        "@modelcontextprotocol/server-github@2025.4.8",
        "@modelcontextprotocol/server-github/dist/index.js",
    ),
    "slack": (
        "@modelcontextprotocol/server-slack@2025.4.25",
        "@modelcontextprotocol/server-slack/dist/index.js",
    ),
    "brave": (
        "@modelcontextprotocol/server-brave-search@0.6.2",
        "@modelcontextprotocol/server-brave-search/dist/index.js",
    ),
}
PYPI = "mcp-server-time==2026.10.19"
_SECONDS = 300


def cache() -> Path:
    """Where the servers are kept between runs."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "mcp-doctor-tests"


@contextlib.contextmanager
def _once(name: str) -> Iterator[Path | None]:
    """The folder to install into, or None when it is ready; other processes wait until the first is done."""
    folder = cache() / name
    folder.mkdir(parents=True, exist_ok=True)
    with locked(cache() / f"{name}.lock", 2 * _SECONDS):
        ready = folder / "ready"
        if ready.exists():
            yield None
            return
        yield folder
        ready.touch()


def _install(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        said = f"{what} could not be installed: {done.stderr[-500:]}"
        lacking(said)


def install_npm(name: str, packages: Sequence[str]) -> None:
    """Installs packages from npm into this folder of the cache, once a machine; none of their scripts runs."""
    with _once(name) as folder:
        if folder is not None:
            options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            _install(["npm", "install", "--prefix", str(folder), *options, *packages], ", ".join(packages))


@pytest.fixture(scope="session")
def npm_server() -> Callable[[str], list[str]]:
    """The command that starts a real server from npm (`github`, `slack`, `brave`)."""
    require("node", "npm")
    install_npm("npm-1", [package for package, _ in NPM.values()])
    modules = cache() / "npm-1/node_modules"
    node = shutil.which("node") or "node"
    return lambda name: [node, str(modules / NPM[name][1])]


@pytest.fixture(scope="session")
def pypi_server() -> list[str]:
    """The command that starts a real server from PyPI, in a virtual environment of its own."""
    with _once("pypi-2") as folder:
        if folder is not None:
            venv.create(folder, with_pip=True, clear=False)
            _install([str(folder / "bin/python"), "-m", "pip", "install", "--quiet", PYPI], PYPI)
    return [str(cache() / "pypi-2/bin/mcp-server-time")]


BARE_NPM = {
    "linear": "linear-mcp-server@0.1.0",
    "datadog": "@winor30/mcp-server-datadog@1.8.0",
    "brave": "@brave/brave-search-mcp-server@2.1.4",
    "airtable": "airtable-mcp-server@1.14.0",
    "shortcut": "@shortcut/mcp@0.25.0",
}
BARE_PYPI = {
    "elevenlabs": "elevenlabs-mcp==0.12.2",
    "clickhouse": "mcp-clickhouse==0.7.0",
    "qdrant": "mcp-server-qdrant==0.8.1",
}


@pytest.fixture(scope="session")
def bare_packages() -> Path:
    """Real packages to be read, not run: without what they depend on, as npm and uv lay them out.

    Out: a folder with `node_modules` and `uv/tools/NAME`.
    """
    require("node", "npm")
    with _once("bare-1") as folder:
        if folder is not None:
            for package in BARE_NPM.values():
                options = ["--pack-destination", str(folder), "--loglevel=error"]
                _install(["npm", "pack", *options, package], package)
            for archive in folder.glob("*.tgz"):
                _unpack(archive, folder / "node_modules")
            for package in BARE_PYPI.values():
                site = folder / "uv/tools" / package.partition("=")[0] / "lib/python3.11/site-packages"
                options = ["--quiet", "--no-deps", "--ignore-requires-python", "--target", str(site)]
                _install([sys.executable, "-m", "pip", "install", *options, package], package)
    return cache() / "bare-1"


def _unpack(archive: Path, modules: Path) -> None:
    with tarfile.open(archive) as tar:
        manifest = next(
            each for each in tar.getnames() if each.count("/") == 1 and each.endswith("package.json")
        )
        content = tar.extractfile(manifest)
        name = json.load(content)["name"] if content else archive.stem
        # Python takes the filter since 3.11.4; Debian 12 has an earlier one.
        safely: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        tar.extractall(modules / f"{name}.unpacked", **safely)
    (modules / f"{name}.unpacked" / manifest.partition("/")[0]).rename(modules / name)


_ANSWER = """
    import json, os, subprocess, sys, time

    def read():
        line = sys.stdin.readline()
        return json.loads(line) if line else None

    def write(message):
        sys.stdout.write(json.dumps(message) + "\\n")
        sys.stdout.flush()

    def initialize(protocol="2025-06-18", name="fake", **more):
        message = read()
        write({"jsonrpc": "2.0", "id": message["id"], "result": {
            "protocolVersion": protocol, "capabilities": {}, "serverInfo": {"name": name, "version": "1.2.3"}, **more}})
        return message

    def tools(count=2):
        message = read()
        while message and message.get("method") != "tools/list":
            message = read()
        if message:
            write({"jsonrpc": "2.0", "id": message["id"], "result": {"tools": [{"name": str(n)} for n in range(count)]}})

    def wait():
        while sys.stdin.readline():
            pass
"""


@pytest.fixture
def fake_server(tmp_path: Path) -> Callable[[str], list[str]]:
    """Makes a server out of a piece of Python; `read`, `write`, `initialize`, `tools` and `wait` are at hand."""

    def make(body: str) -> list[str]:
        script = tmp_path / f"server{len(list(tmp_path.glob('server*.py')))}.py"
        script.write_text(textwrap.dedent(_ANSWER) + "\n" + textwrap.dedent(body), encoding="utf-8")
        return [sys.executable, "-u", str(script)]

    return make
