"""A login by code, seen as the person sees it: a real terminal, a real keychain, a real authorization server."""

import json
import os
import re
import signal
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from diagnostics.oauth.login import account_of, read_login
from diagnostics.secret import Secret
from recovery.journal import Journal
from tests.recovery.login.test_refresh import login_at
from tests.support.lab import REPO, Lab
from tests.support.oauth_server import OAuthServer
from tests.support.said_server import SaidServer, said_server
from tests.support.terminal import Terminal

pytestmark = pytest.mark.usefixtures("kernel_keys_as_they_are")
Start = Callable[..., OAuthServer]
__all__ = ["said_server"]
ACCOUNT = account_of("example")
SHOWN_CODE = re.compile(r"[│|]   ((?:\S )+\S)   [│|]")


def config(lab: Lab, url: str | None) -> str:
    """A server that wants the login: a remote one, or one that is handed it as a variable."""
    path = lab.home / "mcp.json"
    own: dict[str, Any] = {"command": "true", "env": {"TOKEN": "${OAUTH:example}"}}
    if url is not None:
        own = {"type": "http", "url": url, "headers": {"Authorization": "Bearer ${OAUTH:example}"}}
    path.write_text(json.dumps({"mcpServers": {"guarded": own}}), encoding="utf-8")
    return str(path)


@contextmanager
def terminal(lab: Lab, *words: str, env: dict[str, str | None] | None = None) -> Iterator[Terminal]:
    """The doctor on a terminal of 80 by 24, as after an SSH login: no display."""
    more: dict[str, str | None] = {"TERM": "xterm-256color", "PYTHONPATH": str(REPO), "SSH_TTY": "/dev/pts/9"}
    with Terminal([sys.executable, "-m", "tui", *words], lab.environment(more | (env or {}))) as opened:
        yield opened


def kept(lab: Lab) -> str | None:
    """The access token in the keychain."""
    text = lab.keyring_get(ACCOUNT)
    return read_login(Secret(text)).access_token.reveal() if text else None


def nothing_secret(screen: Terminal, lab: Lab, server: OAuthServer | SaidServer) -> None:
    """Neither a token nor the device's own code was ever on the screen or in the trail."""
    written = screen.stream + b"".join(
        path.read_bytes() for path in lab.host().state_dir.rglob("*") if path.is_file()
    )
    text = lab.keyring_get(ACCOUNT)
    if text:
        login = read_login(Secret(text))
        for secret in (login.access_token, login.refresh_token):
            assert secret is None or secret.reveal().encode() not in written
    if isinstance(server, SaidServer):
        assert b"device-device" not in written


def test_fix_shows_the_code_and_keeps_the_login(unlocked: Lab, oauth_server: Start) -> None:
    server = oauth_server()
    with terminal(unlocked, "fix", "--config", config(unlocked, server.resource), "guarded") as screen:
        screen.wait_for(r"Do it\? \[y/N\]")
        assert "Sign in at localhost:" in screen.text
        assert "a client registered at" in " ".join(screen.text.split())
        assert not [each for each in server.seen() if each["path"] == "/reg"]  # nobody is registered unasked
        screen.write("y\r")
        screen.wait_for(r"next question in \d s")
        found = re.search(r"Enter this code there:\s+(\S+)", screen.text)
        assert found, screen.text
        assert f"{server.issuer}/device" in screen.text
        server.person(found[1])
        screen.wait_for(r"Done\.")
        screen.wait_end(30)
    token = kept(unlocked)
    assert token is not None
    assert server.takes(token)
    nothing_secret(screen, unlocked, server)


def test_fix_renews_what_can_be_renewed(unlocked: Lab, oauth_server: Start) -> None:
    server = oauth_server()
    old = login_at(server)
    unlocked.add_entry(ACCOUNT, old.to_secret().reveal())
    path = config(unlocked, server.resource)
    done = unlocked.run(
        [sys.executable, "-m", "tui", "fix", "--yes", "--config", path, "guarded"],
        env={"PYTHONPATH": str(REPO)},
        seconds=60,
    )
    assert "Renew the login" in done.stdout, done.stdout + done.stderr
    assert "Done." in done.stdout
    assert done.returncode == 0, done.stdout
    token = kept(unlocked)
    assert token is not None
    assert server.takes(token)
    for secret in (token, old.access_token.reveal()):
        assert secret not in done.stdout + done.stderr


