"""The keychains of macOS mended, from the finding to green, on a stand-in that keeps state and records every argument."""

import io
import json
import sys
from pathlib import Path

import pytest

from diagnostics.secret import Secret
from recovery.backups.making import collect, make
from recovery.entries import delete_entry, get_entry, set_entry
from recovery.journal import Journal
from recovery.model import RecoveryError, Remedy
from recovery.outcome import Outcome, Result
from recovery.planner import unlock_remedy
from recovery.runner import asks_to_undo, carry_out, preview, undo
from recovery.stores.macos.terminal import answer_at_terminal
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import a_pair
from tests.support.macos.in_process import move_in
from tests.support.macos.stage import PASSWORD, Stage, findings, stage
from tests.support.tokens import github

__all__ = ["stage"]

VALUE, OTHER = github("mac"), github("mac, other")
NEW = "frisch-und-neu"


@pytest.fixture
def in_process(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a process a call; the tests that don't ask for it prove that the programs are called rightly."""
    move_in(stage, monkeypatch)


IN_PROCESS = pytest.mark.usefixtures("in_process")


def carried_out(remedy: Remedy, stage: Stage, session: str = "screen", **answers: str) -> Outcome:
    world = LocalWorld(stage.host(session))
    assert preview(remedy, world)
    given = {name.replace("_", "-"): Secret(text) for name, text in answers.items()}
    outcome = carry_out(remedy, given, world, Journal(world.host))
    nothing_told(stage)
    return outcome


def nothing_told(stage: Stage) -> None:
    """No window was opened, and no argument, record or trail holds a password or a value."""
    assert stage.windows == []
    told = json.dumps(stage.calls) + "".join(
        each.read_text(errors="replace")
        for each in (stage.home / "Library/Application Support").rglob("*")
        if each.is_file()
    )
    for secret in (PASSWORD, NEW, VALUE, OTHER):
        assert secret not in told
    assert not any(call[0] == "delete-keychain" for call in stage.calls)


def test_locked_over_ssh_unlocked_and_green(stage: Stage) -> None:
    stage.add("github_token", VALUE)
    _, failing = findings(stage, "ssh")
    outcome, (remedy, last) = failing["permission.macos-keychain"]
    assert (outcome, remedy.id, last.id) == ("locked-over-ssh", "unlock-mac-keychain", "emergency-access")
    wrong = carried_out(remedy, stage, "ssh", password="wrong")
    assert wrong.result is Result.NOTHING_CHANGED
    assert "not the right one" in wrong.error
    assert carried_out(remedy, stage, "ssh", password=PASSWORD).ok
    assert findings(stage, "ssh")[1] == {}
    world = LocalWorld(stage.host("ssh"))
    assert get_entry("github_token", world) == Secret(VALUE)
    assert unlock_remedy(world.host, world.keychain.state(), None).steps == ()
    assert undo(None, world, Journal(world.host)).ok
    assert not stage.mac("ssh").is_open(stage.login)
    assert stage.mac().is_open(stage.login)
    nothing_told(stage)


@IN_PROCESS
def test_entries_are_stored_replaced_taken_back_and_deleted(stage: Stage) -> None:
    world = LocalWorld(stage.host())
    journal = Journal(world.host)
    assert set_entry("github_token", Secret(VALUE), world, journal).ok
    assert set_entry("github_token", Secret(OTHER), world, journal).ok
    assert stage.value("github_token") == OTHER
    assert undo(None, world, journal).ok
    assert stage.value("github_token") == VALUE
    world.keychain.delete("mcp-secrets/github_token")
    assert stage.value("github_token") is None
    nothing_told(stage)


@IN_PROCESS
def test_what_cannot_be_added_is_not_deleted_first(stage: Stage) -> None:
    stage.add("github_token", VALUE)
    (stage.root / "adding-fails").touch()
    world = LocalWorld(stage.host())
    assert not set_entry("github_token", Secret(OTHER), world, Journal(world.host)).ok
    with pytest.raises(RecoveryError, match="-25293"):
        world.keychain.put("", "", {"service": "mcp-secrets", "username": "github_token"}, Secret(OTHER))
    assert stage.value("github_token") == VALUE
    assert stage.windows == []


@IN_PROCESS
def test_a_name_in_two_keychains_is_neither_replaced_nor_deleted(stage: Stage) -> None:
    other = str(stage.keychains / "work.keychain-db")
    stage.mac().create(other, PASSWORD)
    stage.add("github_token", VALUE)
    stage.add("github_token", OTHER, path=other)
    before = [stage.mac().load(each)["items"] for each in (stage.login, other)]
    world = LocalWorld(stage.host())
    journal = Journal(world.host)
    for outcome in (
        set_entry("github_token", Secret(NEW), world, journal),
        delete_entry("github_token", world, journal),
    ):
        assert outcome.result is Result.NOTHING_CHANGED
        assert "is in 2 keychains (login, work)" in outcome.error
    assert [stage.mac().load(each)["items"] for each in (stage.login, other)] == before
    assert get_entry("github_token", world) == Secret(VALUE)
    assert journal.interrupted() == []


def test_after_an_upgrade_this_python_is_let_in_again(stage: Stage) -> None:
    stage.add("github_token", VALUE)
    stage.upgrade_python()
    _, _, before = stage.mac().find("mcp-secrets", "github_token")
    outcome, (remedy,) = findings(stage)[1]["lookup.macos-access"]
    assert (outcome, remedy.id) == ("python-changed", "allow-this-python")
    assert not carried_out(remedy, stage, password="wrong").ok
    assert "lookup.macos-access" in findings(stage)[1]
    assert carried_out(remedy, stage, password=PASSWORD).ok
    assert findings(stage)[1] == {}
    _, _, entry = stage.mac().find("mcp-secrets", "github_token")
    assert entry["access"].pop("partitions") == [*before["access"]["partitions"], "cdhash:" + "c" * 40]
    assert entry["access"].items() <= before["access"].items(), (
        "the programs that it trusted are trusted still"
    )
    assert stage.value("github_token") == VALUE


@IN_PROCESS
def test_letting_in_is_taken_back_with_the_password_and_named_until_it_is_given(stage: Stage) -> None:
    stage.add("github_token", VALUE)
    stage.upgrade_python()
    _, _, before = stage.mac().find("mcp-secrets", "github_token")
    _, (remedy,) = findings(stage)[1]["lookup.macos-access"]
    assert carried_out(remedy, stage, password=PASSWORD).ok
    world = LocalWorld(stage.host())
    journal = Journal(world.host)
    without = undo(None, world, journal)
    assert without.result is Result.PARTLY
    assert any("security set-generic-password-partition-list -S" in each for each in without.notes)
    (half,) = journal.interrupted()
    assert [each.name for each in asks_to_undo(half.id, journal)] == ["password"]
    wrong = undo(half.id, world, journal, answers={"password": Secret("wrong")})
    assert wrong.result is Result.PARTLY
    assert "not the right one" in wrong.notes[0]
    assert [each.id for each in journal.interrupted()] == [half.id]
    assert undo(half.id, world, journal, answers={"password": Secret(PASSWORD)}).ok
    assert stage.mac().find("mcp-secrets", "github_token")[2] == before
    assert journal.interrupted() == []
    nothing_told(stage)


@IN_PROCESS
def test_a_keychain_that_was_locked_meanwhile_is_not_asked(stage: Stage) -> None:
    """It would ask back, in a window: when the remedy is carried out, and when it is taken back."""
    stage.add("github_token", VALUE)
    stage.upgrade_python()
    _, (remedy,) = findings(stage)[1]["lookup.macos-access"]
    stage.mac().lock(stage.login)
    locked = carried_out(remedy, stage, password=PASSWORD)
    assert locked.result is Result.NOTHING_CHANGED
    assert "locked" in locked.error
    stage.mac().unlock(stage.login, PASSWORD)
    assert carried_out(remedy, stage, password=PASSWORD).ok
    stage.mac().lock(stage.login)
    world = LocalWorld(stage.host())
    answers = {"password": Secret(PASSWORD)}
    assert undo(None, world, Journal(world.host), answers=answers).result is Result.PARTLY
    stage.mac().unlock(stage.login, PASSWORD)
    assert undo(None, world, Journal(world.host), answers=answers).ok
    nothing_told(stage)


@IN_PROCESS
def test_the_command_that_takes_it_back_asks_for_the_password(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tui import cli

    stage.add("github_token", VALUE)
    stage.upgrade_python()
    before = stage.mac().find("mcp-secrets", "github_token")[2]
    _, (remedy,) = findings(stage)[1]["lookup.macos-access"]
    assert carried_out(remedy, stage, password=PASSWORD).ok
    asked: list[str] = []
    monkeypatch.setattr("tui.commands.check.this_host", stage.host)

    def hidden(prompt: str) -> Secret:
        asked.append(prompt)
        return Secret(PASSWORD)

    monkeypatch.setattr("tui.terminal.hidden", hidden)
    assert cli.main(["undo"]) == 0
    assert "Taken back" in capsys.readouterr().out
    assert asked == ["Password of the keychain “login”: "]
    assert stage.mac().find("mcp-secrets", "github_token")[2] == before
    nothing_told(stage)


@IN_PROCESS
def test_where_macos_still_refuses_the_list_is_put_back(stage: Stage) -> None:
    stage.add("github_token", VALUE)
    stage.upgrade_python()
    _, (remedy,) = findings(stage)[1]["lookup.macos-access"]
    path, content, entry = stage.mac().find("mcp-secrets", "github_token")
    entry["access"]["asks"] = True
    stage.mac().save(path, content)
    outcome = carried_out(remedy, stage, password=PASSWORD)
    assert outcome.result is Result.NOTHING_CHANGED
    assert "Keychain Access" in outcome.error
    assert stage.mac().find("mcp-secrets", "github_token")[2] == entry


@IN_PROCESS
def test_the_search_list_gets_back_what_it_lost_and_keeps_the_rest(stage: Stage) -> None:
    other = str(stage.keychains / "work.keychain-db")
    stage.mac().create(other, PASSWORD)
    with stage.mac().system() as state:
        state["searched"] = [other]
    outcome, (remedy, *_) = findings(stage)[1]["backend.macos-keychains"]
    assert (outcome, remedy.id) == ("not-searched", "mend-search-list")
    assert carried_out(remedy, stage).ok
    assert stage.searched == [stage.login, other]
    world = LocalWorld(stage.host())
    assert undo(None, world, Journal(world.host)).ok
    assert stage.searched == [other]
    with stage.mac().system() as state:
        state["searched"] = ["/elsewhere.keychain-db"]
    assert carried_out(remedy, stage).result is Result.NOTHING_CHANGED
    assert stage.searched == ["/elsewhere.keychain-db"]


@IN_PROCESS
def test_a_default_keychain_is_chosen_or_made(stage: Stage) -> None:
    with stage.mac().system() as state:
        state["default"] = ""
    _, (remedy, *_) = findings(stage)[1]["backend.macos-keychains"]
    assert remedy.id == "choose-mac-default"
    assert carried_out(remedy, stage).ok
    world = LocalWorld(stage.host())
    assert world.keychain.state().usable
    with stage.mac().system() as state:
        state |= {"default": "", "searched": []}
    _, (remedy, *_) = findings(stage)[1]["backend.macos-keychains"]
    assert carried_out(remedy, stage).ok
    assert stage.searched == [stage.login], (
        "what the system adds for everybody is not put onto the user's list"
    )
    Path(stage.login).rename(f"{stage.login}.lost")
    outcome, (remedy, *_) = findings(stage)[1]["backend.macos-keychains"]
    assert (outcome, remedy.id) == ("default-gone", "create-mac-keychain")
    assert carried_out(remedy, stage, password=NEW).ok
    assert world.keychain.state().usable
    assert undo(None, world, Journal(world.host)).ok
    assert not Path(stage.login).exists()
    assert stage.searched == [stage.login]


@IN_PROCESS
def test_a_damaged_keychain_is_kept_and_a_new_one_takes_its_place(stage: Stage) -> None:
    other = str(stage.keychains / "work.keychain-db")
    stage.mac().create(other, PASSWORD)
    before = stage.searched
    Path(stage.login).write_bytes(b"damaged")
    outcome, (remedy, *_) = findings(stage)[1]["backend.macos-keychains"]
    assert (outcome, remedy.id) == ("damaged", "rebuild-mac-keychain")
    assert carried_out(remedy, stage, password=NEW).ok
    assert stage.searched == before
    assert Path(f"{stage.login}.damaged-1").read_bytes() == b"damaged"
    assert Path(f"{stage.login}.damaged-1.copy").read_bytes() == b"damaged"
    world = LocalWorld(stage.host())
    assert world.keychain.state().usable
    assert "backend.macos-keychains" not in findings(stage)[1]
    assert undo(None, world, Journal(world.host)).ok
    assert Path(stage.login).read_bytes() == b"damaged"
    assert (stage.searched, Path(f"{stage.login}.unused-1").exists()) == (before, True)
    _, (remedy, *_) = findings(stage)[1]["backend.macos-keychains"]
    assert carried_out(remedy, stage, password=NEW).ok
    stage.add("since", VALUE)
    outcome_of_undo = undo(None, world, Journal(world.host))
    assert outcome_of_undo.result is Result.PARTLY
    assert stage.value("since") == VALUE


@IN_PROCESS
def test_a_backup_fills_the_new_keychain(stage: Stage, tmp_path: Path) -> None:
    pair = a_pair(tmp_path, "backup")
    world = LocalWorld(stage.host())
    journal = Journal(world.host)
    stage.add("github_token", VALUE)
    made = make(collect(world, names=["github_token"]), pair.lock, world, journal)
    assert made.path.exists()
    Path(stage.login).write_bytes(b"damaged")
    _, (remedy, *_) = findings(stage)[1]["backend.macos-keychains"]
    assert carried_out(remedy, stage, password=NEW, backup_key=str(pair.path)).ok
    assert stage.value("github_token") == VALUE
    assert findings(stage)[1] == {}
    assert undo(None, world, journal).ok
    assert Path(stage.login).read_bytes() == b"damaged"


def test_the_command_unlocks_with_the_password_from_standard_input(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tui import cli

    monkeypatch.setattr("tui.commands.check.this_host", lambda: stage.host("ssh"))
    for text, code, said in (("wrong", 1, "not the right one"), (PASSWORD, 0, "The keychain is open.")):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{text}\n".encode())))
        assert cli.main(["unlock", "--password-stdin"]) == code
        assert said in capsys.readouterr().out
    assert stage.mac("ssh").is_open(stage.login)
    assert cli.main(["unlock"]) == 0
    assert "nothing to do" in capsys.readouterr().out
    nothing_told(stage)


def test_a_terminal_waits_for_the_question_and_types_nothing_else(tmp_path: Path) -> None:
    program = tmp_path / "asks"
    program.write_text(
        f"#!{sys.executable}\nimport getpass, sys, time\ntime.sleep(0.2)\n"
        "sys.exit(0 if [getpass.getpass('?: '), getpass.getpass('??: ')] == ['one', 'zwö'] else 7)\n"
    )
    program.chmod(0o755)
    env = {"PATH": "/usr/bin:/bin"}
    assert answer_at_terminal([str(program)], [Secret("one"), Secret("zwö")], env) == 0
    assert answer_at_terminal([str(program)], [Secret("one"), Secret("other")], env) == 7
    with pytest.raises(RecoveryError, match="asks again"):
        answer_at_terminal([str(program)], [Secret("one")], env)
    for bad in ("", "a\nb", "\x03"):
        with pytest.raises(RecoveryError):
            answer_at_terminal([str(program)], [Secret(bad)], env)
    with pytest.raises(RecoveryError, match="in time"):
        answer_at_terminal(["/bin/sleep", "60"], [Secret("one")], env, seconds=0.3)
