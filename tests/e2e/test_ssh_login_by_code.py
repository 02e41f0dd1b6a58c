"""A login by code over a real SSH line: no browser, no display, a locked keychain to begin with."""

import json
import re
from collections.abc import Callable

from tests.e2e.conftest import PASSWORD, Scene
from tests.e2e.test_ssh import knows_its_bus
from tests.support.oauth_server import OAuthServer


def test_from_a_missing_login_to_one_that_the_server_takes(
    scene: Scene, oauth_server: Callable[..., OAuthServer]
) -> None:
    server = oauth_server()
    knows_its_bus(scene)
    own = {"type": "http", "url": server.resource, "headers": {"Authorization": "Bearer ${OAUTH:example}"}}
    scene.account.write(".claude.json", json.dumps({"mcpServers": {"guarded": own}}))
    scene.as_person("mcp-doctor", "unlock", "--password-stdin", given=PASSWORD)
    with scene.watching(), scene.login() as terminal:
        terminal.write("mcp-doctor guarded\r")
        terminal.wait_for(r" m  Sign in at localhost")
        terminal.press("m")
        terminal.wait_for(r"Shall it be done\?")
        terminal.press("enter")
        terminal.wait_for(r"next question in \d s")
        found = re.search(r"│   ((?:\S )+\S)   │", terminal.text)
        assert found, terminal.text
        server.person(found[1].replace(" ", ""))
        terminal.wait_for(r"lookup +broken → ok")
        terminal.wait_for("back to the servers")
        terminal.press("enter")
        terminal.press("q")
        terminal.wait_for(r"ready\$")
        terminal.write("exit\r")
        assert terminal.wait_end() == 0
    kept = scene.as_person("secret-tool", "lookup", "service", "mcp-secrets", "username", "oauth:example")
    login = json.loads(kept.stdout)
    assert server.takes(login["access_token"])
    for secret in (login["access_token"], login["refresh_token"], PASSWORD):
        assert secret.encode() not in terminal.stream
        assert secret not in scene.records()
        assert not [line for line in scene.seen if secret in line]
