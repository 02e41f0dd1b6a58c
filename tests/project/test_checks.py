"""Every check has its words, every word has its check, and no cause is made up."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import diagnostics.checks
import diagnostics.itself
from diagnostics.catalog.causes import causes
from diagnostics.catalog.wording import Wording, wording
from diagnostics.check import all_checks
from diagnostics.itself.questions import questions

CHECKS = Path(diagnostics.checks.__file__).parent
FACTS_OF_THE_RUNNER = {"check", "question", "server", "field", "path"}
VERDICTS = {"ok", "warn", "fail", "unknown", "skip"}
ITSELF = Path(diagnostics.itself.__file__).parent
MODULES = sorted(
    path for path in (*CHECKS.glob("*/*.py"), *ITSELF.glob("*.py")) if path.name != "__init__.py"
)


def outcomes() -> Iterator[tuple[str, str, set[str], str | None]]:
    """(full key, verdict, facts it passes, cause) of every verdict that a check's source makes."""
    for path in MODULES:
        stem = f"{path.parent.name}.{path.stem.replace('_', '-')}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in VERDICTS
            ):
                continue
            if not (
                node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
            ):
                continue
            cause = (
                node.args[1].value if len(node.args) > 1 and isinstance(node.args[1], ast.Constant) else None
            )
            facts = {word.arg for word in node.keywords if word.arg} | (
                {"*"} if any(word.arg is None for word in node.keywords) else set()
            )
            yield (
                f"{stem}.{node.args[0].value}",
                node.func.id,
                facts,
                cause if isinstance(cause, str) else None,
            )


def test_there_are_checks_on_every_stage() -> None:
    assert {check.stage.value for check in all_checks()} == {
        folder.name for folder in CHECKS.iterdir() if folder.is_dir() and folder.name != "__pycache__"
    }


@pytest.mark.parametrize("check", [*all_checks(), *questions()], ids=lambda check: check.id)
def test_a_check_asks_a_question(check: object) -> None:
    assert getattr(check, "question", "").endswith("?")


def test_every_outcome_has_words() -> None:
    missing = {key for key, *_ in outcomes() if key not in wording()}
    assert not missing


def test_words_ask_for_no_fact_that_the_check_does_not_pass() -> None:
    wrong = []
    for key, _, facts, _ in outcomes():
        words = wording().get(key, Wording(""))
        text = re.sub(r"{{|}}", "", " ".join((words.title, words.detail, *words.fix)))
        asked = set(re.findall(r"{(\w+)(?::[^}]*)?}", text))
        if "*" not in facts and not asked <= facts | FACTS_OF_THE_RUNNER:
            wrong.append((key, asked - facts - FACTS_OF_THE_RUNNER))
    assert not wrong


def test_every_cause_is_in_the_vocabulary() -> None:
    assert {cause for *_, cause in outcomes() if cause} <= set(causes())


def test_what_fails_says_what_to_do() -> None:
    silent = {
        key
        for key, verdict, *_ in outcomes()
        if verdict == "fail" and not wording().get(key, Wording("")).fix
    }
    assert not silent


def test_titles_state_and_do_not_shout() -> None:
    wrong = {key for key, words in wording().items() if words.title.endswith((".", "!")) or not words.title}
    assert not wrong
