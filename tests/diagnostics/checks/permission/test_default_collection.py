"""Every way of having no default keychain is told apart on the real daemon, each has another remedy."""

import socket
import struct

from tests.support.lab import LOGIN, Lab
from tests.support.looking import look_at

DEFAULT = "permission.default-collection"
PASSWORD = "lab-password"


def test_there_is_one(unlocked: Lab) -> None:
    assert look_at(unlocked).outcome(DEFAULT) == "exists"


def test_nobody_has_created_one(lab: Lab) -> None:
    seen = look_at(lab.start())
    assert seen.fails == [(DEFAULT, "none", "keyring_collection_missing")]


def test_one_exists_under_another_label_and_is_not_the_default(lab: Lab) -> None:
    """The label must be `login`, to the letter, to become the default without an alias."""
    path = lab.start().create_collection(PASSWORD, "Login")
    assert path != LOGIN
    assert lab.read_alias() == "/"
    seen = look_at(lab)
    assert seen.fails == [(DEFAULT, "not-chosen", "keyring_default_misdirected")]
    assert seen.finding(DEFAULT).facts["collection"] == path


def test_one_under_another_label_that_is_the_default(lab: Lab) -> None:
    path = lab.start().create_collection(PASSWORD, "work")
    lab.set_alias(path)
    seen = look_at(lab)
    assert seen.outcome(DEFAULT) == "exists-under-another-name"
    assert seen.finding(DEFAULT).facts["label"] == "work"


def test_the_alias_names_one_that_is_gone(unlocked: Lab) -> None:
    (unlocked.keyrings / "default").write_text("work")
    seen = look_at(unlocked)
    assert seen.fails == [(DEFAULT, "alias-dangling", "keyring_default_misdirected")]
    assert seen.finding(DEFAULT).facts["collection"] == LOGIN


def test_the_alias_names_one_that_is_gone_and_there_is_no_other(lab: Lab) -> None:
    lab.start()
    lab.keyrings.mkdir(parents=True, exist_ok=True, mode=0o700)
    (lab.keyrings / "default").write_text("work")
    assert look_at(lab).fails == [(DEFAULT, "alias-dangling-alone", "keyring_collection_missing")]


def test_a_file_that_was_put_there_behind_the_daemons_back(unlocked: Lab) -> None:
    path = unlocked.keyrings / "login.keyring"
    content = path.read_bytes()
    unlocked.stop_daemon()
    path.unlink()
    unlocked.start_daemon()
    path.write_bytes(content)
    path.chmod(0o600)
    seen = look_at(unlocked)
    assert seen.fails == [(DEFAULT, "not-loaded", "keyring_object_missing")]
    unlocked.restart_daemon()
    assert look_at(unlocked).outcome(DEFAULT) == "exists"  # the remedy it names


def test_the_alias_leads_to_an_object_that_is_missing(lab: Lab) -> None:
    """A login through the control socket creates the keychain behind the running daemon's back."""
    lab.start()
    assert through_the_control_socket(lab, PASSWORD) == 0
    lab.wait_for(lambda: lab.read_alias() == LOGIN, "the alias leads somewhere")
    seen = look_at(lab)
    assert seen.fails == [(DEFAULT, "object-missing", "keyring_object_missing")]
    assert seen.finding(DEFAULT).facts["pid"] == str(lab.daemon_pid)
    lab.restart_daemon()
    assert look_at(lab).outcome(DEFAULT) == "exists"  # the remedy it names


def through_the_control_socket(lab: Lab, password: str) -> int:
    """What PAM does at a login: UNLOCK with the login password. Out: the daemon's result, 0 = done."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(5)
        control.connect(str(lab.runtime / "keyring/control"))
        control.send(b"\0")
        body = struct.pack(">II", 1, len(password)) + password.encode()
        control.sendall(struct.pack(">I", len(body) + 4) + body)
        answer = b""
        while len(answer) < 8:
            more = control.recv(8 - len(answer))
            assert more, "the daemon hung up"
            answer += more
    return int(struct.unpack(">II", answer)[1])
