"""What the launcher does where there is no exec: the line for a batch file, exit codes, the server as a child."""

import sys
from pathlib import Path

import pytest

from diagnostics.servers.resolve import Launch
from recovery.windows_start import UnsafeArgumentError, command_line, program_of, signed, start


def test_a_program_gets_its_arguments_as_they_are() -> None:
    assert command_line(r"C:\node\node.exe", ['a "b"', "100%"]) == [r"C:\node\node.exe", 'a "b"', "100%"]


def test_every_argument_of_a_batch_file_is_quoted_so_that_no_sign_is_a_command() -> None:
    line = command_line(r"C:\Program Files\nodejs\npx.CMD", ["-y", "a&calc", "C:\\dir\\", ""])
    assert line == '"C:\\Program Files\\nodejs\\npx.CMD" "-y" "a&calc" "C:\\dir\\\\" ""'


@pytest.mark.parametrize("bad", ['say "hi', "%PATH%", "two\nlines", "cr\r"])
def test_what_a_batch_file_would_run_is_refused_and_not_shown(bad: str) -> None:
    with pytest.raises(UnsafeArgumentError, match="argument 1 ") as refused:
        command_line("npx.cmd", ["-y", bad])
    assert bad not in str(refused.value)


@pytest.mark.parametrize(("code", "told"), [(0, 0), (7, 7), (0xC0000005, -1073741819), (0xFFFFFFFF, -1)])
def test_an_exit_code_of_32_bits_is_handed_on(code: int, told: int) -> None:
    assert signed(code) == told


def test_the_server_is_waited_for_and_its_code_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    code = "import os, sys; sys.exit(int(os.environ['CODE']))"
    assert start(Launch(sys.executable, ("-c", code), {"CODE": "37"}, None)) == 37


def test_a_command_is_looked_for_on_the_path_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the working folder, and by the endings that Windows starts: beside `npx.cmd` lies a `npx`, which is none."""
    tools, project = tmp_path / "tools", tmp_path / "project"
    for folder in (tools, project):
        folder.mkdir()
        for name in ("npx", "npx.CMD"):
            (folder / name).touch()
    monkeypatch.chdir(project)
    env = {"Path": f"{tmp_path}/none;{tools}"}
    assert program_of(Launch("npx", (), env)) == str(tools / "npx.CMD")
    assert program_of(Launch(f"{project}/npx", (), env)) == str(project / "npx.CMD")
    with pytest.raises(FileNotFoundError):
        program_of(Launch("npx", (), {"PATH": str(tmp_path)}))
