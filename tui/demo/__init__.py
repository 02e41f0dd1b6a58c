"""A sandbox to practise in: its own home, a stand-in keychain and stand-in providers. Needs nothing but Python."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tui.demo.scenario import UnknownScenarioError
from tui.demo.scenario import names as scenario_names

if TYPE_CHECKING:
    from tui.session import DoctorSession


__all__ = ["UnknownScenarioError", "open_demo", "scenario_names"]


@contextmanager
def open_demo(scenario: str | None = None) -> "Iterator[DoctorSession]":
    """A session on a scene of its own, which is gone when the context ends.

    In: a scenario's name, without one the first run.

    Raises:
        UnknownScenarioError: there is no such scenario.
    """
    import tempfile
    from pathlib import Path

    from diagnostics.context import Options
    from diagnostics.secret import Secret
    from tui.demo.keychain import Keychain, StandInStore, keyring_attributes
    from tui.demo.provider import StandInProvider
    from tui.demo.sandbox import build
    from tui.demo.scenario import load
    from tui.demo.world import StandInWorld
    from tui.session import DoctorSession

    scene = load(scenario)
    with ExitStack() as ending:
        root = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="mcp-doctor-demo-")))
        host = build(root, scene)
        live = {str(host.runtime_dir / "bus")} if scene.bus != "down" else set()
        keychain = Keychain(scene.keychain, Secret(scene.password), live)
        for entry in scene.entries:
            text = scene.tokens[entry.token].text + entry.tail
            label = f"Password for '{entry.name}' on 'mcp-secrets'"
            keychain.put(keyring_attributes(entry.name), label, Secret(text))
        if scene.login:
            from diagnostics.oauth.login import account_of
            from tui.demo.login_server import StandInLoginServer

            logins = StandInLoginServer()
            ending.callback(logins.close)
            name = account_of(scene.login)
            keychain.put(keyring_attributes(name), f"Login for {scene.login}", logins.over().to_secret())
        urls = {}
        for provider in sorted({each.provider for each in scene.tokens.values() if each.provider}):
            standings = {
                each.text: each.standing for each in scene.tokens.values() if each.provider == provider
            }
            stand_in = StandInProvider(provider, standings)
            ending.callback(stand_in.close)
            urls[provider] = stand_in.url
        yield DoctorSession(
            host=host,
            options=Options(provider_urls=urls),
            names=(),
            open_store=lambda its_host: StandInStore(keychain, its_host),
            open_world=lambda its_host: StandInWorld(its_host, root, keychain),
            banner=f"DEMO - a sandbox in {root}; nothing of yours is touched",
            notes=tuple(scene.filled(line, {"PASSWORD": scene.password}) for line in scene.task),
        )
