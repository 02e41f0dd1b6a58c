"""Crashes, full and read-only disks, odd things in the file's place, many writers: the trail holds, or nothing is done."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.secret import Secret
from recovery.journal import START, Event, Journal, JournalError
from recovery.trail.anchor import anchor_files
from recovery.trail.key import key_files
from recovery.trail.record import canonical, digest
from tests.recovery.trail.conftest import STEP, anchor_of, kinds, operate
from tests.support.lab import REPO
from tests.support.platforms import IS_ROOT, lacking

CHILD = """
import os, sys
from pathlib import Path
from recovery.journal import Event, Journal, JournalError
from tests.recovery.conftest import a_host
journal = Journal(a_host(Path(sys.argv[1])))
"""


def child(code: str, *words: str, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*before, sys.executable, "-c", CHILD + code, *words],
        cwd=REPO,
        env={**os.environ, "PYTHONPATH": str(REPO)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# ── the first version's trail ─────────────────────────────────────────────────────────────────────────────


def first_version(journal: Journal, count: int = 3) -> None:
    """Records as the first version wrote them: an unkeyed digest, no number."""
    journal.folder.mkdir(parents=True, exist_ok=True)
    previous = START
    with journal.path.open("wb") as file:
        for number in range(count):
            event = ("planned", "intent", "done")[number % 3]
            fields = {"steps": [STEP], "title": "Old"} if event == "planned" else {}
            record = {
                "at": "2026-01-01T00:00:00.000+00:00",
                "user": "tester",
                "uid": os.getuid(),
                "host": "h",
            }
            record |= {
                "session": "local",
                "pid": 1,
                "op": f"old{number // 3}",
                "event": event,
                "previous": previous,
            }
            record |= fields
            record["hash"] = previous = digest(record, None)
            file.write(canonical(record) + b"\n")


def test_the_first_versions_trail_holds_and_is_sealed_by_the_next_record(
    journal: Journal, host: Host
) -> None:
    journal = Journal(host)
    first_version(journal)
    found = journal.examine()
    assert found.holds
    assert [each.kind for each in found.notices] == ["key"]
    operate(host, "0a")
    assert journal.verify() == []
    sealing = journal.records()[3]
    assert (sealing["n"], sealing["unkeyed_before"]) == (4, 3)
    assert [each.id for each in journal.operations()] == ["old0", "0a"]
    lines = journal.path.read_bytes().splitlines(keepends=True)
    record = json.loads(lines[0]) | {"user": "someone else"}
    record["hash"] = digest(record, None)
    journal.path.write_bytes(b"".join([canonical(record) + b"\n", *lines[1:]]))
    assert journal.verify()


def test_a_trail_can_not_be_swapped_for_one_of_the_first_version(trail: Journal, host: Host) -> None:
    first_version(trail)
    assert kinds(trail) >= {"cut-off"}
    anchor_of(host).unlink()
    assert kinds(trail) == {"copied"}


# ── between record, anchor and deed ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("which", [1, 2, 7, 10])
def test_a_crash_between_record_and_anchor_is_no_tampering(host: Host, which: int, tmp_path: Path) -> None:
    code = (
        "import signal\n"
        "from recovery import journal as module\n"
        "from recovery.trail import anchor\n"
        "write, left = anchor.write_anchor, [int(sys.argv[2])]\n"
        "def dying(*words):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    write(*words)\n"
        "anchor.write_anchor = dying\n"
        "for number in range(12): journal.append(Event.NOTE, 'op', number=number)\n"
    )
    assert child(code, str(host.home), str(which)).returncode == -9
    journal = Journal(host)
    found = journal.examine()
    assert found.holds, found
    assert found.records == which
    assert [each.kind for each in found.notices if each.kind != "copied"] == ["behind"]
    operate(host, "0c")
    assert journal.examine().troubles == ()


def test_kill_9_at_any_moment_leaves_a_trail_that_holds(host: Host) -> None:
    """Writers are killed wherever they happen to be."""
    journal = Journal(host)
    code = "number = 0\nwhile True:\n    journal.append(Event.NOTE, 'op', number=number)\n    number += 1\n"
    killed = 0
    for _ in range(6):
        before = journal.path.stat().st_size if journal.path.exists() else 0
        writer = subprocess.Popen(
            [sys.executable, "-c", CHILD + code, str(host.home)],
            cwd=REPO,
            env={**os.environ, "PYTHONPATH": str(REPO)},
        )
        while not journal.path.exists() or journal.path.stat().st_size < before + 3000:
            assert writer.poll() is None
        writer.kill()
        writer.wait(10)
        killed += 1
        assert journal.examine().troubles == ()
    journal.append(Event.NOTE, "op")
    assert journal.verify() == []
    assert killed == 6


def test_the_record_and_its_anchor_are_on_the_disk_before_the_deed(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        order.append("anchor" if name.startswith(".trail.anchor.") else name.split(".", 3)[0] or name)
        fsync(handle)

    def replaced(self: Path, target: Path) -> Path:
        order.append(f"rename {Path(target).name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    Journal(host).append(Event.NOTE, "0a")
    first = [*order]
    assert first.index("rename trail.key") < first.index("journal") < first.index("anchor")
    # the new file's name is put to the disk too: its folder is synced when it is made
    assert first.index("mcp-doctor", first.index("rename trail.key")) < first.index("journal")
    assert first.index("anchor") < first.index("rename trail.anchor")
    order.clear()
    Journal(host).append(Event.NOTE, "0a")
    assert order == ["journal", "anchor", "rename trail.anchor", "mcp-doctor"]


# ── disks ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def small_disk(tmp_path: Path) -> tuple[str, ...]:
    """The words before a command that runs it with 64 KB of disk at `tmp_path/disk`."""
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ("unshare", "-rm", "sh", "-c", f'mount -t tmpfs -o size=64k none {disk} && exec "$@"', "sh")
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], check=False).returncode:
        reason = "no name spaces of one's own here: a disk can't be made"
        lacking(reason)
    return words


def test_a_disk_that_fills_up_leaves_whole_records_and_says_so(
    small_disk: tuple[str, ...], tmp_path: Path
) -> None:
    code = (
        "written = 0\n"
        "try:\n"
        "    for number in range(500):\n"
        "        journal.append(Event.NOTE, 'op', number=number)\n"
        "        written += 1\n"
        "except JournalError as error: print('said', error)\n"
        "found = journal.examine()\n"
        "print(written, found.records, found.troubles)\n"
        "Path(sys.argv[1], 'filler').write_bytes(b'')\n"
    )
    done = child(code, str(tmp_path / "disk"), before=small_disk)
    assert done.returncode == 0, done.stderr
    said, counts = done.stdout.splitlines()
    assert "nothing was done" in said
    assert "no space left" in said.lower()
    written, records, troubles = counts.split(" ", 2)
    assert 10 < int(written) < 500
    assert written == records
    assert troubles == "()"


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (
            "[os.write(os.open(log.parent / 'filler', os.O_CREAT | os.O_APPEND | os.O_WRONLY), bytes(4096)) for _ in range(99)]",
            "no space left",
        ),
        ("assert os.system(f'mount -o remount,ro {sys.argv[2]}') == 0", "read-only"),
    ],
    ids=["full", "read-only"],
)
def test_an_administrators_log_that_takes_nothing_is_told(
    small_disk: tuple[str, ...], tmp_path: Path, host: Host, happens: str, said: str
) -> None:
    """The record is in the user's own trail, so the deed is done, and the person knows what the log lacks."""
    code = (
        "import contextlib, dataclasses\n"
        "host = dataclasses.replace(a_host(Path(sys.argv[1])), root=Path(sys.argv[2]))\n"
        "log = host.root / 'var/log/mcp-emergency.log'\n"
        "log.parent.mkdir(parents=True)\n"
        "log.touch(0o660)\n"
        f"with contextlib.suppress(OSError): {happens}\n"
        "journal = Journal(host)\n"
        "for number in range(20): journal.append(Event.NOTE, 'ee', emergency=True)\n"
        "print(len(journal.records()), journal.examine().holds, journal.told)\n"
    )
    done = child(code, str(host.home), str(tmp_path / "disk"), before=small_disk)
    assert done.returncode == 0, done.stderr
    records, holds, told = done.stdout.strip().split(" ", 2)
    assert (records, holds) == ("20", "True")
    assert said in told.lower()
    assert "the trail has it" in told


