"""The encrypted store behind the Python keyring library: by name alone, with the library's own errors."""

import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.secret import Secret
from diagnostics.stores.file_store import identity_path, read_store, store_path
from diagnostics.stores.keyring_backend import ask_keyring
from tests.support import looking
from tests.support.file_store import host_with_choice, world_with_store

BACKEND = "recovery.stores.keyring_plugin.FileStoreKeyring"
ROOT = str(Path(__file__).parents[2])
CHECK = "backend.keyring-library"


def chosen(host: Host) -> dict[str, str]:
    return {**host.env, "PYTHON_KEYRING_BACKEND": BACKEND, "PYTHONPATH": ROOT}


def keyring(host: Host, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """The library's own command."""
    return subprocess.run(
        [sys.executable, "-m", "keyring", *words],
        env=chosen(host), input=given, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_the_librarys_own_command_sets_gets_and_deletes(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    assert keyring(world.host, "set", "mcp-secrets", "one", given="value\n").returncode == 0
    found = world.keychain.entries({"service": "mcp-secrets", "username": "one"})
    assert [each.secret for each in found] == [Secret("value")]
    assert keyring(world.host, "get", "mcp-secrets", "one").stdout == "value\n"
    assert keyring(world.host, "del", "mcp-secrets", "one").returncode == 0
    assert keyring(world.host, "get", "mcp-secrets", "one").returncode == 1
    assert read_store(world.host) == []


def test_it_is_never_taken_by_the_librarys_own_preference(tmp_path: Path) -> None:
    host = world_with_store(tmp_path).host
    program = (
        f"import {BACKEND.rpartition('.')[0]}, keyring\n"
        "from keyring.backends.chainer import ChainerBackend\n"
        "print(type(keyring.get_keyring()).__module__, len(ChainerBackend.backends))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**host.env, "PYTHONPATH": ROOT}, capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert done.stdout == "keyring.backends.fail 0\n"


PROGRAM = """
import sys, keyring
from keyring import errors
mode = sys.argv[1]
try:
    if mode == "set": keyring.set_password("mcp-secrets", "one", "new")
    elif mode == "delete": keyring.delete_password("mcp-secrets", "one")
    elif mode == "credential": print(keyring.get_credential("mcp-secrets", None).username)
    else: print(keyring.get_password("mcp-secrets", "one"))
except errors.KeyringError as error: print(type(error).__name__, error)
"""


def library(host: Host, mode: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode],
        env=env or chosen(host), capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    return done.stdout


def test_each_trouble_is_an_error_of_the_librarys_own_kind(tmp_path: Path) -> None:
    world = world_with_store(tmp_path)
    host = world.host
    world.keychain.put("file", "l", {"service": "mcp-secrets", "username": "one"}, Secret("\udcff"))
    assert (
        library(host, "credential")
        == "KeyringError the entry's value is no text: `mcp-doctor check` says what is wrong with it\n"
    )
    before = store_path(host).read_bytes()
    store_path(host).write_bytes(before[:-4])
    assert library(host, "get").startswith("KeyringError the encrypted store can't be opened")
    assert library(host, "set").startswith("PasswordSetError the encrypted store can't be opened")
    assert library(host, "delete").startswith("PasswordDeleteError the encrypted store can't be opened")
    assert store_path(host).read_bytes() == before[:-4]
    identity_path(host).unlink()
    assert "KeyringError" in library(host, "get")


def test_without_the_choice_it_gives_nothing(tmp_path: Path) -> None:
    host = host_with_choice(tmp_path)
    env = {"HOME": str(tmp_path), "PYTHON_KEYRING_BACKEND": BACKEND, "PYTHONPATH": ROOT}
    said = library(host, "get", env)
    assert said.startswith("KeyringError")
    assert "not chosen" in said


@pytest.mark.parametrize(("told", "outcome"), [(True, "expected"), (False, "apart")])
def test_the_check_knows_it(tmp_path: Path, told: bool, outcome: str) -> None:
    import dataclasses

    host = world_with_store(tmp_path).host
    if told:
        host = dataclasses.replace(host, env=chosen(host))
        assert ask_keyring(host).backend == BACKEND
    found = {each.check: each for each in looking.look(host, "one").findings}
    assert found[CHECK].outcome == outcome