def test_where_renewing_is_refused_fix_goes_on_to_signing_in(unlocked: Lab, oauth_server: Start) -> None:
    server = oauth_server()
    old = login_at(server)
    assert old.refresh_token is not None
    server.post("/token/revocation", {"client_id": old.client_id, "token": old.refresh_token.reveal()})
    unlocked.add_entry(ACCOUNT, old.to_secret().reveal())
    with terminal(unlocked, "fix", "--config", config(unlocked, server.resource), "guarded") as screen:
        screen.wait_for(r"Renew the login[\s\S]+Do it\? \[y/N\]")
        screen.write("y\r")
        screen.wait_for(r"sign in again")
        screen.wait_for(r"Sign in at localhost\S+ with a code[\s\S]+Do it\? \[y/N\]")
        screen.write("y\r")
        screen.wait_for(r"next question in \d s")
        found = re.search(r"Enter this code there:\s+(\S+)", screen.text)
        assert found, screen.text
        server.person(found[1])
        screen.wait_for(r"Done\.")
        screen.wait_end(30)
    token = kept(unlocked)
    assert token is not None
    assert server.takes(token)
    nothing_secret(screen, unlocked, server)


def test_the_app_renews(unlocked: Lab, oauth_server: Start) -> None:
    server = oauth_server()
    unlocked.add_entry(ACCOUNT, login_at(server).to_secret().reveal())
    with terminal(unlocked, "--config", config(unlocked, server.resource)) as screen:
        screen.wait_for(r" m  Renew the login|✗ lookup")
        screen.wait_for(r" m  \S")
        screen.press("m")
        screen.wait_for(r"Which way\?|Shall it be done\?")
        if "Which way?" in screen.text:
            screen.press("enter")
        screen.wait_for(r"Shall it be done\?")
        screen.press("enter")
        screen.wait_for(r"lookup +broken → ok")
        screen.wait_for("back to the servers")
        screen.press("enter")
        screen.wait_gone("back to the servers")
        screen.press("q")
        assert screen.wait_end() == 0
    token = kept(unlocked)
    assert token is not None
    assert server.takes(token)
    nothing_secret(screen, unlocked, server)


def test_ctrl_c_leaves_and_nothing_is_half_done(unlocked: Lab, said_server: SaidServer) -> None:
    prepared(said_server, (400, {"error": "authorization_pending"}))
    with terminal(unlocked, "fix", "--config", config(unlocked, f"{said_server.url}/mcp")) as screen:
        agree(screen)
        screen.wait_for(r"The code holds for \d+:\d\d\. Waiting; next question in 1 s\.")
        screen.press("ctrl+c")
        assert screen.wait_end() == 130
    assert kept(unlocked) is None
    assert Journal(unlocked.host()).operations() == []
    nothing_secret(screen, unlocked, said_server)


def test_a_no_can_be_followed_by_another_code(unlocked: Lab, said_server: SaidServer) -> None:
    given = (200, {"access_token": "good-" * 5, "token_type": "Bearer", "expires_in": 3600})
    prepared(said_server, (400, {"error": "access_denied"}), given)
    with terminal(unlocked, "fix", "--config", config(unlocked, f"{said_server.url}/mcp")) as screen:
        agree(screen)
        screen.wait_for(r"was no; nothing was changed\.\s+Another code\?")
        screen.write("y\r")
        screen.wait_for(r"Done\.")
        screen.wait_end(30)
    assert kept(unlocked) == "good-" * 5


