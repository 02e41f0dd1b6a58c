"""Which store the keyring library would use is found out in a child that starts nothing and can be killed."""

import pytest

from diagnostics.check import all_checks
from diagnostics.context import Context, Options
from diagnostics.model import Stage
from diagnostics.runner import diagnose
from diagnostics.stores import open_store
from diagnostics.stores.keyring_backend import KeyringQuestionError, ask_keyring
from tests.support.lab import Lab
from tests.support.looking import look_at

LIBRARY = "backend.keyring-library"


def test_it_uses_the_secret_service(unlocked: Lab) -> None:
    assert look_at(unlocked).outcome(LIBRARY) == "expected"


@pytest.mark.parametrize(
    ("backend", "outcome", "cause"),
    [
        ("keyring.backends.null.Keyring", "null", "keyring_backend_null"),
        ("keyring.backends.fail.Keyring", "refuses", "keyring_no_backend"),
        ("keyrings.no_such_plugin.Keyring", "unloadable", "keyring_backend_unloadable"),
        ("nonsense", "unloadable", "keyring_backend_unloadable"),
        ("keyring.backends.SecretService.NoSuchClass", "unloadable", "keyring_backend_unloadable"),
    ],
)
def test_a_variable_that_spoils_it(unlocked: Lab, backend: str, outcome: str, cause: str) -> None:
    unlocked.add_entry("github_token", "value")
    seen = look_at(unlocked, PYTHON_KEYRING_BACKEND=backend)
    assert seen.fails == [(LIBRARY, outcome, cause)]


def test_the_config_file_spoils_it(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    path = unlocked.home / ".config/python_keyring/keyringrc.cfg"
    path.parent.mkdir(parents=True)
    path.write_text("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n")
    seen = look_at(unlocked)
    assert seen.fails == [(LIBRARY, "null", "keyring_backend_null")]
    assert str(path) in seen.finding(LIBRARY).detail


def test_a_config_file_that_is_not_one_is_no_traceback(unlocked: Lab) -> None:
    path = unlocked.home / ".config/python_keyring/keyringrc.cfg"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xfe\0[\n=\n")
    assert look_at(unlocked).outcome(LIBRARY) in {"unloadable", "expected"}


PLUGINS = """
from keyring.backend import KeyringBackend

class PlaintextKeyring(KeyringBackend):
    priority = {priority}
    def get_password(self, service, username): return None
    def set_password(self, service, username, password): pass
    def delete_password(self, service, username): pass

class Elsewhere(PlaintextKeyring):
    priority = 0.5
"""


def test_plain_text_and_another_store_are_two_things(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    (unlocked.root / "plugins.py").write_text(PLUGINS.format(priority=0.5))
    place = str(unlocked.root)
    plain = look_at(unlocked, PYTHONPATH=place, PYTHON_KEYRING_BACKEND="plugins.PlaintextKeyring")
    assert plain.fails == [(LIBRARY, "plaintext", "keyring_backend_plaintext")]
    other = look_at(unlocked, PYTHONPATH=place, PYTHON_KEYRING_BACKEND="plugins.Elsewhere")
    assert other.fails == []
    assert (LIBRARY, "another", "keyring_backend_unexpected") in other.warnings


def test_the_chainer_with_nothing_else_in_it_is_as_good(unlocked: Lab) -> None:
    seen = look_at(unlocked, PYTHON_KEYRING_BACKEND="keyring.backends.chainer.ChainerBackend")
    assert seen.outcome(LIBRARY) == "expected"


def test_the_chainer_with_a_second_store(unlocked: Lab) -> None:
    place = unlocked.root / "site"
    (place / "plug-1.dist-info").mkdir(parents=True)
    (place / "plugins.py").write_text(PLUGINS.format(priority=1.5))
    (place / "plug-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1\n")
    (place / "plug-1.dist-info/entry_points.txt").write_text("[keyring.backends]\nplug = plugins\n")
    seen = look_at(unlocked, PYTHONPATH=str(place))
    assert (LIBRARY, "several", "keyring_backend_unexpected") in seen.warnings
    assert "plugins.PlaintextKeyring" in seen.finding(LIBRARY).facts["chained"]


def test_a_plugin_that_hangs_is_ended(unlocked: Lab) -> None:
    (unlocked.root / "plugins.py").write_text("import time\ntime.sleep(3600)\n")
    host = unlocked.host(PYTHONPATH=str(unlocked.root), PYTHON_KEYRING_BACKEND="plugins.Keyring")
    before = sorted(unlocked.processes())
    with pytest.raises(KeyringQuestionError):
        ask_keyring(host, seconds=1.0)
    assert sorted(unlocked.processes()) == before


def test_a_plugin_that_ends_the_process_is_unknown(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    (unlocked.root / "plugins.py").write_text("import os\nos._exit(1)\n")
    seen = look_at(unlocked, PYTHONPATH=str(unlocked.root), PYTHON_KEYRING_BACKEND="plugins.Keyring")
    assert seen.fails == []
    assert seen.finding(LIBRARY).status == "unknown"


def test_a_python_without_the_library_is_unknown(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    (unlocked.root / "sitecustomize.py").write_text("import sys\nsys.modules['keyring'] = None\n")
    seen = look_at(unlocked, PYTHONPATH=str(unlocked.root))
    assert seen.fails == []
    assert (seen.outcome(LIBRARY), seen.finding(LIBRARY).status) == ("not-installed", "unknown")


def test_a_plugin_that_hangs_is_ended_though_nobody_takes_its_answer(lab: Lab) -> None:
    """No store answers, so the library's check waits for that; its child was started ahead all the same."""
    lab.start_bus()
    (lab.root / "plugins.py").write_text(
        f"import pathlib, time\npathlib.Path({str(lab.root)!r}, 'begun').touch()\ntime.sleep(3600)\n"
    )
    host = lab.host(PYTHONPATH=str(lab.root), PYTHON_KEYRING_BACKEND="plugins.Keyring")
    context = Context(host, Options(), files=(), servers=(), store=open_store(host))
    before = sorted(lab.processes())
    findings = diagnose(context, [each for each in all_checks() if each.stage is Stage.BACKEND])
    next(findings)
    lab.wait_for((lab.root / "begun").exists, "the plug-in is loaded")
    assert len(lab.processes()) > len(before)
    assert [each.outcome for each in findings if each.check == LIBRARY] == ["runner.waits"]
    assert sorted(lab.processes()) == before


def test_a_look_that_is_given_up_leaves_no_child(unlocked: Lab) -> None:
    host = unlocked.host()
    context = Context(host, Options(), files=(), servers=(), store=open_store(host))
    before = sorted(unlocked.processes())
    findings = diagnose(context)
    next(findings)
    findings.close()  # type: ignore[attr-defined]
    assert sorted(unlocked.processes()) == before


def test_nothing_is_activated_even_where_the_library_could(lab: Lab) -> None:
    lab.start_bus()
    names = lab.names()
    assert ask_keyring(lab.host()).backend == "keyring.backends.SecretService.Keyring"
    assert lab.names() == names


def test_a_module_in_the_working_directory_is_not_run(unlocked: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    (unlocked.home / "keyring.py").write_text("raise SystemExit('hostile')\n")
    monkeypatch.chdir(unlocked.home)
    assert ask_keyring(unlocked.host()).backend == "keyring.backends.SecretService.Keyring"
