"""Renewed and stored in a real keychain, recorded, taken back; and cut off at the worst moment."""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.model import Finding, Status
from diagnostics.oauth.login import Login, account_of, read_login
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import open_store
from recovery.journal import Event, Journal
from recovery.model import RecoveryError, Remedy
from recovery.outcome import Result
from recovery.planner import remedies_for
from recovery.remainder import remainder
from recovery.runner import carry_out, preview, resume, undo
from recovery.steps.login import RenewLogin
from recovery.world import LocalWorld
from tests.recovery.login.test_refresh import login_at
from tests.support.lab import REPO, Lab
from tests.support.oauth_server import OAuthServer
from tests.support.said_server import SaidServer, said_server

Start = Callable[..., OAuthServer]
__all__ = ["said_server"]
PROVIDER = "example"
ACCOUNT = account_of(PROVIDER)


@dataclass
class Scene:
    """A real keychain, and a config with a server that wants the login."""

    lab: Lab
    world: LocalWorld
    journal: Journal

    def context(self, **options: Any) -> Context:
        config = self.lab.home / "mcp.json"
        servers = {"one": {"command": "true", "env": {"TOKEN": f"${{OAUTH:{PROVIDER}}}"}}}
        config.write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
        host = self.lab.host()
        asked = Options(config=(config,), client="claude-desktop", **options)
        files = discover(host, asked)
        return Context(
            host, asked, files, [each for file in files for each in file.servers], open_store(host)
        )

    def finding(self, **options: Any) -> Finding:
        found = [each for each in diagnose(self.context(**options)) if each.check == "lookup.oauth"]
        return next((each for each in found if each.status is not Status.OK), found[0])

    def remedies(self, **options: Any) -> list[Remedy]:
        return remedies_for(self.finding(), self.context(**options))

    def keep(self, login: Login) -> None:
        self.lab.add_entry(ACCOUNT, login.to_secret().reveal())

    @property
    def kept(self) -> Login:
        text = self.lab.keyring_get(ACCOUNT)
        assert text is not None
        return read_login(Secret(text))


@pytest.fixture
def scene(unlocked: Lab) -> Scene:
    host = unlocked.host()
    return Scene(unlocked, LocalWorld(host), Journal(host))


def test_a_login_that_ran_out_is_renewed_and_then_found_good(scene: Scene, oauth_server: Start) -> None:
    server = oauth_server()
    old = login_at(server)
    scene.keep(old)
    assert scene.finding().outcome == "renewable"
    remedy = scene.remedies()[0]
    assert remedy.id == "renew-login"
    (change,) = preview(remedy, scene.world)
    assert "needs a new token" in change.before
    outcome = carry_out(remedy, {}, scene.world, scene.journal)
    assert outcome.ok, outcome.error
    assert scene.finding().outcome == "found"
    assert server.takes(scene.kept.access_token.reveal())
    assert scene.kept.renewing is None
    trail = scene.journal.path.read_text()
    for login in (old, scene.kept):
        assert login.access_token.reveal() not in trail
        assert login.refresh_token is not None
        assert login.refresh_token.reveal() not in trail


def test_a_spent_refresh_token_is_not_brought_back(scene: Scene, oauth_server: Start) -> None:
    scene.keep(login_at(oauth_server()))
    outcome = carry_out(scene.remedies()[0], {}, scene.world, scene.journal)
    new = scene.kept
    taken = undo(outcome.operation, scene.world, scene.journal)
    assert taken.result is Result.PARTLY
    assert "spent" in " ".join(taken.notes)
    assert scene.kept.access_token == new.access_token
    assert scene.finding().outcome == "found"


def test_without_rotation_the_earlier_login_comes_back(scene: Scene, oauth_server: Start) -> None:
    old = login_at(oauth_server(rotate=False))
    scene.keep(old)
    outcome = carry_out(scene.remedies()[0], {}, scene.world, scene.journal)
    assert outcome.ok, outcome.error
    assert undo(outcome.operation, scene.world, scene.journal).ok
    assert scene.kept == old
    assert not [each for each in scene.world.keychain.entries({}) if each.service == "mcp-doctor-undo"]


