"""What the doctor adds to a server's start, and how soon the app is there."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.conftest import PROGRAMS, Figures, medians, plain_env, timed
from tests.support.lab import Lab
from tests.support.terminal import Terminal

pytestmark = pytest.mark.bench

_ROUNDS = 11
_MINIMAL_APP = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        yield Static("the first paint")
Minimal().run()
"""


@pytest.fixture
def stocked() -> Iterator[Lab]:
    """A real daemon, unlocked, with one entry."""
    lab = Lab().start("bench")
    lab.add_entry("github_token", "not a real token")
    yield lab
    lab.close()


def test_version_and_run_against_a_bare_interpreter(figures: Figures, tmp_path: Path) -> None:
    env = plain_env(tmp_path)
    bare, version, run = medians(
        _ROUNDS,
        lambda: timed([sys.executable, "-c", "pass"], env),
        lambda: timed([PROGRAMS / "mcp-doctor", "--version"], env),
        lambda: timed([PROGRAMS / "mcp-doctor", "run", "--", "true"], env),
    )
    figures.show("mcp-doctor --version", version, bare, "python -c pass")
    figures.show("mcp-doctor run -- true", run, bare, "python -c pass")


def test_run_with_one_secret_against_keyring_get(figures: Figures, stocked: Lab) -> None:
    env = {**stocked.env, "GITHUB_TOKEN": "${SECRET:github_token}"}
    run, keyring = medians(
        _ROUNDS,
        lambda: timed([PROGRAMS / "mcp-doctor", "run", "--", "true"], env),
        lambda: timed([PROGRAMS / "keyring", "get", "mcp-secrets", "github_token"], stocked.env),
    )
    figures.compare("mcp-doctor run with one ${SECRET:…}", run, keyring, "keyring get", 1.0)


def test_first_paint_against_a_minimal_app(figures: Figures, tmp_path: Path) -> None:
    config = tmp_path / "mcp.json"
    config.write_text('{"mcpServers": {"one": {"command": "true"}}}')
    env = plain_env(tmp_path)

    def paint(command: list[str], text: str) -> float:
        with Terminal(command, env) as terminal:
            return terminal.wait_for(text, 30)

    ours, minimal = medians(
        7,
        lambda: paint([str(PROGRAMS / "mcp-doctor"), "--config", str(config)], "Servers"),
        lambda: paint([sys.executable, "-c", _MINIMAL_APP], "the first paint"),
    )
    figures.compare("first paint of the app", ours, minimal, "minimal Textual app", 1.5)
