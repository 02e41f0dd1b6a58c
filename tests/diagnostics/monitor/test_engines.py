"""The texts for each engine: what stands in them comes out at the other end as it was meant."""

import itertools
import plistlib
import re
import shlex
import subprocess
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path

import pytest

from diagnostics.monitor.engines import cron, launchd, systemd, task_scheduler
from diagnostics.monitor.schedule import (
    MINUTES,
    Job,
    UnfitError,
    in_short,
    in_words,
    may_vanish,
    minutes_of,
    own_command,
)
from tests.support.platforms import lacking

ODD = (
    "/opt/a place/mcp-doctor",
    "monitor",
    '--config=/home/ä ö/100%/it\'s "mine".json',
    "$HOME",
    "%h%%",
    "a\\b",
    ";",
    "-x;y",
    "",
    "{a}",
    "&<>|*?",
)
JOB = Job(ODD, 15, 7)


def test_cron_hands_over_every_word_as_it_is(tmp_path: Path) -> None:
    show = tmp_path / "show 100%"
    show.write_text('#!/bin/sh\nfor each; do printf "%s\\0" "$each"; done\n')
    show.chmod(0o755)
    line = cron.command(Job((str(show), *ODD[1:]), 15))
    as_cron_reads_it = line.replace("\\%", "%")
    assert not re.search(r"(?<!\\)%", line), "cron makes a line break of a bare %"
    done = subprocess.run(
        ["/bin/sh", "-c", as_cron_reads_it], capture_output=True, text=True, timeout=60, check=True
    )
    assert tuple(done.stdout.split("\0")[:-1]) == ODD[1:]


@pytest.mark.parametrize("minutes", MINUTES)
def test_cron_starts_it_as_often_as_was_said(minutes: int) -> None:
    text = cron.block(Job(("/bin/x",), minutes, 37))
    now = datetime(2026, 11, 24, 0, 0)
    seen: list[datetime] = []
    while len(seen) < 5:
        told = cron.next_of(text, now)
        assert told is not None
        seen.append(told)
        now = told
    assert {(b - a).total_seconds() / 60 for a, b in itertools.pairwise(seen)} == {minutes}


def test_a_line_too_long_for_cron_is_refused() -> None:
    with pytest.raises(UnfitError, match="cron takes"):
        cron.block(Job(("/bin/x", "y" * 1000), 15))


@pytest.mark.parametrize("word", ["a\nb", "a\rb", "\x00", "\x1b[31m", "\udcff"])
def test_no_engine_takes_a_line_break_in_a_word(word: str) -> None:
    job = Job(("/bin/x", word), 15)
    for write in (
        cron.block,
        lambda each: systemd.service(each, 9),
        lambda each: launchd.agent(each, "l"),
        lambda each: task_scheduler.task(each, 9),
    ):
        with pytest.raises(UnfitError):
            write(job)


OTHERS = b"# mine\nMAILTO=me\n* * * * * echo 100\\%\r\n\xff\xfe\x0b not text \x1b[31m\n@reboot x"


@pytest.mark.parametrize("text", [b"", OTHERS, OTHERS + b"\n", b"\n\n", b"# mcp-doctor\n"])
def test_other_lines_of_a_crontab_stay_byte_for_byte(text: bytes) -> None:
    ours, other = cron.block(JOB).encode(), cron.block(Job(("/bin/y",), 30)).encode()
    gap = b"" if not text or text.endswith(b"\n") else b"\n"
    once = cron.with_block(text, ours)
    assert once == text + gap + ours
    assert cron.take_apart(once).block == ours
    assert cron.with_block(once, other) == text + gap + other
    assert cron.with_block(once, b"") == text + gap
    later = once + b"# added later\n"
    assert cron.with_block(later, b"") == text + gap + b"# added later\n"
    assert cron.with_block(text, b"") == text


