"""Every state of the program that keeps secrets is told apart; hanging and dying ones end the look in time."""

import os
import signal

import pytest

from tests.support.lab import Lab, a_lab
from tests.support.looking import look, look_at

PROVIDER = "backend.provider"


def test_none_is_installed() -> None:
    with a_lab(exec_line=None) as lab:
        lab.start_bus()
        seen = look_at(lab)
    assert seen.fails == [(PROVIDER, "not-installed", "secret_service_not_provided")]
    assert any("gnome-keyring" in line for line in seen.finding(PROVIDER).fix)


def test_it_is_installed_and_does_not_run_and_the_look_does_not_start_it(lab: Lab) -> None:
    lab.start_bus()
    seen = look_at(lab)
    assert seen.fails == [(PROVIDER, "not-running", "secret_service_not_running")]
    assert "gnome-keyring-daemon" in seen.finding(PROVIDER).facts["command"]
    assert lab.daemon_pid == 0


def test_its_program_has_been_removed() -> None:
    with a_lab(exec_line="/usr/bin/no-such-keyring-daemon --start") as lab:
        lab.start_bus()
        seen = look_at(lab)
    assert seen.fails == [(PROVIDER, "cannot-start", "secret_service_start_failed")]


def test_it_runs(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    seen = look_at(unlocked)
    finding = seen.finding(PROVIDER)
    assert seen.fails == []
    assert finding.outcome == "answers"
    assert finding.facts["program"] == "gnome-keyring-daemon"
    assert finding.facts["pid"] == str(unlocked.daemon_pid)


def test_it_runs_on_another_bus_than_the_variable_names(lab: Lab) -> None:
    lab.start().create_collection("a password")
    with a_lab(exec_line=None) as other:
        address = other.start_bus()
        seen = look_at(lab, DBUS_SESSION_BUS_ADDRESS=address)
    assert seen.fails == [(PROVIDER, "on-another-bus", "secret_service_on_other_bus")]
    assert seen.finding(PROVIDER).facts["live"] == f"unix:path={lab.socket}"


def test_a_stopped_daemon_is_not_a_hung_one(unlocked: Lab) -> None:
    pid = unlocked.suspend_daemon()
    seen = look_at(unlocked)
    assert seen.fails == [(PROVIDER, "stopped", "secret_service_unresponsive")]
    assert f"$ kill -CONT {pid}" in seen.finding(PROVIDER).fix
    os.kill(pid, signal.SIGCONT)
    assert look_at(unlocked).outcome(PROVIDER) == "answers"


@pytest.mark.parametrize(
    ("how", "outcome"),
    [("silent", "hung"), ("ping-only", "hung"), ("garbled", "garbled"), ("dies", "broke-off")],
)
def test_a_provider_that_misbehaves(lab: Lab, how: str, outcome: str) -> None:
    lab.start_bus()
    lab.start_odd_provider(how)
    seen = look(lab.host())
    assert seen.fails == [(PROVIDER, outcome, "secret_service_unresponsive")]


def test_a_provider_that_ends_while_the_entries_are_read_is_unknown_and_not_missing(lab: Lab) -> None:
    lab.start_bus()
    lab.start_odd_provider("breaks-off")
    seen = look(lab.host())
    assert seen.fails == []
    assert seen.finding("lookup.readable").status == "unknown"
    assert seen.finding("lookup.entry").status == "unknown"


def test_a_daemon_killed_between_two_looks(unlocked: Lab) -> None:
    assert look_at(unlocked).outcome(PROVIDER) == "answers"
    unlocked.stop_daemon()
    assert look_at(unlocked).outcome(PROVIDER) == "not-running"
