"""Keychain files that their own daemon can't read or write. The daemon runs without root's right to pass modes by."""

import os
import shutil
from collections.abc import Iterator

import pytest

from diagnostics.context import Context, Options
from diagnostics.model import Finding
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores.secret_service import SecretService
from recovery.entries import set_entry
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.planner import remedies_for
from recovery.runner import Result, carry_out, undo
from recovery.world import LocalWorld
from tests.recovery.conftest import PASSWORD, judge, mend, way
from tests.support.lab import Lab, a_lab, require


@pytest.fixture
def lab() -> Iterator[Lab]:
    command = "/usr/bin/gnome-keyring-daemon --start --foreground --components=secrets"
    if os.geteuid() == 0:
        require("setpriv")
        command = f"{shutil.which('setpriv')} --inh-caps=-all --bounding-set=-all {command}"
    with a_lab(exec_line=command) as made:
        made.start_bus()
        made.activate()
        made.create_collection(PASSWORD)
        made.add_entry("prior", "prior")
        yield made


def context_of(lab: Lab) -> Context:
    host = lab.host()
    return Context(host, Options(), [], [], SecretService(host))


def findings(context: Context) -> dict[str, Finding]:
    return {each.check: each for each in diagnose(context)}


def test_an_unreadable_file_is_made_readable_and_the_daemon_reads_it_anew(lab: Lab) -> None:
    lab.stop_daemon()
    (lab.keyrings / "login.keyring").chmod(0)
    lab.activate()
    world = LocalWorld(lab.host())
    assert world.keychain.state().default is None
    with pytest.raises(RecoveryError, match="could not read it"):
        world.keychain.create(Secret(PASSWORD))
    remedy = way(world)
    assert remedy.id == "fix-keyring-permissions"
    assert [step.kind for step in remedy.steps] == ["set-mode", "restart-provider", "unlock"]
    assert "other programs" in remedy.why
    assert mend(world).ok
    judge(lab, world, "prior")


def test_an_unreadable_file_is_mended_before_the_daemon_is_started(lab: Lab) -> None:
    lab.stop_daemon()
    (lab.keyrings / "login.keyring").chmod(0)
    world = LocalWorld(lab.host())
    remedy = way(world)
    assert remedy.id == "start-provider"
    assert [step.kind for step in remedy.steps] == ["set-mode", "start-provider", "unlock"]
    assert mend(world).ok
    judge(lab, world, "prior")


def test_a_folder_that_can_not_be_written_is_mended_without_a_restart(lab: Lab) -> None:
    lab.keyrings.chmod(0o500)
    pid = lab.daemon_pid
    world = LocalWorld(lab.host())
    journal = Journal(world.host)
    failed = set_entry("github_token", Secret("new"), world, journal)
    assert failed.result is Result.NOTHING_CHANGED
    assert "can't be written" in failed.error
    context = context_of(lab)
    finding = findings(context)["permission.keyring-files"]
    (remedy,) = remedies_for(finding, context)
    assert [step.kind for step in remedy.steps] == ["set-mode"]
    assert carry_out(remedy, {}, world, journal).ok
    assert lab.daemon_pid == pid
    judge(lab, world, "prior")
    assert undo(None, world, journal).ok
    assert lab.keyrings.stat().st_mode & 0o777 == 0o500


def test_a_file_open_to_others_is_closed(lab: Lab) -> None:
    (lab.keyrings / "login.keyring").chmod(0o644)
    context = context_of(lab)
    finding = findings(context)["permission.keyring-files"]
    (remedy,) = remedies_for(finding, context)
    assert carry_out(remedy, {}, LocalWorld(lab.host()), Journal(lab.host())).ok
    assert (lab.keyrings / "login.keyring").stat().st_mode & 0o777 == 0o600
    assert findings(context_of(lab))["permission.keyring-files"].status == "ok"
