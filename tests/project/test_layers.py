"""The walls of the house: who may import whom, and what stays unloaded."""

import ast
import graphlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_imports_go_one_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _modules() -> dict[str, Path]:
    found = {}
    for top in ("diagnostics", "recovery", "tui"):
        for path in (ROOT / top).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports(path: Path) -> Iterator[str]:
    """What a module imports from others when it runs, in functions too; not what only its types name."""
    tree = ast.parse(path.read_text("utf-8"))
    for_types = {
        each
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and isinstance(test.test, ast.Name) and test.test.id == "TYPE_CHECKING"
        for each in ast.walk(test)
    }
    for each in ast.walk(tree):
        if isinstance(each, ast.ImportFrom) and each not in for_types:
            yield from (f"{each.module}.{name.name}" for name in each.names)


def test_no_module_needs_one_that_needs_it() -> None:
    modules = _modules()
    needed = {}
    for name, path in modules.items():
        found = {each if each in modules else each.rpartition(".")[0] for each in _imports(path)}
        needed[name] = found & modules.keys()
    graphlib.TopologicalSorter(needed).prepare()  # raises CycleError, which names the circle


def loaded_after(statement: str, env: Mapping[str, str] | None = None) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT if env is None else env["HOME"],
        env=None if env is None else {**env, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.split())


def test_looking_and_touching_leave_the_screen_library_unloaded() -> None:
    loaded = loaded_after(
        "import pkgutil, importlib, diagnostics, recovery\n"
        "for package in (diagnostics, recovery):\n"
        "    for each in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        importlib.import_module(each.name)"
    )
    assert "diagnostics.runner" in loaded
    assert "textual" not in loaded


@pytest.mark.parametrize(
    "heavy", ["argparse", "textual", "rich", "requests", "keyring", "tomllib", "json", "jeepney"]
)
def test_the_version_is_told_without_loading_what_is_heavy(heavy: str) -> None:
    loaded = loaded_after("from tui.cli import main\nmain(['--version'])")
    assert heavy not in loaded


@pytest.mark.parametrize("heavy", ["argparse", "textual", "rich", "requests", "keyring", "tomllib"])
def test_the_launcher_loads_none_of_what_it_does_not_need(heavy: str) -> None:
    loaded = loaded_after("import tui.cli, recovery.launcher")
    assert heavy not in loaded


_A_SERVER = '{"mcpServers": {"one": {"command": "true", "env": {"GITHUB_TOKEN": "${SECRET:github_token}"}}}}'
_NOT_FOR_A_SERVER = {
    "requests", "urllib3", "ssl", "http.client", "email", "logging", "yaml", "xml.parsers.expat", "sqlite3", "hvac", "boto3",
    "botocore", "keyring", "secretstorage", "cryptography", "textual", "rich", "diagnostics.bundles.extension",
    "diagnostics.checks.remote", "diagnostics.oauth.kept_logins", "diagnostics.connections.flaw",
    "diagnostics.servers.launch", "diagnostics.servers.remote", "diagnostics.providers.http", "diagnostics.managers.vault",
    "diagnostics.managers.aws", "recovery.entries", "recovery.login.endpoint", "recovery.salvage.salvage",
}  # fmt: skip
_NOT_FOR_NOTHING = _NOT_FOR_A_SERVER | {
    "diagnostics.references", "diagnostics.configs.entry", "diagnostics.catalog.providers", "diagnostics.plain.held",
    "diagnostics.servers.needs.known", "diagnostics.servers.program", "diagnostics.tokens.hygiene", "diagnostics.explain",
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "heavy"),
    [(None, _NOT_FOR_NOTHING), (_A_SERVER, _NOT_FOR_A_SERVER)],
    ids=["empty", "one server"],
)
def test_a_check_loads_only_what_its_subjects_need(
    tmp_path: Path, config: str | None, heavy: set[str]
) -> None:
    if config is not None:
        (tmp_path / ".cursor").mkdir()
        (tmp_path / ".cursor/mcp.json").write_text(config)
    loaded = loaded_after(
        "import contextlib, io\nfrom tui.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n    main(['check', '--offline'])",
        {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert "diagnostics.runner" in loaded
    assert heavy & loaded == set()


def test_what_is_not_loaded_is_there() -> None:
    """So that a renamed room does not pass unseen."""
    own = [each for each in sorted(_NOT_FOR_NOTHING) if each.startswith(("diagnostics.", "recovery."))]
    assert [each for each in own if importlib.util.find_spec(each) is None] == []
