"""`run` with what other stores keep: the server gets the value, or the start ends with one clear line."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diagnostics.servers.failure_record import read_failures
from tests.recovery.test_launcher import _SHOW, doctor_run, failed, shown
from tests.support.keytar import Keytar
from tests.support.lab import Lab
from tests.support.vault_server import ROOT_TOKEN, vault_server

VALUE = "the-" + "value" * 4


def test_keytars_entry_arrives(unlocked: Lab, keytar_in: Callable[[Lab], Keytar]) -> None:
    keytar_in(unlocked).set("my/service", "me", VALUE)
    done = doctor_run(unlocked, "--", sys.executable, "-c", _SHOW, TOKEN="${KEYTAR:my/service/me}")
    assert shown(done)[1]["TOKEN"] == VALUE
    assert done.stderr == ""


def test_a_locked_entry_is_not_missing(unlocked: Lab, keytar_in: Callable[[Lab], Keytar]) -> None:
    keytar_in(unlocked).set("svc", "me", VALUE)
    unlocked.lock()
    said = failed(doctor_run(unlocked, "--", "true", TOKEN="${KEYTAR:svc/me}"), 78)
    assert "locked" in said
    assert "mcp-doctor unlock" in said


def test_vaults_secret_arrives(lab: Lab, tmp_path: Path) -> None:
    with vault_server(tmp_path) as vault:
        vault.one["kv1/mcp"] = {"token": VALUE}
        env: dict[str, Any] = {**vault.env, "VAULT_TOKEN": ROOT_TOKEN, "TOKEN": "${VAULT:kv1/mcp#token}"}
        done = doctor_run(lab, "--", sys.executable, "-c", _SHOW, "Bearer ${VAULT:kv1/mcp}", **env)
        args, variables = shown(done)
    assert args == [f"Bearer {VALUE}"]
    assert variables["TOKEN"] == VALUE


def test_a_sealed_vault_ends_the_start(lab: Lab, tmp_path: Path) -> None:
    with vault_server(tmp_path) as vault:
        vault.sealed = True
        env: dict[str, Any] = {**vault.env, "VAULT_TOKEN": ROOT_TOKEN, "TOKEN": "${VAULT:kv1/mcp#token}"}
        said = failed(doctor_run(lab, "--", "true", **env), 78)
    assert "sealed" in said
    assert ROOT_TOKEN not in said
    (record,) = read_failures(lab.host())
    assert (record.cause, record.exit_code, record.reference) == (
        "manager_sealed",
        78,
        "${VAULT:kv1/mcp#token}",
    )


_HIDDEN = """
import sys
sys.modules[sys.argv[1]] = None
from diagnostics.host import this_host
from recovery.launcher import run
sys.exit(run(sys.argv[2:], this_host()))
"""


@pytest.mark.parametrize(("module", "reference"), [("hvac", "${VAULT:a/b}"), ("botocore", "${AWS_SECRET:a}")])
def test_a_library_that_is_not_installed_ends_the_start_with_one_line(
    lab: Lab, module: str, reference: str
) -> None:
    from tests.support.lab import REPO

    env = {"PYTHONPATH": str(REPO), "TOKEN": reference}
    done = lab.run([sys.executable, "-c", _HIDDEN, module, "--", "true"], env=env)
    assert done.returncode == 78
    assert done.stderr.count("\n") == 1
    assert "is not installed; `" in done.stderr
    assert "install" in done.stderr
    assert "Traceback" not in done.stderr


_LOADED = """
import json, os, sys
from diagnostics.host import this_host
from recovery import launcher
launcher.become = lambda launch, host: print(json.dumps(sorted(sys.modules))) or 0
sys.exit(launcher.run(sys.argv[1:], this_host()))
"""


def test_no_manager_is_loaded_where_no_reference_needs_one(unlocked: Lab) -> None:
    from tests.support.lab import REPO

    unlocked.add_entry("github_token", VALUE)
    env = {"PYTHONPATH": str(REPO), "TOKEN": "${SECRET:github_token}"}
    done = unlocked.run([sys.executable, "-c", _LOADED, "--", "true"], env=env, fresh=True)
    loaded = set(json.loads(done.stdout))
    assert "recovery.launcher" in loaded
    assert not {
        each for each in loaded if each.startswith(("diagnostics.managers", "hvac", "botocore", "tomllib"))
    }
