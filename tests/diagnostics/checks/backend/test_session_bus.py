"""Every way in which a session can lack its bus is told apart, on real sockets and a real dbus-daemon."""

import os
import signal

import pytest

from diagnostics.model import Session, Status
from tests.support.lab import Lab, a_lab
from tests.support.looking import look, look_at, undisturbed

BUS = "backend.session-bus"


@pytest.mark.parametrize(
    ("session", "outcome"),
    [
        (Session.LOCAL, "unset"),
        (Session.SSH, "unset-ssh"),
        (Session.CRON, "unset-cron"),
        (Session.SERVICE, "unset-service"),
        (Session.CONTAINER, "unset-container"),
    ],
)
def test_no_bus_is_named_for_the_session_it_is_missing_in(lab: Lab, session: Session, outcome: str) -> None:
    with undisturbed(lab, bus=False):
        seen = look(lab.host(session=session))
    assert seen.fails == [(BUS, outcome, "dbus_no_session_bus")]


def test_over_ssh_it_says_where_a_bus_would_be_and_how_to_keep_one(lab: Lab) -> None:
    finding = look(lab.host()).finding(BUS)
    assert f"/run/user/{os.getuid()}/bus" in finding.detail
    assert any("enable-linger" in line for line in finding.fix)


def test_a_bus_that_runs_unnamed_is_found(lab: Lab) -> None:
    lab.start_bus(set_variable=False)
    seen = look_at(lab, bus=False)
    assert seen.fails == [(BUS, "unset-but-live", "dbus_no_session_bus")]
    assert f"$ export DBUS_SESSION_BUS_ADDRESS=unix:path={lab.socket}" in seen.finding(BUS).fix


def test_an_empty_address(lab: Lab) -> None:
    assert look_at(lab, bus=False, DBUS_SESSION_BUS_ADDRESS="").outcome(BUS) == "empty"


def test_an_empty_address_beside_a_live_bus(lab: Lab) -> None:
    lab.start_bus()
    seen = look_at(lab, DBUS_SESSION_BUS_ADDRESS="")
    assert seen.fails == [(BUS, "elsewhere", "dbus_no_session_bus")]


@pytest.mark.parametrize(
    "address", ["nonsense", "unix:", "unix:path", "unix:path=", "unix:tmpdir=/tmp", ";;"]
)
def test_an_address_that_makes_no_sense(lab: Lab, address: str) -> None:
    seen = look_at(lab, bus=False, DBUS_SESSION_BUS_ADDRESS=address)
    assert [(check, cause) for check, _, cause in seen.fails] == [(BUS, "dbus_no_session_bus")]
    assert seen.outcome(BUS) in {"invalid", "no-socket"}


@pytest.mark.parametrize("address", ["tcp:host=127.0.0.1,port=1", "autolaunch:", "launchd:env=X"])
def test_an_address_that_python_clients_cannot_use(lab: Lab, address: str) -> None:
    assert look_at(lab, bus=False, DBUS_SESSION_BUS_ADDRESS=address).outcome(BUS) == "unsupported"


def test_a_socket_that_is_gone(lab: Lab) -> None:
    address = f"unix:path={lab.runtime}/gone"
    seen = look_at(lab, bus=False, DBUS_SESSION_BUS_ADDRESS=address)
    assert seen.fails == [(BUS, "no-socket", "dbus_no_session_bus")]


def test_a_dead_bus_leaves_a_stale_socket(lab: Lab) -> None:
    lab.start_bus()
    lab.kill_bus()
    assert lab.socket.is_socket()
    assert look_at(lab, bus=False).fails == [(BUS, "refused", "dbus_no_session_bus")]


def test_a_stopped_bus_is_hung_and_the_look_still_ends(lab: Lab) -> None:
    lab.start_bus()
    os.kill(lab.bus.pid, signal.SIGSTOP)
    assert look_at(lab, bus=False).fails == [(BUS, "hung", "dbus_bus_unresponsive")]


def test_the_second_of_two_addresses_is_tried(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    both = f"unix:path={unlocked.runtime}/gone;{unlocked.address}"
    seen = look_at(unlocked, DBUS_SESSION_BUS_ADDRESS=both)
    assert seen.outcome(BUS) == "answers"
    assert seen.outcome("lookup.entry") == "found"


def test_an_abstract_address() -> None:
    with a_lab(listen=f"unix:abstract=/lab/{os.getpid()}/{os.urandom(4).hex()}") as lab:
        lab.start_bus()
        assert look_at(lab).outcome(BUS) == "answers"


def test_what_rests_on_the_bus_waits_and_one_thing_fails(lab: Lab) -> None:
    seen = look(lab.host())
    waiting = {each.check for each in seen.findings if each.outcome == "runner.waits"}
    assert waiting >= {"backend.provider", "permission.collection-locked", "lookup.entry", "lookup.twins"}
    assert len(seen.fails) == 1
    assert {each.status for each in seen.findings if each.check in waiting} == {Status.SKIP}