def test_half_a_write_is_taken_back(host: Host) -> None:
    """The kernel writes as much as the limit allows: a real half line."""
    code = (
        "import resource, signal\n"
        "journal.append(Event.NOTE, 'op')\n"
        "size = journal.path.stat().st_size\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))\n"
        "try: journal.append(Event.NOTE, 'op')\n"
        "except JournalError: print('refused')\n"
        "assert journal.path.stat().st_size == size\n"
    )
    done = child(code, str(host.home))
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr
    assert Journal(host).examine().holds


def test_a_data_folder_that_can_not_be_written_leaves_key_and_anchor_beside_the_trail(host: Host) -> None:
    host.data_home.parent.mkdir(parents=True)
    host.data_home.write_text("a file where the folder should be")
    journal = operate(host, "0a")
    assert journal.verify() == []
    assert [each.exists() for each in (*key_files(host), *anchor_files(host))] == [False, True, False, True]
    assert journal.told == []


def test_an_anchor_that_can_not_be_written_is_told_and_stops_nothing(host: Host) -> None:
    operate(host, "0a")
    anchor_of(host).unlink()
    for path in anchor_files(host):
        (path / "in the way").mkdir(parents=True)
    journal = operate(host, "0b")
    assert len(journal.records()) == 10
    assert len(journal.told) == 1
    assert "anchor was not written" in journal.told[0]


@pytest.mark.parametrize("damage", [b"", b"zz", b"ab" * 31, b"\xff" * 64, b"\0" * 65])
def test_a_damaged_key_is_left_and_another_one_is_used(host: Host, damage: bytes) -> None:
    usual, beside = key_files(host)
    usual.parent.mkdir(parents=True)
    usual.write_bytes(damage)
    journal = operate(host, "0a")
    assert usual.read_bytes() == damage
    assert beside.exists()
    found = journal.examine()
    assert found.troubles == ()
    assert found.holds is None
    assert "damaged" in found.unknown[0].what