@pytest.mark.parametrize(
    "text",
    [
        cron.BEGIN + b"\n",
        cron.END + b"\n",
        b"x\n" + cron.END + b"\n" + cron.BEGIN + b"\n",
        (cron.BEGIN + b"\n" + cron.END + b"\n") * 2,
    ],
)
def test_marks_that_are_no_pair_are_not_guessed_about(text: bytes) -> None:
    with pytest.raises(UnfitError, match=r"not one pair \(line \d\)"):
        cron.with_block(text, b"")


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """Judged by systemd's own parser."""
    import shutil

    if shutil.which("systemd-analyze") is None:
        lacking("systemd is not installed")
    program = tmp_path / "a place" / "100% $x"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    job = Job((str(program), *ODD[1:]), 15)
    texts = {systemd.SERVICE: systemd.service(job, 280), systemd.TIMER: systemd.timer(job)}
    assert _judged_by_systemd(tmp_path, texts) == ""
    for name, old, new in (
        (systemd.SERVICE, "100%% $x", "100%% $y"),
        (systemd.TIMER, "OnUnitActiveSec=15min", "OnUnitActiveSec=soon"),
    ):
        assert _judged_by_systemd(tmp_path, {**texts, name: texts[name].replace(old, new)}) != ""


def _judged_by_systemd(folder: Path, texts: dict[str, str]) -> str:
    for name, text in texts.items():
        (folder / name).write_text(text)
    words = ["systemd-analyze", "--user", "--man=no", "--recursive-errors=no", "verify"]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    done = subprocess.run(
        [*words, *(str(folder / each) for each in texts)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=env,
    )
    return done.stderr


def test_launchd_gets_each_word_of_its_own() -> None:
    told = plistlib.loads(launchd.agent(JOB, "/log").encode())
    assert tuple(told["ProgramArguments"]) == ODD
    assert told["StartInterval"] == 900
    assert launchd.is_ours(launchd.agent(JOB, "/log"))
    assert not launchd.is_ours("<plist><dict><key>Label</key><string>other</string></dict></plist>")
    assert not launchd.is_ours("not xml")


def test_the_task_has_the_schemas_order_and_the_command() -> None:
    text = task_scheduler.task(
        Job(("C:\\Program Files\\mcp & co\\mcp-doctor.exe", "monitor", 'a "b" c\\', "<x>"), 60), 280
    )
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    root = ET.fromstring(text.partition("?>")[2])
    assert root.tag == f"{space}Task"
    names = [each.tag.removeprefix(space) for each in root]
    assert names == ["RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"]
    trigger = root.find(f"{space}Triggers/{space}TimeTrigger")
    assert trigger is not None
    assert [each.tag.removeprefix(space) for each in trigger] == ["Repetition", "StartBoundary", "Enabled"]
    assert root.findtext(f".//{space}Interval") == "PT60M"
    assert root.findtext(f".//{space}Command") == "C:\\Program Files\\mcp & co\\mcp-doctor.exe"
    assert root.findtext(f".//{space}Arguments") == 'monitor "a \\"b\\" c\\\\" <x>'
    assert task_scheduler.command_in(text)[0].endswith("mcp-doctor.exe")


def test_times_are_read_and_told() -> None:
    assert [minutes_of(each) for each in ("5m", "60m", "1h", "24h", "1d")] == [5, 60, 60, 1440, 1440]
    assert [in_short(each) for each in (15, 60, 1440)] == ["15m", "1h", "1d"]
    assert [in_words(each) for each in (15, 60, 120, 1440)] == [
        "every 15 minutes",
        "every hour",
        "every 2 hours",
        "once a day",
    ]
    for each in ("7m", "0m", "1", "", "15", "-5m", "2d", "99999d", "５m"):
        with pytest.raises(ValueError, match="expected one of 5m"):
            minutes_of(each)


def test_the_command_is_this_installation_by_its_full_path(tmp_path: Path) -> None:
    python = tmp_path / "bin/python"
    assert own_command(str(python), windows=False) == (str(python), "-P", "-m", "tui")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/mcp-doctor").touch()
    assert own_command(str(python), windows=False) == (str(tmp_path / "bin/mcp-doctor"),)
    (tmp_path / "bin/pythonw.exe").touch()
    assert own_command(str(python), windows=True, silent=True)[0] == str(tmp_path / "bin/pythonw.exe")
    assert may_vanish(["/root/.cache/uv/archive-v0/abc/bin/mcp-doctor"])
    assert may_vanish(["/home/me/.local/pipx/.cache/1/bin/mcp-doctor"])
    assert not may_vanish(["/home/me/.local/share/uv/tools/mcp-doctor/bin/mcp-doctor"])


def test_words_of_the_shell_are_those_of_shlex() -> None:
    assert shlex.split(cron.command(JOB).replace("\\%", "%")) == list(ODD)