def test_without_a_terminal_nobody_is_asked(unlocked: Lab, said_server: SaidServer) -> None:
    prepared(said_server, (400, {"error": "authorization_pending"}))
    path = config(unlocked, f"{said_server.url}/mcp")
    done = unlocked.run(
        [sys.executable, "-m", "tui", "fix", "--yes", "--config", path],
        env={"PYTHONPATH": str(REPO)},
        seconds=40,
    )
    assert done.returncode == 2
    assert "no terminal" in done.stderr
    assert "/device" not in [path for path, _ in said_server.seen]


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}, {"TERM": "linux", "LANG": "C"}], ids=str)
def test_the_app_shows_it_and_turns_the_link_green(
    unlocked: Lab, said_server: SaidServer, env: dict[str, str | None]
) -> None:
    said: list[int] = []

    def answer(_form: dict[str, str]) -> tuple[int, Any]:
        said.append(1)
        if len(said) < 3:
            return 400, {"error": "authorization_pending"}
        return 200, {"access_token": "good-" * 5, "token_type": "Bearer", "expires_in": 3600}

    prepared(said_server, answer)
    with terminal(unlocked, "--config", config(unlocked, f"{said_server.url}/mcp"), env=env) as screen:
        open_guide(screen)
        screen.wait_for(r"next question in 1 s")
        spread = SHOWN_CODE.search(screen.text)
        assert spread, screen.text
        assert spread[1].replace(" ", "") == "WDJB-MJHT"
        assert f"{said_server.url}/enter" in screen.text
        assert all(len(line) <= 80 for line in screen.lines)
        screen.wait_for(r"lookup +broken (→|->) ok")
        screen.wait_for("back to the servers")
        screen.press("enter")
        screen.wait_gone("back to the servers")
        screen.press("q")
        assert screen.wait_end() == 0
    assert kept(unlocked) == "good-" * 5
    nothing_secret(screen, unlocked, said_server)


@pytest.mark.parametrize("key", ["esc", "ctrl+c"])
def test_leaving_the_app_meanwhile_changes_nothing(unlocked: Lab, said_server: SaidServer, key: str) -> None:
    prepared(said_server, (400, {"error": "authorization_pending"}))
    with terminal(unlocked, "--config", config(unlocked, f"{said_server.url}/mcp")) as screen:
        open_guide(screen)
        screen.wait_for(r"next question in")
        screen.press(key)
        if key == "esc":
            screen.wait_for(r"Servers")
            asked = len(said_server.seen)
            screen.press("q")
            assert screen.wait_end() == 0
            assert len(said_server.seen) <= asked + 1
        else:
            assert screen.wait_end() == 130
    assert kept(unlocked) is None
    assert Journal(unlocked.host()).operations() == []


def test_a_line_that_drops_meanwhile_leaves_nothing(unlocked: Lab, said_server: SaidServer) -> None:
    prepared(said_server, (400, {"error": "authorization_pending"}))
    with terminal(unlocked, "--config", config(unlocked, f"{said_server.url}/mcp")) as screen:
        open_guide(screen)
        screen.wait_for(r"next question in")
        os.kill(screen.pid, signal.SIGHUP)
        assert screen.wait_end() == 129
    assert kept(unlocked) is None
    assert Journal(unlocked.host()).operations() == []


def test_a_code_that_ran_out_is_replaced_with_one_key(unlocked: Lab, said_server: SaidServer) -> None:
    prepared(said_server, (400, {"error": "expired_token"}), (400, {"error": "authorization_pending"}))
    with terminal(unlocked, "--config", config(unlocked, f"{said_server.url}/mcp")) as screen:
        open_guide(screen)
        screen.wait_for(r"The code is over")
        screen.wait_for(r"Enter get another code")
        screen.press("enter")
        screen.wait_for(r"next question in")
        assert SHOWN_CODE.search(screen.text)
    assert len([path for path, _ in said_server.seen if path == "/device"]) == 2


def prepared(server: SaidServer, *answers: Any) -> None:
    """The stand-in registers clients, is asked each second, and has a server beside it that demands its logins."""
    metadata = server.answers["/.well-known/oauth-authorization-server"][0]
    assert isinstance(metadata, tuple)
    metadata[1]["registration_endpoint"] = f"{server.url}/register"
    code = server.answers["/device"][0]
    assert isinstance(code, tuple)
    code[1]["interval"] = 1
    server.answers["/register"] = [(201, {"client_id": "registered"})]
    server.answers["/token"] = list(answers)
    resource = {"resource": f"{server.url}/mcp", "authorization_servers": [server.url]}
    server.answers["/.well-known/oauth-protected-resource/mcp"] = [(200, resource)]
    server.answers["/mcp"] = [(401, {})]
    assert urllib.parse.urlsplit(server.url).hostname == "127.0.0.1"


def agree(screen: Terminal) -> None:
    """To the first remedy of `fix`."""
    screen.wait_for(r"Do it\? \[y/N\]")
    assert "Sign in at" in screen.text, screen.text
    screen.write("y\r")


def open_guide(screen: Terminal) -> None:
    """From the home screen to the code."""
    screen.wait_for(r" m  Sign in at")
    screen.press("m")
    screen.wait_for(r"Shall it be done\?")
    screen.press("enter")
