"""From each state of a real session to a keychain that a new process can use."""

import dataclasses
import os
import signal
from pathlib import Path

import pytest

from diagnostics.secret import Secret
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.runner import Result, carry_out, preview, undo
from recovery.steps.bus import StartBus
from recovery.world import LocalWorld
from tests.recovery.conftest import PASSWORD, judge, mend, way
from tests.support.lab import LOGIN, Lab


def a_world(lab: Lab, **env: str | None) -> LocalWorld:
    merged = {name: value for name, value in {**lab.env, **env}.items() if value is not None}
    return LocalWorld(dataclasses.replace(lab.host(), env=merged))


def with_entry(lab: Lab, name: str = "prior") -> str:
    """A session with a keychain that holds one entry; the keychain is on the disk."""
    lab.start(PASSWORD)
    lab.add_entry(name, name)
    return name


def kinds(world: LocalWorld) -> list[str]:
    return [step.kind for step in way(world).steps]


def test_a_locked_keychain_is_unlocked(lab: Lab) -> None:
    prior = with_entry(lab)
    lab.restart_daemon()
    world = a_world(lab)
    assert way(world).id == "unlock-keychain"
    assert mend(world).ok
    judge(lab, world, prior)


def test_without_bus_and_keychain_one_remedy_leads_to_an_open_keychain(lab: Lab) -> None:
    world = a_world(lab)
    assert kinds(world) == ["start-bus", "start-provider", "create-keychain"]
    outcome = mend(world)
    assert outcome.ok, outcome
    assert any(line == f"$ export DBUS_SESSION_BUS_ADDRESS=unix:path={lab.socket}" for line in outcome.notes)
    assert outcome.host == world.host
    judge(lab, world)


def test_without_bus_but_with_a_keychain_the_password_opens_it(lab: Lab) -> None:
    prior = with_entry(lab)
    lab.stop_daemon()
    lab.kill_bus()
    lab.socket.unlink()
    world = a_world(lab, DBUS_SESSION_BUS_ADDRESS=None)
    assert kinds(world) == ["start-bus", "start-provider", "unlock"]
    assert mend(world).ok
    judge(lab, world, prior)


def test_a_started_bus_has_no_display_no_credentials_and_a_session_of_its_own(lab: Lab) -> None:
    world = a_world(lab, DISPLAY=":9", WAYLAND_DISPLAY="w", XAUTHORITY="x", SOME_TOKEN="s")
    assert mend(world).ok
    pid = world.keychain.state().bus.pid
    env = Path(f"/proc/{pid}/environ").read_bytes()
    for name in (b"DISPLAY", b"WAYLAND", b"XAUTHORITY", b"SOME_TOKEN"):
        assert name not in env
    assert os.getsid(pid) != os.getsid(0)


def test_a_dead_bus_is_replaced_on_its_own_path(lab: Lab) -> None:
    prior = with_entry(lab)
    lab.stop_daemon()
    lab.kill_bus()
    world = a_world(lab)
    assert world.keychain.state().bus.trouble == "refused"
    first = way(world).steps[0]
    assert isinstance(first, StartBus)
    assert first.socket == str(lab.socket)
    assert mend(world).ok
    judge(lab, world, prior)


def test_a_bus_is_never_started_over_a_live_one(lab: Lab) -> None:
    lab.start(PASSWORD)
    world = a_world(lab)
    before = lab.bus.pid
    step = StartBus(str(lab.socket), None)
    with pytest.raises(RecoveryError, match="alive"):
        step.preview(world)
    with pytest.raises(RecoveryError, match="alive"):
        step.apply(world, {})
    with pytest.raises(RecoveryError, match="not started by"):
        step.undo(world, {})
    assert world.keychain.state().bus.pid == before


def test_an_unset_variable_with_a_live_bus_leads_to_that_bus(lab: Lab) -> None:
    prior = with_entry(lab)
    world = a_world(lab, DBUS_SESSION_BUS_ADDRESS=None)
    assert kinds(world) == ["use-bus"]
    outcome = mend(world)
    assert outcome.ok
    assert outcome.notes[-1].startswith("$ export DBUS_SESSION_BUS_ADDRESS=")
    judge(lab, world, prior)


