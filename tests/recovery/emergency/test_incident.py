"""An incident from its start to its report, on the real kernel: who gets the token, what is recorded, what a kill leaves."""

import base64
import json
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnostics.emergency import open_incidents
from diagnostics.model import Status
from recovery.emergency import kernel_keyring
from recovery.emergency.incident import Incident
from recovery.journal import Journal
from tests.recovery.emergency.conftest import REPO, Desk

Canary = Callable[[], str]


def only(desk: Desk) -> Incident:
    (incident,) = desk.incidents()
    return incident


def held(desk: Desk) -> bool:
    return kernel_keyring.is_held(f"mcp-doctor:{only(desk).id}")


def close(desk: Desk, *words: str) -> tuple[int, str]:
    done = desk.doctor("emergency", "close", "--offline", "--config", str(desk.config), *words)
    return done.returncode, done.stdout.decode() + done.stderr.decode()


# ── who gets it ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_named_server_gets_it_and_no_other(desk: Desk, canary: Canary) -> None:
    token = canary()
    assert desk.start(token).returncode == 0
    done = desk.launch()
    assert done.stdout.decode() == f"github={token}\n"
    assert done.stderr.decode().count("\n") == 1
    assert b"emergency access is open for github" in done.stderr
    other = desk.launch("linear")
    assert other.returncode == 78
    assert b"not for this start" in other.stderr
    assert [each["server"] for each in only(desk).served] == ["github"]


def test_another_server_with_the_same_reference_does_not_get_it(desk: Desk, canary: Canary) -> None:
    desk.servers(github={"TOKEN": "${SECRET:t}", "SERVER": "a"}, twin={"TOKEN": "${SECRET:t}", "SERVER": "b"})
    assert desk.start(canary()).returncode == 0
    assert desk.launch("github").returncode == 0
    assert desk.launch("twin").returncode == 78


def test_an_entry_started_by_its_name_is_known_by_its_id(desk: Desk, canary: Canary) -> None:
    token = canary()
    env = {"TOKEN": "${SECRET:t}", "SERVER": "a"}
    entry = {"command": "printenv", "args": ["TOKEN"], "env": env}
    desk.config.write_text(json.dumps({"mcpServers": {"github": entry, "twin": entry}}))
    done = desk.start(token)
    assert done.returncode == 0
    assert b"without `mcp-doctor run`" in done.stdout
    config = f"--config={desk.config}"
    launched = desk.doctor("run", config, "github")
    assert launched.stdout.decode() == f"{token}\n", launched.stderr
    assert desk.doctor("run", config, "twin").returncode == 78


def test_of_several_credentials_one_must_be_named(desk: Desk, canary: Canary) -> None:
    desk.servers(github={"TOKEN": "${SECRET:one}", "OTHER": "${SECRET:two}", "SERVER": "a"})
    refused = desk.start(canary())
    assert refused.returncode == 2
    assert b"--field" in refused.stderr
    assert desk.start(canary(), "--field", "env.TOKEN").returncode == 0
    assert only(desk).names == ("secret:one",)


def test_when_time_is_up_the_token_is_gone_and_the_incident_open(desk: Desk, canary: Canary) -> None:
    assert desk.start(canary(), "--ttl", "2s").returncode == 0
    end = time.monotonic() + 10
    while held(desk):
        assert time.monotonic() < end
        time.sleep(0.02)
    done = desk.launch()
    assert done.returncode == 78
    assert b"the time of its token is up" in done.stderr
    status = desk.doctor("emergency", "status").stdout.decode()
    assert "stays open until it is closed" in status
    assert close(desk, "--anyway", "--revoked")[0] == 0
    report = (desk.host.state_dir / "incidents" / f"incident-{only(desk).id}.md").read_text()
    assert "time was up before the incident was closed" in report


