"""Whether a server's variables get across to where it runs: judged on entries, and against the real programs."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from diagnostics.model import Finding, Status
from tests.support.configured import ask, context_of
from tests.support.platforms import IS_ROOT

NAME = "GITHUB_PERSONAL_ACCESS_TOKEN"


def asked(tmp_path: Path, command: list[str], **env: str) -> Finding | None:
    row: dict[str, Any] = {
        "command": command[0],
        "args": command[1:],
        "env": {NAME: "${SECRET:github}", **env},
    }
    context = context_of(tmp_path, {"it": row}, {"github": "x" * 20}, {"PATH": os.environ["PATH"]})
    found = [
        each for each in ask(context, "reference.crossing").values() if each.check == "reference.crossing"
    ]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("command", "place"),
    [
        (["wsl", "npx", "server"], "WSL"),
        (["wsl.exe", "-d", "Ubuntu", "--", "npx", "server"], "WSL"),
        (["cmd", "/c", "wsl", "npx", "server"], "WSL"),
        (["mcp-doctor", "run", "--", "wsl", "npx", "server"], "WSL"),
        (["ssh", "-o", "SendEnv=OTHER", "host", "server"], "another host"),
        (["sudo", "-u", "ada", "server"], "another user"),
        (["env", "A=1", "sudo", "server"], "another user"),
        (["flatpak", "run", "org.example.Server"], "a flatpak"),
        (["docker", "exec", "-i", "box", "server"], "a container that runs"),
        (["kubectl", "-n", "mcp", "exec", "-i", "pod", "--", "server"], "a pod"),
    ],
)
def test_variables_stop_there(tmp_path: Path, command: list[str], place: str) -> None:
    found = asked(tmp_path, command)
    assert found is not None
    assert (found.outcome, found.status, found.cause) == ("stops", Status.WARN, "env_var_missing")
    assert NAME in found.title
    assert place in found.title
    assert all("{" not in each for each in found.fix)


@pytest.mark.parametrize(
    ("command", "env"),
    [
        (["wsl", "npx", "server"], {"WSLENV": f"PATH/l:{NAME}/u"}),
        (["ssh", "-o", f"SendEnv={NAME}", "host", "server"], {}),
        (["ssh", f"-oSendEnv=LANG {NAME}", "host", "server"], {}),
        (["sudo", f"--preserve-env=A,{NAME}", "-u", "ada", "server"], {}),
        (["sudo", "-E", "server"], {}),
        (["docker", "exec", "-i", "-e", NAME, "box", "server"], {}),
        (["systemd-run", "--user", "--pipe", "-E", NAME, "server"], {}),
    ],
)
def test_variables_that_are_named_get_across(tmp_path: Path, command: list[str], env: dict[str, str]) -> None:
    found = asked(tmp_path, command, **env)
    assert found is not None
    assert (found.outcome, found.status) == ("gets-across", Status.OK)


@pytest.mark.parametrize(
    "command", [["npx", "sudo"], ["docker", "run", "-i", "image", "exec"], ["node", "ssh"], ["env"]]
)
def test_what_starts_right_here_is_not_spoken_of(tmp_path: Path, command: list[str]) -> None:
    assert asked(tmp_path, command) is None


@pytest.mark.parametrize(
    ("before", "arrives"),
    [(["-w", NAME, "-l"], True), (["-l"], False), ([], True)],
    ids=["named", "not named", "no login shell"],
)
def test_real_su_agrees(tmp_path: Path, before: list[str], arrives: bool) -> None:
    """A login shell of real su has the variable where we say that it gets across, and else not."""
    runuser = shutil.which("runuser")
    if not IS_ROOT or runuser is None:
        pytest.skip("only root becomes another user without a password")
    done = subprocess.run(
        [runuser, *before, "root", "-c", f"echo got=${NAME}"],
        env={"PATH": os.environ["PATH"], NAME: "yes"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ("got=yes" in done.stdout) is arrives, done.stderr
    found = asked(tmp_path, ["runuser", *before, "root", "-c", "server"])
    assert found is not None
    assert (found.outcome == "gets-across") is arrives