def test_a_provider_that_does_not_run_is_started_and_unlocked(lab: Lab) -> None:
    prior = with_entry(lab)
    lab.stop_daemon()
    world = a_world(lab)
    assert kinds(world) == ["start-provider", "unlock"]
    assert mend(world).ok
    judge(lab, world, prior)


def test_a_provider_without_a_keychain_gets_one(lab: Lab) -> None:
    lab.start()
    world = a_world(lab)
    assert kinds(world) == ["create-keychain"]
    assert mend(world).ok
    judge(lab, world)
    lab.restart_daemon()
    assert mend(world).ok
    judge(lab, world)


def test_a_keychain_under_another_label_becomes_the_default(lab: Lab) -> None:
    lab.start()
    other = lab.create_collection(PASSWORD, "Work")
    lab.lock(other)
    world = a_world(lab)
    assert kinds(world) == ["set-default", "unlock"]
    assert mend(world).ok
    judge(lab, world)
    assert undo(None, world, Journal(world.host)).ok
    assert lab.locked(other)
    assert lab.read_alias() == "/"


def test_a_default_that_names_a_missing_keychain_is_set_right(lab: Lab) -> None:
    prior = with_entry(lab)
    lab.stop_daemon()
    (lab.keyrings / "default").write_text("gone")
    lab.start_daemon()
    world = a_world(lab)
    assert kinds(world) == ["set-default", "unlock"]
    assert mend(world).ok
    judge(lab, world, prior)


def test_an_alias_without_its_object_is_cured_by_a_restart_that_names_the_process(lab: Lab) -> None:
    prior = with_entry(lab)
    lab.stop_daemon()
    aside = lab.keyrings / "aside"
    (lab.keyrings / "login.keyring").rename(aside)
    lab.start_daemon()
    aside.rename(lab.keyrings / "login.keyring")
    world = a_world(lab)
    assert kinds(world) == ["restart-provider", "unlock"]
    pid = lab.daemon_pid
    assert any(f"process {pid}" in change.what for change in preview(way(world), world))
    assert mend(world).ok
    assert lab.daemon_pid != pid
    judge(lab, world, prior)


def test_a_stopped_daemon_runs_on(lab: Lab) -> None:
    prior = with_entry(lab)
    pid = lab.suspend_daemon()
    world = a_world(lab)
    assert way(world).id == "revive-provider"
    assert kinds(world)[0] == "continue-provider"
    assert mend(world).ok
    assert lab.daemon_pid == pid
    judge(lab, world, prior)


def test_a_hung_daemon_is_killed_and_started_afresh(lab: Lab) -> None:
    from recovery.model import Remedy
    from recovery.steps.keychain import Unlock
    from recovery.steps.provider import RestartProvider

    prior = with_entry(lab)
    pid = lab.suspend_daemon()  # ignores SIGTERM, as a hung one does
    world = a_world(lab)
    steps = (RestartProvider(pid, "gnome-keyring-daemon", force=True), Unlock())
    remedy = Remedy("revive-provider", "t", "w", "", steps)
    assert carry_out(remedy, {"password": Secret(PASSWORD)}, world, Journal(world.host)).ok
    judge(lab, world, prior)


def test_stray_daemons_are_ended_and_the_owner_is_not(lab: Lab) -> None:
    from recovery.model import Remedy
    from recovery.steps.provider import EndStrays

    prior = with_entry(lab)
    lab.restart_daemon()
    stray = lab.spawn(["gnome-keyring-daemon", "--foreground", "--unlock"], given=PASSWORD.encode())
    world = a_world(lab)
    lab.wait_for(lambda: world.keychain.state().provider.strays != (), "the stray is seen")
    assert mend(world).ok
    owner = lab.daemon_pid
    strays = world.keychain.state().provider.strays
    assert strays == (stray.pid,)
    with pytest.raises(RecoveryError, match="in use"):
        EndStrays((owner,), "gnome-keyring-daemon").apply(world, {})
    remedy = Remedy("end-stray-daemons", "t", "w", "", (EndStrays(strays, "gnome-keyring-daemon"),))
    assert carry_out(remedy, {}, world, Journal(world.host)).ok
    assert stray.wait(5) == -signal.SIGTERM or stray.returncode == 0
    assert lab.daemon_pid == owner
    judge(lab, world, prior)