def test_a_clock_set_back_gives_no_more_time(desk: Desk, canary: Canary) -> None:
    assert desk.start(canary()).returncode == 0
    (opened,) = open_incidents(desk.host)
    path = desk.host.state_dir / "emergency" / f"{opened.id}.json"
    data = json.loads(path.read_text()) | {"ends_since_boot": 1.0}
    path.write_text(json.dumps(data))
    assert desk.launch().returncode == 78
    path.write_text(json.dumps(data | {"ends_since_boot": 1e12, "boot": "another start of the computer"}))
    assert desk.launch().returncode == 78


# ── what must hold before ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--reason", " "), 2, "say why"),
        (("--reason", "x" * 500), 2, "longer"),
        (("--ticket", "a\nb"), 2, "ticket"),
        (("--ttl", "9h"), 2, "at most 480 minutes"),
        (("--ttl", "60"), 2, "written as"),
        (("--field", "env.NONE"), 2, "no reference"),
    ],
)
def test_a_wrong_call_changes_nothing(desk: Desk, words: tuple[str, ...], code: int, said: str) -> None:
    done = desk.start("sometoken", *words)
    assert done.returncode == code
    assert said in done.stderr.decode()
    assert desk.incidents() == []
    assert not desk.host.state_dir.exists()


def test_a_credential_in_the_reason_is_not_written_down(desk: Desk, canary: Canary) -> None:
    pasted = "ghp" + "_" + canary()[6:42]
    done = desk.start("sometoken", "--reason", f"broken {pasted}")
    assert done.returncode == 2
    assert pasted not in (done.stdout + done.stderr).decode()
    assert not desk.host.state_dir.exists()


def test_a_damaged_token_is_refused_without_yes(desk: Desk) -> None:
    done = desk.start('"quoted-token"')
    assert (done.returncode, desk.incidents()) == (1, [])
    assert b"--yes" in done.stdout
    assert desk.start('"quoted-token"', "--yes").returncode == 0


# ── no record, no deed ──────────────────────────────────────────────────────────────────────────────────────


def test_no_record_no_token(desk: Desk, canary: Canary) -> None:
    desk.host.state_dir.mkdir(parents=True, mode=0o700)
    (desk.host.state_dir / "journal.jsonl").mkdir()
    assert desk.start(canary()).returncode in {1, 2}
    assert open_incidents(desk.host) == []
    (desk.host.state_dir / "journal.jsonl").rmdir()
    assert desk.incidents() == []


def test_a_serving_that_can_not_be_recorded_does_not_happen(desk: Desk, canary: Canary) -> None:
    token = canary()
    assert desk.start(token).returncode == 0
    trail = desk.host.state_dir / "journal.jsonl"
    aside = trail.rename(trail.with_suffix(".aside"))
    trail.mkdir()
    done = desk.launch()
    assert done.returncode == 78
    assert b"not served" in done.stderr
    assert token.encode() not in done.stdout
    trail.rmdir()
    aside.rename(trail)
    assert desk.launch().returncode == 0


# ── closing ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_closing_takes_the_token_first_and_stays_open_while_the_path_is_broken(
    desk: Desk, canary: Canary
) -> None:
    assert desk.start(canary()).returncode == 0
    code, said = close(desk)
    assert code == 1
    assert "stays open" in said
    assert not held(desk)
    assert only(desk).is_open
    assert close(desk, "--anyway")[0] == 0
    incident = only(desk)
    assert (incident.state, incident.token_revoked) == ("closed", False)
    assert open_incidents(desk.host) == []
    assert desk.launch().stderr.count(b"emergency") == 0
    assert close(desk)[0] == 2


def test_the_report_tells_all_of_it_and_the_trail_holds(desk: Desk, canary: Canary) -> None:
    token = canary()
    desk.start(token, "--ticket", "INC-7")
    desk.launch()
    desk.launch()
    assert close(desk, "--anyway", "--revoked")[0] == 0
    folder = desk.host.state_dir / "incidents"
    data = json.loads((folder / f"incident-{only(desk).id}.json").read_text())
    assert (data["ticket"], data["served"], data["token_revoked"]) == ("INC-7", 2, True)
    assert data["audit_trail"]["holds"] is True
    assert [each["what"] for each in data["timeline"]].count("done") == 3
    assert len([each for each in data["timeline"] if each["what"].startswith("token served")]) == 2
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Journal(desk.host).verify() == []
    assert desk.doctor("audit", "verify").returncode == 0


