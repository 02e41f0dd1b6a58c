"""Emergency access by keyboard at 80×24, on the real kernel's keyring: begun, seen at home, closed."""

import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from diagnostics.context import Options
from diagnostics.emergency import open_incidents
from diagnostics.secret import Secret
from diagnostics.stores import open_store
from recovery.emergency import kernel_keyring
from recovery.emergency.incident import incidents
from recovery.journal import Journal
from recovery.world import LocalWorld
from tests.recovery.conftest import a_host
from tests.support.kernel_keys import revoke_tokens_of
from tests.support.platforms import lacking
from tests.tui.conftest import Driver
from tui.app import DoctorApp
from tui.session import DoctorSession


@pytest.fixture
def session(tmp_path: Path) -> Iterator[DoctorSession]:
    host = a_host(tmp_path)
    trouble = kernel_keyring.trouble(host)
    if trouble:
        lacking(trouble)
    config = tmp_path / "servers.json"
    entry = {"command": "mcp-doctor", "args": ["run", "--", "true"], "env": {"API_KEY": "${SECRET:api_key}"}}
    config.write_text(json.dumps({"mcpServers": {"tracker": entry}}))
    yield DoctorSession(host, Options(config=(config,), offline=True), (), open_store, LocalWorld)
    revoke_tokens_of(tmp_path)


@asynccontextmanager
async def app_on(session: DoctorSession) -> AsyncIterator[Driver]:
    app = DoctorApp(session)
    app.animation_level = "none"
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        driver = Driver(app, pilot)
        await driver.until(lambda: app.board.context is not None and not app.board.running, 30)
        yield driver


async def test_an_incident_by_keyboard(session: DoctorSession) -> None:
    token = "canary" + secrets.token_hex(12)
    async with app_on(session) as driver:
        await driver.until(lambda: "tracker" in driver.text)
        assert "Emergency access is open" not in driver.text
        await driver.press("x")
        await driver.sees("n begins one for tracker", "No incident is open")
        await driver.press("n")
        await driver.sees("Reason (goes into the audit trail)", "For how long")
        await driver.press("enter", "enter", "enter")
        await driver.sees("say why")
        await driver.write("keychain broken")
        await driver.press("enter")
        await driver.write("INC-3")
        await driver.press("enter")
        await driver.write("5m")
        await driver.press("enter")
        await driver.sees("Emergency token for tracker", "never on a disk")
        await driver.write(token)
        assert token not in driver.text
        await driver.press("enter")
        await driver.sees("Use it?")
        assert open_incidents(session.host) == []
        await driver.press("enter")
        await driver.until(lambda: "Restart tracker in its client" in driver.text, 30)
        (opened,) = open_incidents(session.host)
        assert kernel_keyring.read(opened.key_name) == Secret(token)
        assert (opened.reason, opened.ticket) == ("keychain broken", "INC-3")
        await driver.press("enter")
        await driver.until(lambda: "Emergency access is open for tracker" in driver.text, 30)

        await driver.press("x")
        await driver.sees("Enter closes the chosen one", "held for 5 minutes", "INC-3")
        await driver.press("enter")
        await driver.sees("keychain broken", "takes the token away from this computer first")
        await driver.press("enter")
        await driver.until(lambda: "revoked: close anyway" in driver.text, 30)
        assert "The usual path does not work yet" in driver.text
        assert not kernel_keyring.is_held(opened.key_name)
        assert len(open_incidents(session.host)) == 1
        await driver.press("s")
        await driver.sees("Start tracker?", "mcp-doctor run -- true")
        await driver.press("escape", "s", "enter")
        await driver.sees("It does not start on the usual path", "revoked: close anyway")
        await driver.press("v")
        await driver.sees("The incident is closed", "Report:")
        await driver.press("enter")
        await driver.sees("No incident is open")
        await driver.press("escape")
        await driver.until(lambda: "Emergency access is open" not in driver.text, 30)
    (incident,) = incidents(session.host, Journal(session.host))
    assert (incident.state, incident.token_revoked) == ("closed", True)
    assert Journal(session.host).verify() == []
    report = session.host.state_dir / "incidents" / f"incident-{incident.id}.md"
    assert "keychain broken" in report.read_text()