def test_a_wrong_password_is_said_clearly_and_changes_nothing(lab: Lab) -> None:
    with_entry(lab)
    lab.restart_daemon()
    world = a_world(lab)
    before = lab.snapshot()
    outcome = mend(world, "wrong-password-canary")
    assert outcome.result is Result.NOTHING_CHANGED
    assert "not the right one" in outcome.error
    assert "canary" not in repr(outcome)
    assert lab.locked()
    changed = {path for path, what in lab.snapshot().items() if before.get(path) != what}
    assert all("mcp-doctor" in path or path.endswith(".local/state") for path in changed)


def test_a_wrong_password_after_a_started_bus_takes_bus_and_daemon_back(lab: Lab) -> None:
    with_entry(lab)
    lab.stop_daemon()
    lab.kill_bus()
    world = a_world(lab)
    outcome = mend(world, "wrong")
    assert outcome.result is Result.NOTHING_CHANGED, outcome
    assert world.keychain.state().bus.trouble in {"refused", "no-socket"}
    assert not [pid for pid in lab.processes() if "gnome-keyring" in Path(f"/proc/{pid}/comm").read_text()]
    assert mend(world).ok


def test_an_empty_password_never_reaches_the_daemon(lab: Lab) -> None:
    lab.start()
    world = a_world(lab)
    assert mend(world, "").result is Result.REFUSED
    with pytest.raises(RecoveryError, match="empty password"):
        world.keychain.create(Secret(""))
    lab.create_collection(PASSWORD)
    with pytest.raises(RecoveryError, match="empty password"):
        world.keychain.change_password(LOGIN, Secret(PASSWORD), Secret(""))
    assert (lab.keyrings / "login.keyring").read_bytes().startswith(b"GnomeKeyring")


def test_changing_the_password_verifies_the_old_one_even_while_unlocked(unlocked: Lab) -> None:
    world = a_world(unlocked)
    world.keychain.change_password(LOGIN, Secret(PASSWORD), Secret(PASSWORD))
    with pytest.raises(RecoveryError, match="not the right one"):
        world.keychain.change_password(LOGIN, Secret("other"), Secret("other"))


def test_an_unlocked_keychain_needs_nothing(unlocked: Lab) -> None:
    assert way(a_world(unlocked)).steps == ()


def test_a_created_keychain_is_taken_back_only_while_it_is_empty(lab: Lab) -> None:
    lab.start()
    world = a_world(lab)
    assert mend(world).ok
    assert undo(None, world, Journal(world.host)).ok
    assert world.keychain.state().default is None or not world.keychain.state().usable
    assert mend(world).ok
    lab.add_entry("kept", "kept")
    outcome = undo(None, world, Journal(world.host))
    assert outcome.result is Result.PARTLY
    assert any("holds entries" in note for note in outcome.notes)
    assert lab.keyring_get("kept") == "kept"


def test_a_damaged_keychain_is_not_passed_over(lab: Lab) -> None:
    with_entry(lab)
    lab.stop_daemon()
    file = lab.keyrings / "login.keyring"
    file.write_bytes(b"rubbish" * 40)
    lab.start_daemon()
    world = a_world(lab)
    with pytest.raises(RecoveryError, match="damaged"):
        way(world)
    with pytest.raises(RecoveryError, match="could not read it"):
        world.keychain.create(Secret(PASSWORD))
    assert sorted(each.name for each in lab.keyrings.glob("*.keyring")) == ["login.keyring"]
