"""What is wrong with the keychain's files is seen without their password, and before anything makes it worse."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.lab import Lab
from tests.support.looking import look, look_at
from tests.support.platforms import IS_ROOT

FILES = "permission.keyring-files"
PASSWORD = "lab-password"


def with_file(lab: Lab, change: Callable[[Path], object]) -> Path:
    """Changes login.keyring while no daemon runs, and starts one that sees what is left of it."""
    lab.add_entry("github_token", "value")
    lab.stop_daemon()
    path = lab.keyrings / "login.keyring"
    change(path)
    lab.start_daemon()
    return path


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_whole_files(unlocked: Lab) -> None:
    assert look_at(unlocked).outcome(FILES) == "sound"


def test_no_folder_yet(lab: Lab) -> None:
    assert look_at(lab.start()).outcome(FILES) == "sound"


@pytest.mark.parametrize(
    ("outcome", "change"),
    [
        ("file-truncated", half),
        ("file-truncated", lambda path: path.write_bytes(path.read_bytes()[:20])),
        ("file-truncated", lambda path: path.write_bytes(path.read_bytes()[:-10])),
        ("file-empty", lambda path: path.write_bytes(b"")),
        ("file-empty", lambda path: path.write_bytes(bytes(400))),
        ("file-garbled", lambda path: path.write_bytes(b"GnomeKeyring?" + path.read_bytes()[13:])),
        ("file-garbled", lambda path: path.write_bytes(os.urandom(700))),
    ],
)
def test_a_damaged_file_is_named_instead_of_a_missing_keychain(
    unlocked: Lab, outcome: str, change: Callable[[Path], object]
) -> None:
    path = with_file(unlocked, change)
    seen = look_at(unlocked)
    assert seen.fails == [(FILES, outcome, "keyring_file_damaged")]
    assert seen.finding(FILES).facts["file"] == str(path)


def test_another_keychains_damage_is_a_warning(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    (unlocked.keyrings / "work.keyring").write_bytes(os.urandom(100))
    seen = look_at(unlocked)
    assert seen.fails == []
    assert (FILES, "file-garbled", "keyring_file_damaged") in seen.warnings


def test_a_dangling_link(unlocked: Lab) -> None:
    def link(path: Path) -> None:
        path.rename(path.with_suffix(".aside"))
        path.symlink_to(path.parent / "gone")

    with_file(unlocked, link)
    assert look_at(unlocked).fails == [(FILES, "file-dangling-link", "keyring_file_misplaced")]


def test_a_folder_in_the_files_place(unlocked: Lab) -> None:
    def replace(path: Path) -> None:
        path.unlink()
        path.mkdir()

    with_file(unlocked, replace)
    assert look_at(unlocked).fails == [(FILES, "file-is-no-file", "keyring_file_misplaced")]


def test_a_pipe_in_the_files_place_does_not_hang_the_look(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    os.mkfifo(unlocked.keyrings / "work.keyring")
    assert look_at(unlocked).outcome(FILES) == "file-is-no-file"


def test_a_link_is_warned_about(unlocked: Lab) -> None:
    def link(path: Path) -> None:
        path.rename(path.with_suffix(".elsewhere"))
        path.symlink_to(path.with_suffix(".elsewhere"))

    with_file(unlocked, link)
    unlocked.unlock(PASSWORD)
    seen = look_at(unlocked)
    assert seen.fails == []
    assert (FILES, "file-link", "keyring_file_misplaced") in seen.warnings


def test_a_file_that_others_may_read(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    (unlocked.keyrings / "login.keyring").chmod(0o644)
    seen = look_at(unlocked)
    assert seen.fails == []
    assert (FILES, "file-open-to-others", "file_permission_denied") in seen.warnings


def test_a_folder_that_may_not_be_written_to(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    unlocked.keyrings.chmod(0o500)
    assert (FILES, "folder-read-only", "file_permission_denied") in look_at(unlocked).warnings


def test_an_empty_password_leaves_the_secrets_in_plain_text(lab: Lab) -> None:
    lab.start("")
    lab.add_entry("github_token", "value-in-the-open")
    assert b"value-in-the-open" in (lab.keyrings / "login.keyring").read_bytes()
    seen = look_at(lab)
    assert seen.fails == []
    assert (FILES, "file-plain-text", "keyring_file_plaintext") in seen.warnings
    assert "value-in-the-open" not in seen.text


def test_a_second_login_made_over_a_damaged_one(unlocked: Lab) -> None:
    with_file(unlocked, half)
    before = (unlocked.keyrings / "login.keyring").read_bytes()
    unlocked.create_collection(PASSWORD)
    unlocked.add_entry("github_token", "new")
    assert (unlocked.keyrings / "login_1.keyring").exists()
    assert (unlocked.keyrings / "login.keyring").read_bytes() == before
    # It works now, which hides that it will be lost at the next start of the daemon.
    now = look_at(unlocked)
    assert now.fails == []
    assert (FILES, "file-truncated", "keyring_file_damaged") in now.warnings
    unlocked.restart_daemon()
    later = look_at(unlocked)
    assert later.fails == [(FILES, "file-truncated", "keyring_file_damaged")]
    assert any("login_1.keyring" in line for line in later.finding(FILES).evidence)


def test_a_second_login_alone_is_not_the_default(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    unlocked.stop_daemon()
    (unlocked.keyrings / "login.keyring").rename(unlocked.keyrings / "login_1.keyring")
    unlocked.start_daemon()
    assert look_at(unlocked).fails == [(FILES, "file-second-login", "keyring_file_misplaced")]


def test_a_file_too_large_to_be_one(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    with (unlocked.keyrings / "work.keyring").open("wb") as file:
        file.truncate(70 * 1024 * 1024)
    seen = look(unlocked.host())
    assert (FILES, "file-too-large", "keyring_file_damaged") in seen.warnings


def test_a_file_in_the_folders_place(lab: Lab) -> None:
    lab.keyrings.parent.mkdir(parents=True)
    lab.keyrings.write_text("")
    assert look_at(lab.start()).fails == [(FILES, "folder-is-a-file", "keyring_file_misplaced")]


def test_a_link_to_nowhere_in_the_folders_place(lab: Lab) -> None:
    lab.keyrings.parent.mkdir(parents=True)
    lab.keyrings.symlink_to(lab.root / "gone")
    assert look_at(lab.start()).fails == [(FILES, "folder-out-of-reach", "file_permission_denied")]


def test_what_an_interrupted_write_leaves(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    (unlocked.keyrings / "login.keyring.temp-123").write_bytes(b"half")
    seen = look_at(unlocked)
    assert (FILES, "file-left-over", "keyring_file_misplaced") in seen.warnings


def test_the_daemons_own_home_is_looked_into_and_not_ours(lab: Lab) -> None:
    lab.start_bus()
    other = lab.root / "other"
    (other / ".local/share/keyrings").mkdir(parents=True, mode=0o700)
    (other / ".local/share/keyrings/login.keyring").write_bytes(b"not a keyring")
    lab.start_daemon(env={"HOME": str(other)})
    seen = look(lab.host())
    assert seen.fails == [(FILES, "file-garbled", "keyring_file_damaged")]
    assert seen.finding(FILES).facts["folder"] == str(other / ".local/share/keyrings")


@pytest.mark.parametrize("what", ["login.keyring", "."])
def test_what_the_owner_may_not_read(unlocked: Lab, what: str) -> None:
    """A daemon that runs as root reads it all the same, so the state of a plain user's daemon is what is made here."""
    with_file(unlocked, lambda path: path.unlink())
    path = unlocked.keyrings / what
    if what == "login.keyring":
        path.write_bytes(b"GnomeKeyring")
    path.chmod(0)
    try:
        seen = look(unlocked.host())
    finally:
        path.chmod(0o700)
    outcome = "file-unreadable" if what == "login.keyring" else "folder-unreadable"
    assert seen.fails == [(FILES, outcome, "file_permission_denied")]


@pytest.mark.skipif(not IS_ROOT, reason="only root can make another user's files")
@pytest.mark.parametrize("name", ["login.keyring", "."])
def test_files_that_belong_to_another_user(lab: Lab, name: str) -> None:
    lab.start()
    lab.keyrings.mkdir(parents=True, exist_ok=True, mode=0o700)
    (lab.keyrings / "login.keyring").write_bytes(b"x")
    os.chown(lab.keyrings / name, 65534, 65534)
    if name == "login.keyring":
        (lab.keyrings / name).chmod(0o600)
    outcome = "file-of-another-user" if name == "login.keyring" else "folder-of-another-user"
    assert look_at(lab).fails == [(FILES, outcome, "file_permission_denied")]
