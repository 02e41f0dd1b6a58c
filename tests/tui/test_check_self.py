"""`check --self` as a program: whole, half broken, in every format; it writes nothing and opens no store."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.lab import REPO


def itself(
    home: Path, *words: str, before: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    variables = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **env}
    variables["PYTHONPATH"] = os.pathsep.join(str(each) for each in (before, REPO) if each is not None)
    return subprocess.run(
        [sys.executable, "-B", "-m", "tui", "check", "--self", *words],
        env=variables,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def statuses(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {
        f"{each['check']} {each['title']}": each["status"] for each in json.loads(done.stdout)["findings"]
    }


def test_every_question_is_answered_and_nothing_is_written(tmp_path: Path) -> None:
    done = itself(tmp_path, "--format", "json")
    report = json.loads(done.stdout)
    assert done.stderr == ""
    assert {each["check"] for each in report["findings"]} >= {
        "itself.python",
        "itself.libraries",
        "itself.keyring-settings",
        "itself.keyring-library",
        "itself.folders",
        "itself.language",
        "itself.terminal",
        "itself.launcher",
        "itself.clock",
    }
    assert all(each["status"] in {"ok", "warn", "skip"} for each in report["findings"]), report["findings"]
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_broken_libraries_are_told_by_name_and_never_a_traceback(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    for name, code in {
        "cryptography": "raise ImportError('libssl.so.3: wrong ELF class: ELFCLASS32')",
        "textual": "import os; os._exit(3)",
        "jeepney": "raise SyntaxError('half a file')",
        "keyring": "raise RuntimeError",
    }.items():
        (broken / name).mkdir(parents=True)
        (broken / name / "__init__.py").write_text(code)
    done = itself(tmp_path, before=broken)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    for name in ("cryptography", "textual", "jeepney", "keyring"):
        assert f"The library {name} is installed but can't be loaded" in done.stdout
    assert "wrong ELF class" in done.stdout


def test_a_null_store_and_a_foreign_program_of_our_name_are_findings(tmp_path: Path) -> None:
    settings = tmp_path / ".config/python_keyring/keyringrc.cfg"
    settings.parent.mkdir(parents=True)
    settings.write_text("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n")
    other = tmp_path / "bin/mcp-doctor"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\ntouch was-started\n")
    other.chmod(0o755)
    done = itself(tmp_path, "--format", "json", PATH=f"{other.parent}:/usr/bin:/bin")
    found = statuses(done)
    assert done.returncode == 1
    assert found["itself.keyring-library The keyring library was told to keep nothing"] == "fail"
    assert found["itself.launcher Another program called mcp-doctor comes first on the PATH"] == "fail"
    assert not (tmp_path / "was-started").exists()


@pytest.mark.parametrize("form", ["text", "junit", "sarif", "markdown", "prometheus"])
def test_the_other_formats(tmp_path: Path, form: str) -> None:
    done = itself(tmp_path, "--format", form)
    assert (done.returncode, done.stderr) == (0, "")
    assert "No MCP server is configured" not in done.stdout


def test_it_looks_at_nothing_else(tmp_path: Path) -> None:
    done = itself(tmp_path, "github")
    assert done.returncode == 2
    assert "name no server" in done.stderr
