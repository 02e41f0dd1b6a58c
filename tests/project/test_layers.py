"""The walls of the house: who may import whom, and what stays unloaded."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_imports_go_one_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
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
