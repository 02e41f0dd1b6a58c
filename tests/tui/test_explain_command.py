"""`mcp-doctor explain` as a program: files, pipes, other encodings, and a person at a terminal."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "tui", "explain"]
ROOT = Path(__file__).parents[2]


def run(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *words], input=given, cwd=ROOT, capture_output=True, check=False, timeout=60
    )


def test_standard_input_is_explained() -> None:
    done = run("--format", "json", given=b"Error: spawn npx ENOENT\n")
    assert done.returncode == 0
    assert json.loads(done.stdout)["matches"][0]["cause"] == "command_not_found"
    assert not done.stderr


def test_nothing_recognised_is_exit_one() -> None:
    assert run(given=b"all is well\n").returncode == 1


def test_of_a_long_stream_the_end_counts() -> None:
    done = run(given=b"request served\n" * 700_000 + b"Bad credentials\n")
    assert b"token_invalid" in done.stdout


def test_a_file_of_powershell_is_read(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes("Bad credentials\r\n".encode("utf-16"))
    assert b"token_invalid" in run(str(tmp_path / "log.txt")).stdout


def test_a_pipe_by_name_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = subprocess.Popen(["sh", "-c", f"echo Bad credentials > {pipe}"])
    assert b"token_invalid" in run(str(pipe)).stdout
    assert writer.wait(10) == 0


def test_a_folder_is_no_log(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_a_person_is_told_how_to_paste_and_how_to_end() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        COMMAND, cwd=ROOT, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        os.close(theirs)
        os.write(ours, b"Bad credentials\n\x04")
        try:
            out, err = program.communicate(timeout=60)
        finally:
            program.kill()
            os.close(ours)
    assert b"Ctrl+D" in err
    assert b"token_invalid" in out