def test_a_refusal_leaves_everything_and_leads_to_signing_in(scene: Scene, oauth_server: Start) -> None:
    server = oauth_server()
    old = login_at(server)
    assert old.refresh_token is not None
    server.post("/token/revocation", {"client_id": old.client_id, "token": old.refresh_token.reveal()})
    scene.keep(old)
    offered = scene.remedies()
    assert [each.id for each in offered] == ["renew-login", "sign-in"]
    outcome = carry_out(offered[0], {}, scene.world, scene.journal)
    assert outcome.result is Result.NOTHING_CHANGED
    assert "sign in again" in outcome.error
    assert scene.kept == old


def test_an_outage_is_not_a_no(scene: Scene, said_server: SaidServer) -> None:
    said_server.answers["/token"] = [(503, {})]
    old = said_login(said_server)
    scene.keep(old)
    outcome = carry_out(scene.remedies()[0], {}, scene.world, scene.journal)
    assert outcome.result is Result.NOTHING_CHANGED
    assert "Try again later" in outcome.error
    assert "sign in" not in outcome.error
    assert scene.kept == old


def test_a_locked_keychain_keeps_the_refresh_token_from_being_spent(
    scene: Scene, said_server: SaidServer
) -> None:
    scene.keep(said_login(said_server))
    remedy = scene.remedies()[0]
    scene.lab.lock()
    with pytest.raises(RecoveryError, match="locked"):
        preview(remedy, scene.world)
    outcome = carry_out(remedy, {}, scene.world, scene.journal)
    assert outcome.result is Result.NOTHING_CHANGED
    assert said_server.seen == []


