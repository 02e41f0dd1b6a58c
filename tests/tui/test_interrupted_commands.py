"""What a crash left half done, at a plain terminal and without one, on a real keyring daemon."""

import json
import signal
import sys
from collections.abc import Iterator

import pytest

from recovery.journal import Event, Journal
from tests.recovery.conftest import PASSWORD as LAB_PASSWORD
from tests.recovery.test_remainder import cut_off as half_done
from tests.support.lab import REPO, Lab
from tests.support.terminal import Terminal
from tests.tui.test_commands import DOCTOR, PASSWORD, SECRETS, config, said

_KILLED = """
import os, signal, sys
from diagnostics.host import this_host
from diagnostics.secret import Secret
from recovery.entries import set_entry
from recovery.journal import Journal
from recovery.model import Ask, AskKind, Remedy
from recovery.runner import carry_out
from recovery.steps.keychain import Unlock
from recovery.world import LocalWorld

world = LocalWorld(this_host())
journal = Journal(world.host)
append = journal.append
def killing(what, operation, **fields):
    append(what, operation, **fields)
    if what.value == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
journal.append = killing
if sys.argv[1] == "unlock":
    ask = Ask("password", AskKind.PASSWORD, "Password of the keychain")
    carry_out(Remedy("unlock-keychain", "Unlock the keychain", "", "", (Unlock(),), (ask,)),
              {"password": Secret("any")}, world, journal)
else:
    set_entry("my_token", Secret("the-new-value-0123"), world, journal)
"""


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as made:
        made.start()
        made.create_collection(PASSWORD)
        assert said(made, *SECRETS, "set", "my", "token", stdin="tok-1234567890\n").returncode == 0
        yield made


def cut_off(lab: Lab, what: str, event: str = "intent") -> Journal:
    child = lab.run([sys.executable, "-c", _KILLED, what, event], env={"PYTHONPATH": str(REPO)})
    assert child.returncode == -signal.SIGKILL, child.stderr
    journal = Journal(lab.host())
    assert len(journal.interrupted()) == 1
    return journal


def at_terminal(lab: Lab, *words: str) -> Terminal:
    return Terminal(
        [*DOCTOR, *words], {**lab.env, "PYTHONPATH": str(REPO), "TERM": "xterm"}, columns=100, rows=40
    )


@pytest.fixture
def over_ssh() -> Iterator[Lab]:
    """A keychain, and a session that has no bus any more."""
    with Lab() as made:
        made.start(LAB_PASSWORD)
        made.stop_daemon()
        made.kill_bus()
        yield made


def test_fix_at_a_terminal_finishes_it_first_and_a_wrong_password_can_be_typed_again(lab: Lab) -> None:
    lab.lock()
    journal = cut_off(lab, "unlock")
    with at_terminal(lab, "fix", "--config", str(config(lab))) as terminal:
        terminal.wait_for("left half done.*Unlock the keychain")
        terminal.wait_for("inish it.*ake it back.*ater")
        terminal.write("f\n")
        terminal.wait_for(r"Do it\?")
        terminal.write("y\n")
        terminal.wait_for("Password of the keychain:")
        terminal.write("wrong\n")
        terminal.wait_for("(?s)inish it.*inish it")
        assert len(journal.interrupted()) == 1
        terminal.write("f\n")
        terminal.wait_for(r"(?s)Do it\?.*Do it\?")
        terminal.write("y\n")
        terminal.wait_for("(?s)Password of the keychain:.*Password of the keychain:")
        terminal.write(f"{PASSWORD}\n")
        terminal.wait_for("Done.")
        assert PASSWORD not in terminal.text
    assert not lab.locked()
    assert journal.operations()[-1].state is Event.DONE


def test_later_leaves_it_and_unlock_goes_on(lab: Lab) -> None:
    lab.lock()
    journal = cut_off(lab, "unlock")
    with at_terminal(lab, "unlock") as terminal:
        terminal.wait_for("inish it")
        terminal.write("l\n")
        terminal.wait_for("[Pp]assword.*:")
        terminal.write(f"{PASSWORD}\n")
        terminal.wait_for("The keychain is open.")
    assert len(journal.interrupted()) == 1


def test_taking_it_back_at_a_terminal(lab: Lab) -> None:
    journal = cut_off(lab, "store", "applied")
    assert lab.keyring_get("my_token") == "the-new-value-0123"
    with at_terminal(lab, "fix", "--config", str(config(lab))) as terminal:
        terminal.wait_for("ake it back")
        terminal.write("t\n")
        terminal.wait_for("Done.")
    assert lab.keyring_get("my_token") == "tok-1234567890"
    assert journal.interrupted() == []


def test_without_a_terminal_nothing_is_built_on_what_is_half_done(lab: Lab) -> None:
    journal = cut_off(lab, "store", "applied")
    done = said(lab, *DOCTOR, "fix", "--yes", "--config", str(config(lab)))
    assert done.returncode == 1
    assert "Cut off half-way" in done.stderr
    assert f"mcp-doctor undo {journal.interrupted()[0].id}" in done.stderr
    assert "Nothing was done" in done.stderr
    assert len(journal.operations()) == 2


def test_without_a_terminal_a_half_done_unlock_keeps_nobody(lab: Lab) -> None:
    lab.lock()
    cut_off(lab, "unlock")
    done = said(lab, *DOCTOR, "unlock", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Cut off half-way" in done.stderr
    assert not lab.locked()


def test_check_mentions_it_in_one_line_and_reports_for_programs_stay_as_they_are(lab: Lab) -> None:
    cut_off(lab, "store", "applied")
    words = ("check", "--offline", "--config", str(config(lab)))
    text = said(lab, *DOCTOR, *words)
    assert len([line for line in text.stderr.splitlines() if "Cut off half-way" in line]) == 1
    assert "Cut off" not in text.stdout
    report = said(lab, *DOCTOR, *words, "--format", "json")
    assert report.stderr == ""
    assert json.loads(report.stdout)["schema"] == "mcp-doctor.report/1"


@pytest.mark.parametrize("named", [True, False])
def test_undo_takes_back_what_was_left_half_done(lab: Lab, named: bool) -> None:
    journal = cut_off(lab, "store", "applied")
    (half,) = journal.interrupted()
    assert said(lab, *SECRETS, "set", "other", stdin="other-1234567890\n").returncode == 0
    done = said(lab, *DOCTOR, "undo", *([half.id] if named else []))
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("was left half done: that is taken back first" in done.stdout) is not named
    assert lab.keyring_get("my_token") == "tok-1234567890"
    assert lab.keyring_get("other") == "other-1234567890"
    assert journal.interrupted() == []


def test_the_app_finishes_what_a_kill_left_with_the_password_typed_again(over_ssh: Lab) -> None:
    half_done(over_ssh, "verified 0")
    del over_ssh.env["DBUS_SESSION_BUS_ADDRESS"]  # the next login over SSH has no such variable
    with at_terminal(over_ssh) as terminal:
        terminal.wait_for("left half done")
        terminal.press("f")
        terminal.wait_for("Password of the keychain")
        for typed, seen in (("wrong", "You can try again"), (LAB_PASSWORD, "Finished.")):
            terminal.write(typed)
            terminal.press("enter")
            terminal.wait_for("Shall it be done")
            terminal.press("enter")
            terminal.wait_for(seen)
        assert "$ export DBUS_SESSION_BUS_ADDRESS=" in terminal.text
        assert LAB_PASSWORD.encode() not in terminal.stream
    (operation,) = Journal(over_ssh.host()).operations()
    assert operation.state is Event.DONE
