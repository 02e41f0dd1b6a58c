"""What the design rests on, held against the daemon that is installed: if one of these changes, so must the code."""

import json
import subprocess
import sys
import time

import pytest

from diagnostics.child import ChildTimeoutError, run_child
from diagnostics.stores.bus import Bus, BusError, is_listening
from tests.support.lab import LOGIN, Lab, require
from tests.support.looking import look, look_at

PASSWORD = "lab-password"
GET = "import keyring; print(keyring.get_password('mcp-secrets', 'github_token'))"


def test_keyring_has_no_limit_and_a_child_that_asks_it_is_ended(unlocked: Lab) -> None:
    unlocked.suspend_daemon()
    before = sorted(unlocked.processes())
    began = time.monotonic()
    with pytest.raises(ChildTimeoutError):
        run_child([sys.executable, "-c", GET], env=unlocked.env, seconds=1.5)
    assert time.monotonic() - began < 3
    assert sorted(unlocked.processes()) == before


def test_a_child_that_is_ended_takes_its_own_children_with_it(lab: Lab) -> None:
    with pytest.raises(ChildTimeoutError):
        run_child(["sh", "-c", "sleep 3600 & sleep 3600"], env=lab.env, seconds=0.3)
    lab.wait_for(lambda: lab.processes() == [], "nothing is left")


def test_a_locked_keychain_looks_like_no_token_to_secret_tool(unlocked: Lab) -> None:
    require("secret-tool")
    unlocked.add_entry("github_token", "value")
    unlocked.lock()
    done = unlocked.run(["secret-tool", "lookup", "service", "mcp-secrets", "username", "github_token"])
    assert (done.returncode, done.stdout) == (1, "")
    assert look_at(unlocked).outcome("permission.collection-locked") == "locked"


def test_a_prompt_that_nobody_answers_hangs_keyring_and_not_the_look(unlocked: Lab) -> None:
    """The prompter is started by the bus: a bus with a display shows a window, wherever the client runs."""
    unlocked.add_entry("github_token", "value")
    unlocked.install("/bin/sleep 3600", name="org.gnome.keyring.SystemPrompter")
    unlocked.lock()
    look_at(unlocked)
    assert unlocked.locked()
    with pytest.raises(subprocess.TimeoutExpired):
        unlocked.python(GET, seconds=2)


def test_without_a_prompter_keyring_fails_at_once(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    unlocked.lock()
    done = unlocked.run([sys.executable, "-c", GET])
    assert done.returncode != 0
    assert "KeyringLocked" in done.stderr


def test_unlocking_what_is_unlocked_accepts_any_password(unlocked: Lab) -> None:
    unlocked.unlock("certainly wrong")
    unlocked.lock()
    with pytest.raises(BusError, match="Denied"):
        unlocked.unlock("certainly wrong")


def test_one_flipped_byte_reads_as_a_wrong_password(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    unlocked.stop_daemon()
    path = unlocked.keyrings / "login.keyring"
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    path.write_bytes(content)
    unlocked.start_daemon()
    with pytest.raises(BusError, match="Denied"):
        unlocked.unlock(PASSWORD)
    assert look_at(unlocked).fails == [("permission.collection-locked", "locked", "keyring_locked")]


def test_a_second_bus_on_a_live_socket_steals_it(unlocked: Lab) -> None:
    """Why nothing may start a bus before it has tried to connect."""
    old = unlocked.connect()
    first = unlocked.bus
    assert is_listening(str(unlocked.socket))
    unlocked.start_bus()
    assert first.poll() is None
    assert old.owner("org.freedesktop.secrets") is not None
    assert unlocked.connect().owner("org.freedesktop.secrets") is None
    assert look(unlocked.host()).outcome("backend.provider") == "not-running"


def test_the_look_is_safe_in_every_state_of_one_session(lab: Lab) -> None:
    """From nothing to an unlocked entry; each look leaves names, files and processes as they were."""
    look_at(lab, bus=False)
    lab.start_bus()
    look_at(lab)
    lab.activate()
    look_at(lab)
    lab.create_collection(PASSWORD)
    lab.add_entry("github_token", "value")
    look_at(lab)
    lab.lock()
    look_at(lab)
    lab.stop_daemon()
    look_at(lab)
    assert lab.activate()
    assert look_at(lab).outcome("permission.collection-locked") == "locked"


def test_keyring_hides_that_it_adds_a_twin(unlocked: Lab) -> None:
    """It reports success, and the old value may still be the one that answers."""
    unlocked.add({"service": "mcp-secrets", "username": "github_token"}, b"old")
    unlocked.keyring_set("github_token", "new")
    assert len(unlocked.items()) == 2
    assert look_at(unlocked).outcome("lookup.twins") == "different"


def test_names_are_hashed_and_not_hidden_while_locked(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    unlocked.restart_daemon()
    (entry,) = look(unlocked.host()).context.store.entries()
    assert entry.locked
    assert entry.secret is None
    assert set(entry.attributes) >= {"gkr:compat:hashed:service", "gkr:compat:hashed:username"}
    assert entry.label == ""


def test_the_default_is_read_anew_by_each_client(unlocked: Lab) -> None:
    path = unlocked.create_collection("work password", "work")
    assert unlocked.read_alias() == LOGIN
    unlocked.set_alias(path)
    assert (unlocked.keyrings / "default").read_text().strip() == "work"
    with Bus.connect(unlocked.address):
        assert unlocked.read_alias() == path


def test_keyring_ignores_a_bus_that_the_variable_does_not_name(unlocked: Lab) -> None:
    """Other clients find $XDG_RUNTIME_DIR/bus by themselves, so the same entry is there for one and not for another."""
    require("secret-tool")
    unlocked.add_entry("github_token", "value")
    env: dict[str, str | None] = {"DBUS_SESSION_BUS_ADDRESS": None}
    found = unlocked.run(["secret-tool", "lookup", "username", "github_token"], env=env)
    assert found.stdout == "value"
    code = "import json, keyring; print(json.dumps(str(keyring.get_keyring())))"
    chosen = unlocked.run([sys.executable, "-c", code], env=env)
    assert "fail" in json.loads(chosen.stdout)
