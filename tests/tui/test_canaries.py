"""The app on a home with a credential in every place: no screen shows one."""

import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from recovery.world import LocalWorld
from tests.project.test_canaries import Canaries, Echo, home_of
from tests.support.configured import HeldStore
from tests.tui.conftest import Driver
from tui.app import DoctorApp
from tui.session import DoctorSession

SHOWN = ("misplaced", "folder", "arguments", "whole", "proxy-path", "database")


async def test_no_screen_shows_a_credential(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    canary = Canaries()
    home_of(tmp_path, canary, server.server_port)
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {"PATH": "/nowhere"})
    session = DoctorSession(
        host,
        Options(timeout=5.0, offline=True),
        SHOWN,
        lambda _host: HeldStore({}),
        LocalWorld,
    )
    app = DoctorApp(session)
    app.animation_level = "none"
    screens: list[str] = []
    async with app.run_test(size=(150, 50)) as pilot:
        driver = Driver(app, pilot)
        await driver.until(lambda: app.board.context is not None and not app.board.running, 30)
        for _ in range(len(SHOWN) + 2):
            for keys in (("down",), ("s",), ("escape",)):
                await driver.press(*keys)
                screens.append(driver.text)
    server.shutdown()
    server.server_close()
    said = "\n".join(screens)
    assert "in the folder /home/ghp_•••" in said
    assert "To see whether it starts" in said
    assert canary.in_text(said) == []
