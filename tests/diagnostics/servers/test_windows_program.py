"""Programs as Windows finds them."""

from pathlib import Path, PureWindowsPath

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.servers.program import ProgramState, is_on_a_shells_path_only, look_up
from diagnostics.servers.windows_program import folders_of, variable


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A folder as Node's installer makes it: beside `npx.cmd` a script for other shells."""
    folder = tmp_path / "Program Files" / "nodejs"
    folder.mkdir(parents=True)
    for name in ("node.exe", "npx", "npx.cmd", "readme.txt"):
        (folder / name).touch()
    return folder


def windows(home: Path, **env: str) -> Host:
    return Host(Platform.WINDOWS, Session.LOCAL, home, home, env)


@pytest.mark.parametrize(
    ("command", "name"),
    [("npx", "npx.cmd"), ("NPX", "npx.cmd"), ("npx.CMD", "npx.cmd"), ("node", "node.exe"), ("node.exe", "node.exe")],
)  # fmt: skip
def test_a_command_is_found_by_its_ending(node: Path, tmp_path: Path, command: str, name: str) -> None:
    env = {"Path": f'C:\\nowhere;"{node}"'}
    found = look_up(command, env, tmp_path, windows(tmp_path))
    assert (found.state, found.path) == (ProgramState.READY, node / name)
    by_path = look_up(f"{node}/{command}", {}, tmp_path, windows(tmp_path))
    assert (by_path.state, by_path.path) == (ProgramState.READY, node / name)


def test_what_has_no_ending_is_no_program(node: Path, tmp_path: Path) -> None:
    host = windows(tmp_path)
    assert look_up("readme", {"PATH": str(node)}, tmp_path, host).state is ProgramState.MISSING
    assert look_up("readme.txt", {"PATH": str(node)}, tmp_path, host).state is ProgramState.MISSING
    only_exe = {"PATH": str(node), "PATHEXT": ".EXE"}
    assert look_up("npx", only_exe, tmp_path, host).state is ProgramState.MISSING
    assert look_up("node", only_exe, tmp_path, host).state is ProgramState.READY


def test_a_command_on_the_shells_path_alone_is_named(node: Path, tmp_path: Path) -> None:
    """A program of the desktop has the PATH of the sign-in."""
    found = look_up("npx", {"PATH": "C:\\Windows"}, tmp_path, windows(tmp_path, PATH=str(node)))
    assert (found.state, found.elsewhere) == (ProgramState.MISSING, (node / "npx.cmd",))
    npm = tmp_path / "AppData/Roaming/npm"
    npm.mkdir(parents=True)
    (npm / "pnpm.CMD").touch()
    assert look_up("pnpm", {}, tmp_path, windows(tmp_path)).elsewhere == (npm / "pnpm.CMD",)


def test_what_a_shell_adds_is_known_with_backslashes_too() -> None:
    multishell = PureWindowsPath(r"C:\Users\ada\AppData\Local\fnm_multishells\1\node.exe")
    assert is_on_a_shells_path_only(multishell)
    assert not is_on_a_shells_path_only(PureWindowsPath(r"C:\Program Files\nodejs\node.exe"))


def test_variables_have_no_case() -> None:
    assert variable({"Path": "a"}, "PATH") == "a"
    assert variable({"Path": "a", "PATH": "b"}, "path") == "b"
    assert variable({}, "PATH") is None
    assert folders_of('a;;"b c"; ') == ["a", "b c"]