def test_check_warns_until_it_is_closed(desk: Desk, canary: Canary) -> None:
    def findings() -> list[str]:
        done = desk.doctor("check", "--format", "json", "--offline", "--config", str(desk.config))
        found = json.loads(done.stdout)["findings"]
        return [each["status"] for each in found if each["check"] == "backend.emergency"]

    assert findings() == []
    desk.start(canary())
    assert findings() == [Status.WARN]
    close(desk, "--anyway")
    assert findings() == []


def test_taken_back_before_any_start_nothing_stays_open(desk: Desk, canary: Canary) -> None:
    desk.start(canary())
    assert desk.doctor("undo").returncode == 0
    assert only(desk).state == "taken back"
    assert not held(desk)


def test_taken_back_after_a_start_it_has_to_be_closed(desk: Desk, canary: Canary) -> None:
    desk.start(canary())
    desk.launch()
    done = desk.doctor("undo")
    assert done.returncode == 1
    assert b"emergency close" in done.stdout + done.stderr
    assert not held(desk)
    assert only(desk).is_open


# ── killed at any instant ───────────────────────────────────────────────────────────────────────────────────

_KILL = """
import os, signal
import recovery.journal, recovery.files, recovery.emergency.kernel_keyring as k
left = [{at}]
def cut(real):
    def call(*words, **named):
        left[0] -= 1
        if left[0] == 0: os.kill(os.getpid(), signal.SIGKILL)
        result = real(*words, **named)
        left[0] -= 1
        if left[0] == 0: os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call
recovery.journal.Journal.append = cut(recovery.journal.Journal.append)
recovery.files.LocalFiles.write = cut(recovery.files.LocalFiles.write)
k.hold = cut(k.hold)
"""


@pytest.mark.parametrize("at", range(1, 15))
def test_a_start_that_was_killed_is_told_and_taken_back(desk: Desk, canary: Canary, at: int) -> None:
    done = desk.start(canary(), before=_KILL.format(at=at))
    assert done.returncode == -signal.SIGKILL
    found = desk.incidents()
    if not found:
        assert open_incidents(desk.host) == []
        return
    (incident,) = found
    if incident.state == "open":  # only the last word on the screen was missing
        assert close(desk, "--anyway")[0] == 0
        return
    assert incident.state == "half begun"
    assert b"Cut off half-way" in desk.doctor("check", "--offline", "--config", str(desk.config)).stderr
    assert desk.doctor("undo").returncode == 0
    assert only(desk).state == "taken back"
    assert not held(desk)
    assert open_incidents(desk.host) == []
    assert Journal(desk.host).verify() == []


@pytest.mark.parametrize("at", [5, 8])
def test_a_start_that_was_killed_does_not_block_the_next_one(desk: Desk, canary: Canary, at: int) -> None:
    assert desk.start(canary(), before=_KILL.format(at=at)).returncode == -signal.SIGKILL
    assert only(desk).state == "half begun"
    token = canary()
    done = desk.start(token)
    assert done.returncode == 0, done.stdout
    assert b"was cut off half-way: it was taken back" in done.stderr
    assert sorted(each.state for each in desk.incidents()) == ["open", "taken back"]
    assert desk.launch().stdout.decode() == f"github={token}\n"
    assert Journal(desk.host).verify() == []


# ── more time, and several at once ──────────────────────────────────────────────────────────────────────────


