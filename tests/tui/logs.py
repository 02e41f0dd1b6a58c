"""Logs of clients in a test's home, and pasting as a terminal does."""

import os
import time
from pathlib import Path

from textual.events import Paste

from tests.tui.conftest import Driver

_HOUR = 3600


def leave_logs(home: Path) -> None:
    """Two logs of Claude Desktop and one of Codex, some hours old."""
    desktop = home / ".config/Claude/logs"
    _write(
        desktop / "mcp-server-github.log",
        2,
        ["[info] Initializing server...", "[error] spawn npx ENOENT"],
        "github",
    )
    _write(desktop / "mcp-server-slack.log", 5, ["[error] SLACK_BOT_TOKEN is not set"], "slack")
    _write(home / ".codex/log/codex-tui.log", 30, ["INFO codex_core: ready"] * 3, "codex")


async def paste(driver: Driver, text: str) -> None:
    """What a terminal sends for a text that is pasted."""
    driver.app.post_message(Paste(text))
    await driver.pilot.pause()


def _write(path: Path, hours: float, lines: list[str], server: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"2026-11-23T10:00:00.000Z [{server}] {line}\n" for line in lines))
    when = time.time() - hours * _HOUR - 60
    os.utime(path, (when, when))