def test_a_keychain_that_takes_nothing_keeps_it_from_being_spent(
    scene: Scene, said_server: SaidServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.keep(said_login(said_server))
    remedy = scene.remedies()[0]

    def full(*_: Any, **__: Any) -> str:
        raise RecoveryError("no space left on the device")

    monkeypatch.setattr(scene.world.keychain, "put", full)
    outcome = carry_out(remedy, {}, scene.world, scene.journal)
    assert outcome.result is Result.NOTHING_CHANGED
    assert said_server.seen == []


def test_without_a_record_nothing_is_asked(scene: Scene, said_server: SaidServer) -> None:
    scene.keep(said_login(said_server))
    remedy = scene.remedies()[0]
    scene.lab.host().state_dir.parent.mkdir(parents=True, exist_ok=True)
    scene.lab.host().state_dir.write_text("in the way")
    assert carry_out(remedy, {}, scene.world, scene.journal).result is Result.REFUSED
    assert said_server.seen == []


def test_a_write_that_fails_at_first_is_tried_again(
    scene: Scene, oauth_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = oauth_server()
    scene.keep(login_at(server))
    remedy = scene.remedies()[0]
    put, failures = scene.world.keychain.put, iter([True, True])
    monkeypatch.setattr("recovery.steps.login.time.sleep", lambda _seconds: None)

    def sometimes(collection: str, label: str, attributes: Any, secret: Secret, **more: Any) -> str:
        is_new = attributes.get("username") == ACCOUNT and "renewing" not in secret.reveal()
        if is_new and next(failures, False):
            raise RecoveryError("the keychain did not answer")
        return put(collection, label, attributes, secret, **more)

    monkeypatch.setattr(scene.world.keychain, "put", sometimes)
    outcome = carry_out(remedy, {}, scene.world, scene.journal)
    assert outcome.ok, outcome.error
    assert next(failures, None) is None
    assert server.takes(scene.kept.access_token.reveal())


def test_a_keychain_that_breaks_in_between_is_told_plainly(
    scene: Scene, oauth_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = login_at(oauth_server())
    scene.keep(old)
    remedy = scene.remedies()[0]
    put = scene.world.keychain.put
    monkeypatch.setattr("recovery.steps.login.time.sleep", lambda _seconds: None)

    def breaks(collection: str, label: str, attributes: Any, secret: Secret, **more: Any) -> str:
        is_ours = attributes.get("username") == ACCOUNT and secret != old.to_secret()
        if is_ours and "renewing" not in secret.reveal():
            raise RecoveryError("the keychain did not answer")
        return put(collection, label, attributes, secret, **more)

    monkeypatch.setattr(scene.world.keychain, "put", breaks)
    outcome = carry_out(remedy, {}, scene.world, scene.journal)
    assert outcome.result is Result.NOTHING_CHANGED
    assert "was renewed" in outcome.error
    assert "sign in again" in outcome.error
    assert scene.kept == old


_CHILD = """
import sys, time
from diagnostics.host import this_host
from recovery.journal import Journal
from recovery.model import Remedy
from recovery.runner import carry_out
from recovery.steps.login import RenewLogin
from recovery.world import LocalWorld
import recovery.login.refresh as place

real = place.refresh
def slow(*all):
    got = real(*all)
    print("answered", flush=True)
    time.sleep(60)
    return got
place.refresh = slow
host = this_host()
step = RenewLogin(sys.argv[1], "ab" * 8)
carry_out(Remedy("renew-login", "Renew", "", "x", (step,)), {}, LocalWorld(host), Journal(host))
"""


@contextlib.contextmanager
def killed_between_answer_and_write(scene: Scene) -> Iterator[None]:
    log = scene.lab.root / "child.log"
    child = scene.lab.spawn(
        [sys.executable, "-c", _CHILD, ACCOUNT], env={"PYTHONPATH": str(REPO)}, log=log.name
    )
    scene.lab.wait_for(lambda: log.exists() and "answered" in log.read_text(), "the answer", 20)
    os.kill(child.pid, signal.SIGKILL)
    child.wait(5)
    yield


def test_killed_between_the_answer_and_the_write_the_next_start_says_sign_in_again(
    scene: Scene, oauth_server: Start
) -> None:
    server = oauth_server()
    old = login_at(server)
    scene.keep(old)
    with killed_between_answer_and_write(scene):
        found = scene.finding()
        assert found.outcome == "cut-off"
        assert "Sign in again" in " ".join(found.fix)
        assert [each.id for each in scene.remedies()] == ["sign-in"]
        (operation,) = scene.journal.interrupted()
        left = remainder(operation, scene.world)
        assert left.half == (0,)
        # finishing asks once more with the token that is spent, and says so
        outcome = resume(operation.id, scene.world, scene.journal, finish=True)
        assert outcome.result is Result.HALF_DONE
        assert "sign in again" in outcome.error
        back = resume(operation.id, scene.world, scene.journal, finish=False)
        assert back.ok, back.error
        assert scene.kept == old


def test_killed_before_rotation_matters_it_can_be_finished(scene: Scene, oauth_server: Start) -> None:
    server = oauth_server(rotate=False)
    scene.keep(login_at(server))
    with killed_between_answer_and_write(scene):
        (operation,) = scene.journal.interrupted()
        outcome = resume(operation.id, scene.world, scene.journal, finish=True)
        assert outcome.ok, outcome.error
        assert server.takes(scene.kept.access_token.reveal())
        done = scene.journal.operation(operation.id)
        assert done is not None
        assert done.state is Event.DONE


def test_a_stop_meanwhile_waits_until_the_answer_is_written(
    scene: Scene, oauth_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    import recovery.login.refresh as place

    server = oauth_server()
    scene.keep(login_at(server))
    remedy = scene.remedies()[0]
    real = place.refresh

    def stopped(*everything: Any) -> Login:
        got = real(*everything)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)  # the interrupt reaches the main thread while the new token is only here
        return got

    monkeypatch.setattr(place, "refresh", stopped)
    with pytest.raises(KeyboardInterrupt):
        carry_out(remedy, {}, scene.world, scene.journal)
    assert server.takes(scene.kept.access_token.reveal())
    assert scene.finding().outcome == "found"
    assert scene.journal.interrupted() == []


def test_offline_nothing_is_offered_that_asks_somebody(scene: Scene, said_server: SaidServer) -> None:
    scene.keep(said_login(said_server))
    assert scene.remedies(offline=True) == []


def test_two_entries_of_that_name_are_not_renewed(scene: Scene, said_server: SaidServer) -> None:
    scene.keep(said_login(said_server))
    scene.lab.add_entry(ACCOUNT, said_login(said_server).to_secret().reveal(), more="x")
    assert [each.id for each in scene.remedies()] == ["sign-in"]


def said_login(server: SaidServer) -> Login:
    return Login(
        Secret("old-" * 8), server.url, f"{server.url}/token", "c", Secret("refresh-" * 4), expires_at=1.0
    )


def test_the_step_is_plain_data() -> None:
    from recovery.steps import read_step, step_data

    step = RenewLogin(ACCOUNT, "ab")
    assert read_step(step.kind, step_data(step)) == step
