"""Opening where anything may stand in a file's place."""

import os
import socket
from pathlib import Path

import pytest

from diagnostics.regular_file import NotRegularError, open_regular


def test_a_file_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a\r\nb\x1a\0")
    with open_regular(path) as file:
        assert file.read() == b"a\r\nb\x1a\0"


def test_neither_folder_nor_nothing_is_a_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such things in folders")
def test_pipes_sockets_and_devices_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        opened: list[object] = []
        monkeypatch.setattr("diagnostics.regular_file.os.open", lambda *given: opened.append(given))
        for each in ("pipe", "socket", "/dev/null"):
            with pytest.raises(NotRegularError, match="it is not a file"):
                open_regular(each)
        assert not opened


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="Windows can't tell while it opens")
def test_a_link_is_followed_only_where_it_may_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"x"
    with pytest.raises(OSError, match="symbolic"):
        open_regular(tmp_path / "link", follow=False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such things in folders")
def test_what_is_exchanged_meanwhile_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    really = os.open

    def exchanged(place: Path, flags: int) -> int:
        path.unlink()
        os.mkfifo(path)
        return really(place, flags)

    monkeypatch.setattr("diagnostics.regular_file.os.open", exchanged)
    with pytest.raises(NotRegularError):
        open_regular(path)
