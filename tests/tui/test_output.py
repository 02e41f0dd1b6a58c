"""Where a command may put what it was asked to write, and where not."""

import os
import stat
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from tui.output import is_standard, put, refuse, write
from tui.usage import UsageError


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(
        Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {}, os.getuid() if hasattr(os, "getuid") else 0
    )


def test_a_file_is_replaced_in_one_step_and_for_its_owner_alone(tmp_path: Path, host: Host) -> None:
    target = tmp_path / "report"
    target.write_text("what was there")
    target.chmod(0o666)
    write(str(target), b"new", host)
    assert target.read_bytes() == b"new"
    assert os.name != "posix" or stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("output", [None, "-", "/dev/stdout"])
def test_standard_output_has_several_names(
    output: str | None, tmp_path: Path, host: Host, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert is_standard(output)
    put("✔\n", output, host)
    assert capsysbinary.readouterr().out == "✔\n".encode()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX")
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("folder", "this is a folder"),
        ("pipe", "no plain file"),
        ("link", "this is a link"),
        ("dangling", "this is a link"),
        ("device", "no plain file"),
        ("nowhere", "no such folder"),
        ("below a file", "Not a directory"),
        ("too long", "too long"),
    ],
)
def test_what_is_no_plain_file_is_refused_before_anything_is_done(
    tmp_path: Path, host: Host, kind: str, said: str
) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("gone")
    places = {"device": "/dev/null", "nowhere": "gone/x", "below a file": "file/x", "too long": "x" * 300}
    target = str(tmp_path / places.get(kind, kind))
    with pytest.raises(UsageError, match=said):
        refuse(target)
    with pytest.raises(UsageError, match=said):
        write(target, b"new", host)
    assert (tmp_path / "file").read_text() == "kept"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["dangling", "file", "folder", "link", "pipe"]