def extend(desk: Desk, *words: str) -> tuple[int, str]:
    asked = ["emergency", "start", "github", "--extend", "--config", str(desk.config), *words]
    done = desk.doctor(
        *asked, before="from recovery.emergency import kernel_keyring as k\nk._keyctl(1, None)"
    )
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def test_more_time_needs_a_reason_of_its_own_and_is_in_the_report(desk: Desk, canary: Canary) -> None:
    token = canary()
    assert extend(desk, "--reason", "not begun yet")[0] == 2
    assert desk.start(token, "--ttl", "2s").returncode == 0
    assert extend(desk, "--reason", "x")[0] == 2
    assert extend(desk, "--reason", "too long", "--ttl", "9h")[0] == 2
    code, said = extend(desk, "--reason", "the backup is on a tape", "--ttl", "30m")
    assert code == 0, said
    assert 1790 < only(desk).seconds_left <= 1800
    time.sleep(2.1)  # the kernel itself has the new limit
    assert desk.launch().stdout.decode() == f"github={token}\n"
    assert desk.doctor("undo").returncode == 0
    assert only(desk).seconds_left == 0
    assert not held(desk)
    code, said = extend(desk, "--reason", "again", "--ttl", "30m")
    assert code == 1
    assert "begin another emergency" in said
    close(desk, "--anyway")
    report = (desk.host.state_dir / "incidents" / f"incident-{only(desk).id}.md").read_text()
    assert "the backup is on a tape" in report
    assert Journal(desk.host).verify() == []


def test_two_at_once_are_told_apart(desk: Desk, canary: Canary) -> None:
    one, two = canary(), canary()
    assert desk.start(one).returncode == 0
    assert desk.start(two, server="linear").returncode == 0
    assert desk.launch("github").stdout.decode() == f"github={one}\n"
    done = desk.launch("linear")
    assert done.stdout.decode() == f"linear={two}\n"
    assert done.stderr.decode().count("\n") == 1
    assert b"2 incidents are open" in done.stderr
    refused = desk.doctor("emergency", "close", "--offline", "--config", str(desk.config))
    assert refused.returncode == 2
    assert b"say which one" in refused.stderr
    assert close(desk, "--anyway", "linear")[0] == 0
    assert desk.launch("linear").returncode == 78
    assert desk.launch("github").stdout.decode() == f"github={one}\n"


def test_a_second_one_for_the_same_server_is_said_and_serves_the_newer_token(
    desk: Desk, canary: Canary
) -> None:
    assert desk.start(canary()).returncode == 0
    token = canary()
    done = desk.start(token)
    assert b"is open for github already" in done.stdout
    assert desk.launch().stdout.decode() == f"github={token}\n"


# ── nowhere else ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_token_is_in_no_file_and_no_output(desk: Desk, canary: Canary, tmp_path: Path) -> None:
    token = canary()
    said = desk.start(token, "--ticket", "INC-1")
    out = [said.stdout, said.stderr]
    for words in (
        ("emergency", "status", "--format", "json"),
        ("check", "--offline", "--config", str(desk.config)),
        ("audit", "show"),
        ("audit", "export"),
    ):
        done = desk.doctor(*words)
        out += [done.stdout, done.stderr]
    out.append(desk.launch().stderr)
    out.append(close(desk, "--anyway")[1].encode())
    out += [each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()]
    out.append(Path("/proc/keys").read_bytes())
    forms = [
        token.encode(),
        base64.b64encode(token.encode())[:32],
        token.encode().hex().encode(),
        token[8:24].encode(),
    ]
    assert len(out) > 15
    for text in out:
        for form in forms:
            assert form not in text


def test_without_an_incident_nothing_of_it_is_loaded(desk: Desk) -> None:
    code = (
        "import sys, os\n"
        "from diagnostics.host import this_host\n"
        "import recovery.launcher as l\n"
        "l.become = lambda *_: print(sorted(m for m in sys.modules if 'emergency' in m)) or 0\n"
        "l.run(['--', 'true'], this_host())\n"
    )
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code], env=desk.env, capture_output=True, text=True, check=False, cwd=REPO
    )
    assert done.stdout == "[]\n", done.stderr
