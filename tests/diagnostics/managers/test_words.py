"""Every trouble that a manager can name has words, and its cause is in the vocabulary."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import diagnostics.managers
from diagnostics.catalog.causes import causes
from diagnostics.catalog.wording import wording
from diagnostics.managers import aws, find
from diagnostics.managers.network import _TROUBLES
from diagnostics.model import Syntax

FOLDER = Path(diagnostics.managers.__file__).parent
SYNTAXES = (Syntax.KEYTAR, Syntax.VAULT, Syntax.AWS)


def troubles(path: Path) -> Iterator[tuple[str, str | None]]:
    """Outcome and cause of every Trouble that a source makes with its name written out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Trouble"):
            continue
        outcome, *more = [each.value if isinstance(each, ast.Constant) else None for each in node.args[:2]]
        if isinstance(outcome, str):
            yield outcome, more[0] if more and isinstance(more[0], str) else None


def sources(name: str) -> list[Path]:
    return sorted(FOLDER.glob(f"{name}*.py"))


@pytest.mark.parametrize("syntax", SYNTAXES, ids=str)
def test_every_outcome_has_words(syntax: Syntax) -> None:
    manager = find(syntax)
    assert manager is not None
    outcomes = {outcome for path in sources(manager.id) for outcome, _ in troubles(path)} | {"found", "broke"}
    if manager.id == "aws":
        outcomes |= {*aws._CAUSES, *aws._IN_DOUBT, "no-field", "not-text", "empty"}
    if manager.network:
        outcomes |= {"offline", "extra-missing"} | {outcome for outcome, _ in _TROUBLES.values()}
    missing = {each for each in outcomes if f"lookup.{manager.id}.{each}" not in wording()}
    assert not missing


def test_every_cause_is_in_the_vocabulary() -> None:
    named = {cause for path in FOLDER.glob("*.py") for _, cause in troubles(path) if cause}
    named |= {cause for _, cause in _TROUBLES.values()}
    named |= {*aws._CAUSES.values(), *aws._IN_DOUBT.values()}
    assert named <= set(causes())


@pytest.mark.parametrize("syntax", SYNTAXES, ids=str)
def test_what_fails_says_what_to_do(syntax: Syntax) -> None:
    manager = find(syntax)
    assert manager is not None
    told = {"found", "offline", "broke", "made-on-read", "sso-renews", "not-read", "no-answer", "unclear"}
    silent = {
        key
        for key, words in wording().items()
        if re.match(rf"lookup\.{manager.id}\.", key) and key.rpartition(".")[2] not in told and not words.fix
    }
    assert not silent
