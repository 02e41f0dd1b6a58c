"""A sandbox to practise in: its own home, keychain and providers. Scenes to look around in need nothing but Python."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tui.demo.scenario import UnknownScenarioError
from tui.demo.scenario import names as scenario_names

if TYPE_CHECKING:
    from diagnostics.host import Host
    from tui.demo.scenario import Scenario
    from tui.demo.stage import Stage
    from tui.session import DoctorSession


__all__ = ["DrillError", "UnknownScenarioError", "open_demo", "scenario_names"]

_LONGEST = 50
"""Characters of the folder for temporary files: a socket's path in the sandbox has to be short."""


class DrillError(Exception):
    """This drill can't be played on this computer. The text says why."""


@contextmanager
def open_demo(scenario: str | None = None) -> "Iterator[DoctorSession]":
    """A session on a scene of its own, which is gone when the context ends.

    In: a scenario's name, without one the first run. A drill runs on a private keyring daemon where one is installed.

    Raises:
        UnknownScenarioError: there is no such scenario.
        DrillError: it needs a real keyring daemon, and there is none.
    """
    import tempfile

    from diagnostics.context import Options
    from diagnostics.secret import Secret
    from tui.demo.drill import Practice
    from tui.demo.provider import StandInProvider
    from tui.demo.sandbox import build
    from tui.demo.scenario import load
    from tui.session import DoctorSession

    scene = load(scenario)
    with ExitStack() as ending:
        made = tempfile.TemporaryDirectory(
            prefix="mcp-doctor-demo-",
            dir=_short_folder() if scene.drill else None,
            ignore_cleanup_errors=True,
        )
        root = Path(ending.enter_context(made))
        host = build(root, scene)
        stage = _stage(ending, root, host, scene)
        for entry in scene.entries:
            text = scene.tokens[entry.token].text + entry.tail
            stage.put(entry.name, f"Password for '{entry.name}' on 'mcp-secrets'", Secret(text))
        if scene.login:
            from diagnostics.oauth.login import account_of
            from tui.demo.login_server import StandInLoginServer

            logins = StandInLoginServer()
            ending.callback(logins.close)
            stage.put(account_of(scene.login), f"Login for {scene.login}", logins.over().to_secret())
        stage.raise_curtain()
        providers = {}
        for provider in sorted({each.provider for each in scene.tokens.values() if each.provider}):
            standings = {
                each.text: each.standing for each in scene.tokens.values() if each.provider == provider
            }
            providers[provider] = StandInProvider(provider, standings)
            ending.callback(providers[provider].close)
        task = tuple(scene.filled(line, {"PASSWORD": scene.password}) for line in scene.task)
        practice = None
        if scene.drill is not None:
            practice = Practice(scene, scene.drill, root, stage.place, task, providers)
        yield DoctorSession(
            host=host,
            options=Options(provider_urls={name: each.url for name, each in providers.items()}),
            names=(),
            open_store=stage.open_store,
            open_world=stage.open_world,
            banner=f"DEMO - a sandbox in {root}; nothing of yours is touched",
            notes=task,
            practice=practice,
        )


def _stage(ending: ExitStack, root: Path, host: "Host", scene: "Scenario") -> "Stage":
    """A private daemon for a drill where it can be had, else the stand-in."""
    from tui.demo.stage import private, stand_in

    if scene.drill is None:
        return stand_in(root, host, scene)
    from recovery.model import RecoveryError
    from tui.demo.private_session import PrivateSessionError

    opened = ExitStack()
    try:
        stage = opened.enter_context(private(root, host, scene))
    except (PrivateSessionError, RecoveryError) as error:
        opened.close()
        if scene.needs_real_keychain:
            raise DrillError(f"the drill {scene.name} needs a real keyring daemon, and {error}") from error
        ending.callback(_let_go_of_tokens, host)
        return stand_in(root, host, scene)
    ending.push(opened)
    return stage


def _let_go_of_tokens(host: "Host") -> None:
    """What an emergency of the drill left in the kernel's keyring."""
    import contextlib

    from diagnostics.emergency import open_incidents

    for each in open_incidents(host):
        from recovery.emergency import kernel_keyring

        with contextlib.suppress(kernel_keyring.KernelKeyringError):
            kernel_keyring.let_go(each.key_name)


def _short_folder() -> str | None:
    """Where the sandbox is made; None = the usual place."""
    import os
    import tempfile

    short = "/tmp"  # noqa: S108 - the sandbox's own folder in it is private
    is_fine = len(tempfile.gettempdir()) <= _LONGEST or not os.access(short, os.W_OK)
    return None if is_fine else short
