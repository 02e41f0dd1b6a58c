"""Bytes as text: every kind of thing that is no config."""

import os
import socket
import time
from pathlib import Path

import pytest

from diagnostics.configs import content
from diagnostics.configs.content import Content, read_text
from diagnostics.model import Problem


def problem_of(path: Path) -> Problem:
    said = read_text(path)
    assert isinstance(said, Problem)
    return said


def test_a_plain_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes("{é}\r\n".encode())
    path.chmod(0o640)
    assert read_text(path) == Content("{é}\r\n", False, 0o640)


def test_an_absent_file_is_no_problem_of_a_config(tmp_path: Path) -> None:
    for path in (tmp_path / "no", tmp_path / "no" / "no"):
        with pytest.raises(FileNotFoundError):
            read_text(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "file" / "below")


def test_a_byte_order_mark_is_noted_and_taken_off(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf{}")
    said = read_text(path)
    assert isinstance(said, Content)
    assert (said.text, said.has_bom) == ("{}", True)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes('{"mcpServers": {}}'.encode(encoding))
    assert problem_of(path).outcome == "utf-16"
    assert problem_of(path).cause == "config_bad_encoding"


def test_not_utf_8_names_the_place(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{\n  "a": "caf\xe9"\n}')
    said = problem_of(path)
    assert (said.outcome, said.line, said.column) == ("not-utf-8", 2, 12)


def test_binary_names_the_place(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"abc\nde\0f" + bytes(range(1, 200)) * 3)
    said = problem_of(path)
    assert (said.outcome, said.line, said.column) == ("binary", 2, 3)


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(content.LARGEST * 50)  # sparse: reading it all would take 500 MB
    began = time.monotonic()
    assert problem_of(path).outcome == "too-large"
    assert time.monotonic() - began < 2


def test_a_folder(tmp_path: Path) -> None:
    said = problem_of(tmp_path)
    assert (said.outcome, said.detail) == ("not-a-file", "directory")


def test_a_pipe_without_a_writer_does_not_block(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    said = problem_of(path)
    assert (said.outcome, said.detail) == ("not-a-file", "named pipe")


def test_a_device() -> None:
    said = problem_of(Path("/dev/zero"))
    assert (said.outcome, said.detail) == ("not-a-file", "device")


def test_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("s")
        assert problem_of(tmp_path / "s").outcome in {"not-a-file", "unreadable"}


def test_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert problem_of(tmp_path / "a").outcome == "unreadable"


def test_a_name_that_no_file_can_have() -> None:
    assert problem_of(Path("a\0b")).outcome == "unreadable"


def test_permission_denied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}")
    path.chmod(0o000)
    if os.access(path, os.R_OK):  # root reads everything: the system's refusal has to be played

        def refuse(*_: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("diagnostics.configs.content.os.open", refuse)
    said = problem_of(path)
    assert (said.outcome, said.cause) == ("permission-denied", "file_permission_denied")
    assert "mode 0000" in said.detail


def test_a_disk_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    never = threading.Event()
    monkeypatch.setattr(content, "_PATIENCE", 0.05)
    monkeypatch.setattr(content, "_read", lambda _path: never.wait())
    assert problem_of(tmp_path / "a.json").outcome == "slow"
    never.set()
