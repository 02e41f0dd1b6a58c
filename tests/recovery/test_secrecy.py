"""The password goes to the daemon alone: no process, file or text anywhere else has it while it is used."""

import sys
import threading
from pathlib import Path

from diagnostics.secret import Secret
from recovery.journal import Journal
from recovery.runner import carry_out
from recovery.world import LocalWorld
from tests.recovery.conftest import way
from tests.support.lab import Lab

CANARY = "pass-canary-" + "4f" * 8


def test_password_and_token_are_in_no_command_line_environment_file_or_text(lab: Lab) -> None:
    from recovery.entries import set_entry

    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for folder in Path("/proc").iterdir():
                if not folder.name.isdigit():
                    continue
                for name in ("cmdline", "environ"):
                    try:
                        if CANARY.encode() in (folder / name).read_bytes():
                            seen.append(f"{folder}/{name}")
                    except OSError:
                        continue

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    world = LocalWorld(lab.host())
    journal = Journal(world.host)
    remedy = way(world)
    outcomes = [carry_out(remedy, {"password": Secret(CANARY)}, world, journal)]
    outcomes.append(set_entry("github_token", Secret(CANARY + "-token"), world, journal))
    world.keychain.lock(world.keychain.state().collections[0].path)
    default = world.keychain.state().default
    assert default is not None
    world.keychain.lock(default.path)
    outcomes.append(carry_out(way(world), {"password": Secret(CANARY + "-wrong")}, world, journal))
    done.set()
    watcher.join(10)
    assert [each.ok for each in outcomes] == [True, True, False]
    assert seen == []
    assert CANARY not in repr(outcomes) + repr(remedy)
    for path in lab.root.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


def test_an_error_deep_in_the_store_does_not_carry_the_password(lab: Lab) -> None:
    import traceback

    from recovery.model import RecoveryError

    lab.start("right")
    lab.lock()
    world = LocalWorld(lab.host())
    try:
        world.keychain.unlock(lab.read_alias(), Secret(CANARY))
    except RecoveryError:
        text = "".join(traceback.TracebackException(*sys.exc_info(), capture_locals=True).format())
        assert CANARY not in text
    else:
        raise AssertionError("a wrong password was taken")
