"""The `.env` file of an entry."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Server, Session
from diagnostics.servers.child_environment import inherited_by
from diagnostics.servers.env_file import EnvFileError, parse, place_of, variables_of


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("  export A = b  ", "b"),
        ("A=b # more", "b"),
        ("A=b#c", "b#c"),
        ("A='b # c' # d", "b # c"),
        ('A="b\\nc\\"d"', 'b\nc"d'),
        ("A='b\\nc'", "b\\nc"),
        ("A=b=c==", "b=c=="),
        ("A=${B}", "${B}"),
        ("A=", ""),
        ('A="b', '"b'),
    ],
)
def test_a_line(line: str, value: str) -> None:
    assert parse(f"# A=0\n\n{line}\r\nnonsense\n1X=2\n") == {"A": value}


def server(path: Path, env_file: str, cwd: str | None = None) -> Server:
    return Server("vscode:a", "a", "vscode", path, "stdio", "x", env_file=env_file, cwd=cwd)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("${workspaceFolder}/x.env", "{root}/work/x.env"),
        ("${userHome}/x.env", "{root}/x.env"),
        ("~/x.env", "{root}/x.env"),
        ("x.env", "{root}/here/x.env"),
        ("/etc/x.env", "/etc/x.env"),
        ("${input:where}", None),
    ],
)
def test_where_it_is(tmp_path: Path, text: str, place: str | None) -> None:
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path / "here", {})
    found = place_of(server(tmp_path / "work/.vscode/mcp.json", text), host)
    assert (None if found is None else str(found)) == (place and place.format(root=tmp_path))


def test_it_joins_the_environment_and_wins_over_it(tmp_path: Path) -> None:
    (tmp_path / "x.env").write_text("A=file\n")
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {"A": "outside", "B": "outside"})
    assert inherited_by(server(tmp_path / "mcp.json", "x.env"), host) == {"A": "file", "B": "outside"}


def test_one_that_can_not_be_read_is_told_and_does_no_harm(tmp_path: Path) -> None:
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {"B": "outside"})
    one = server(tmp_path / "mcp.json", "x.env")
    with pytest.raises(EnvFileError, match="no such file"):
        variables_of(one, host)
    os.mkfifo(tmp_path / "x.env")
    with pytest.raises(EnvFileError):
        variables_of(one, host)
    assert inherited_by(one, host) == {"B": "outside"}
    assert variables_of(replace(one, env_file=None), host) == {}
