"""What the README says is proven is proven by a test that is there, and runs where it says."""

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.support.platforms import MARKS
from tests.support.proofs import LEVELS, README, ROOT, groups, readme_with, table

ROWS = [row for group in groups() for row in group["row"]]
HERE = {"real", "kin", "recorded"}
NAMED_BY_THE_SEED = (
    "mcp-secrets-plugin",
    "mcpauth",
    "keytar",
    "Auth0",
    "Desktop extensions",
    "macOS Keychain",
    "Windows Credential Manager",
    "Secret Service: GNOME Keyring",
    "KWallet",
    "KeePassXC",
    "Kernel keyring",
    "Containers, WSL",
)


def named_tests(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]


def is_for_one_system(path: Path) -> bool:
    """Whether the whole module carries a mark of a system that is not Linux."""
    text = path.read_text(encoding="utf-8")
    return any(f"pytestmark = pytest.mark.{mark}" in text for mark in MARKS if mark != "platform_linux")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_row_names_tests_that_are_there_and_prove_it_where_it_says(row: dict[str, Any]) -> None:
    assert set(row) == {"name", "looking", "mending", "on", "tests"}
    assert {row["looking"], row["mending"]} <= set(LEVELS)
    assert row["tests"]
    for each in row["tests"]:
        assert named_tests(ROOT / each), each
    elsewhere = [is_for_one_system(ROOT / each) for each in row["tests"]]
    if {row["looking"], row["mending"]} & HERE:
        assert not any(elsewhere), "these tests do not run here"
    if "waiting" in {row["looking"], row["mending"]}:
        assert all(elsewhere), "tests that wait for a system carry its mark"


@pytest.mark.parametrize("name", NAMED_BY_THE_SEED)
def test_every_system_that_was_promised_has_its_row(name: str) -> None:
    assert any(name in row["name"] for row in ROWS)


def test_tests_for_one_system_are_told_to_wait() -> None:
    told = {each for row in ROWS for each in row["tests"] if "waiting" in {row["looking"], row["mending"]}}
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("test_*.py")
        if is_for_one_system(path)
    }
    assert found <= told, "name them in tests/proofs.toml"


def test_the_readme_shows_what_the_proofs_say() -> None:
    """Where it does not: python -m tests.support.proofs."""
    assert readme_with(table()) == README.read_text(encoding="utf-8")


def test_the_legend_explains_every_level() -> None:
    legend = README.read_text(encoding="utf-8").partition("## What is proven where")[2].partition("<!--")[0]
    for level in LEVELS.values():
        assert f"| {level} |" in legend