# ── what stands in the file's place ───────────────────────────────────────────────────────────────────────


def in_its_place(path: Path, what: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    match what:
        case "link":
            (path.parent / "elsewhere").write_bytes(b"")
            path.symlink_to(path.parent / "elsewhere")
        case "dangling":
            path.symlink_to(path.parent / "nowhere")
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case _:
            path.write_bytes(b"")
            os.chown(path, 65534, 65534)


THINGS = ["link", "dangling", "pipe", "folder", *(["another user's"] if IS_ROOT else [])]


@pytest.mark.parametrize("what", THINGS)
def test_no_record_goes_where_something_else_stands(host: Host, what: str) -> None:
    journal = Journal(host)
    in_its_place(journal.path, what)
    with pytest.raises(JournalError):
        journal.append(Event.NOTE, "0a")
    assert not (journal.folder / "nowhere").exists()
    if what == "link":
        assert (journal.folder / "elsewhere").read_bytes() == b""


@pytest.mark.parametrize("what", THINGS)
@pytest.mark.parametrize("place", ["key", "anchor"])
def test_odd_things_in_the_place_of_key_and_anchor_never_block(host: Host, what: str, place: str) -> None:
    path = (key_files(host) if place == "key" else anchor_files(host))[0]
    in_its_place(path, what)
    journal = operate(host, "0a")
    assert len(journal.records()) == 5
    journal.examine()
    assert not (path.parent / "nowhere").exists()


def test_a_lock_file_that_is_none_keeps_nobody_waiting(host: Host) -> None:
    journal = Journal(host, seconds=0.2)
    in_its_place(journal.folder / "journal.lock", "pipe")
    journal.append(Event.NOTE, "0a")
    (journal.folder / "journal.lock").unlink()
    in_its_place(journal.folder / "journal.lock", "folder")
    with pytest.raises(JournalError, match="nothing was done"):
        journal.append(Event.NOTE, "0a")


def test_a_writer_that_hangs_is_waited_for_only_so_long(host: Host) -> None:
    import fcntl

    journal = Journal(host, seconds=0.2)
    journal.folder.mkdir(parents=True)
    with (journal.folder / "journal.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(JournalError, match="another process"):
            journal.append(Event.NOTE, "0a")
    journal.append(Event.NOTE, "0a")  # the dead holder's lock is gone with it
    assert len(journal.records()) == 1


def test_many_processes_at_once_keep_one_chain_and_one_key(host: Host) -> None:
    writers = []
    for number in range(8):
        writers.append(os.fork())
        if not writers[-1]:
            status = 1
            try:
                for count in range(10):
                    Journal(host, 30).append(Event.NOTE, str(number), number=count)
                status = 0
            finally:
                os._exit(status)
    journal = Journal(host)
    ended: dict[int, int] = {}
    while len(ended) < len(writers):
        assert journal.examine().troubles == ()  # a reader in between sees a trail that holds
        ended |= dict(
            each for each in (os.waitpid(one, os.WNOHANG) for one in writers if one not in ended) if each[0]
        )
    assert set(ended.values()) == {0}
    records = journal.records()
    assert [each["n"] for each in records] == list(range(1, 81))
    assert len({each["key"] for each in records}) == 1
    assert len({each["trail"] for each in records}) == 1
    assert journal.examine().holds


def test_key_and_anchor_are_this_users_alone(trail: Journal, host: Host) -> None:
    for path in (key_files(host)[0], anchor_of(host)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {each.name for each in anchor_of(host).parent.iterdir()} == {"trail.key", "trail.anchor"}
    assert key_files(host)[0].read_text().strip() not in trail.path.read_text() + anchor_of(host).read_text()


def test_a_fingerprint_means_something_in_this_trail_only(
    host: Host, tmp_path: Path, journal: Journal
) -> None:
    secret = Secret("some" + "-secret-value")
    mine = Journal(host).fingerprint(secret)
    assert mine == Journal(host).fingerprint(Secret("some" + "-secret-value"))
    assert mine != Journal(host).fingerprint(Secret("other"))
    assert mine != journal.fingerprint(secret)
    assert len(mine) == 16


def test_only_what_began_or_ended_something_is_looked_into_at_a_start(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    import recovery.journal

    for number in range(8):
        operate(host, f"{number:02x}")
    looked: list[bytes] = []
    from recovery.trail.record import parsed

    def counting(line: bytes) -> object:
        looked.append(line)
        return parsed(line)

    monkeypatch.setattr(recovery.journal, "parsed", counting)
    journal = Journal(host)
    assert journal.interrupted() == []
    assert len(looked) == 16
    operate(host, "cut", end=None)
    assert [each.id for each in journal.interrupted()] == ["cut"]
    assert [each.last for each in journal.interrupted()[0].steps] == [Event.VERIFIED]
