"""Second daemons are seen where they are in the way, and other sessions' are not taken for them."""

from tests.support.lab import Lab, a_lab
from tests.support.looking import look, look_at

STRAYS = "backend.stray-daemons"


def test_unlock_on_the_command_line_leaves_a_stray(unlocked: Lab) -> None:
    owner = unlocked.daemon_pid
    before = set(unlocked.processes())
    command = unlocked.spawn(["gnome-keyring-daemon", "--unlock"], given=b"lab-password")
    assert command.wait(10) == 0
    unlocked.wait_for(lambda: look(unlocked.host()).outcome(STRAYS) == "strays", "the second daemon")
    seen = look_at(unlocked)
    assert (STRAYS, "strays", "secret_service_stray_daemon") in seen.warnings
    finding = seen.finding(STRAYS)
    pids = {int(each) for each in finding.facts["pids"].split()}
    assert owner not in pids
    assert pids <= set(unlocked.processes()) - before
    assert f"$ kill {finding.facts['pids']}" in finding.fix


def test_another_sessions_daemon_is_no_stray(unlocked: Lab) -> None:
    with a_lab() as other:
        other.start("another password")
        assert look_at(unlocked).outcome(STRAYS) == "alone"


def test_two_sessions_on_one_home(unlocked: Lab) -> None:
    first = unlocked.daemon_pid
    second_bus = unlocked.start_bus(f"unix:path={unlocked.root}/second", set_variable=False)
    shared = unlocked.start_daemon(
        env={"DBUS_SESSION_BUS_ADDRESS": second_bus, "XDG_RUNTIME_DIR": str(unlocked.services)}, wait=False
    )
    unlocked.wait_for(
        lambda: look(unlocked.host()).outcome(STRAYS) == "shared-files", "the daemon on the other bus"
    )
    assert unlocked.daemon_pid == first
    assert look_at(unlocked).finding(STRAYS).facts["pids"] == str(shared.pid)
