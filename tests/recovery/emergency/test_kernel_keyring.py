"""The real kernel: a token is held, is never there without its end, and is gone in time."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.secret import Secret
from recovery.emergency import kernel_keyring
from recovery.emergency.kernel_keyring import LONGEST, KernelKeyringError
from tests.recovery.emergency.conftest import REPO
from tests.support.platforms import IS_ROOT

pytestmark = pytest.mark.usefixtures("keyring")


def in_a_child(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"from recovery.emergency import kernel_keyring as k\n{code}"],
        env={"PYTHONPATH": str(REPO), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def until_gone(name: str, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while kernel_keyring.is_held(name):
        assert time.monotonic() < end, "the kernel still holds it"
        time.sleep(0.02)


def listed(name: str) -> list[str]:
    return [line for line in Path("/proc/keys").read_text().splitlines() if name in line]


def test_every_byte_comes_back_and_another_process_reads_it(name: str) -> None:
    kernel_keyring.hold(name, Secret("a\0ü\n \udcff"), 60)
    assert kernel_keyring.read(name) == Secret("a\0ü\n \udcff")
    assert in_a_child(f"print(ascii(k.read({name!r}).reveal()))").stdout == "'a\\x00\\xfc\\n \\udcff'\n"


def test_a_session_that_does_not_know_the_users_keyring_reads_it(name: str) -> None:
    kernel_keyring.hold(name, Secret("seen"), 60)
    assert in_a_child(f"k._keyctl(1, None)\nprint(k.read({name!r}).reveal())").stdout == "seen\n"


def test_the_kernel_forgets_it_in_time(name: str) -> None:
    kernel_keyring.hold(name, Secret("short"), 1)
    assert kernel_keyring.is_held(name)
    until_gone(name)
    assert kernel_keyring.read(name) is None


def test_it_can_be_let_go_of_from_elsewhere(name: str) -> None:
    kernel_keyring.hold(name, Secret("x"), 60)
    assert in_a_child(f"k._keyctl(1, None)\nk.let_go({name!r})").returncode == 0
    assert kernel_keyring.read(name) is None
    kernel_keyring.let_go(name)


def test_a_new_one_of_the_same_name_replaces_the_old(name: str) -> None:
    kernel_keyring.hold(name, Secret("old"), 60)
    kernel_keyring.hold(name, Secret("new"), 60)
    assert kernel_keyring.read(name) == Secret("new")


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else")
def test_another_user_finds_nothing(name: str) -> None:
    kernel_keyring.hold(name, Secret("mine"), 60)
    done = in_a_child(f"import os\nos.setgid(65534)\nos.setuid(65534)\nprint(k.read({name!r}))")
    assert done.stdout == "None\n"


@pytest.mark.parametrize("calls", [1, 2, 3, 4, 5])
def test_killed_after_any_call_it_is_never_held_without_its_end(name: str, calls: int) -> None:
    done = in_a_child(
        "import os, signal\n"
        "from diagnostics.secret import Secret\n"
        "real, left = k._call, [0]\n"
        "def call(*words):\n"
        "    result = real(*words)\n"
        "    left[0] += 1\n"
        f"    if left[0] == {calls}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return result\n"
        "k._call = call\n"
        f"k.hold({name!r}, Secret('cut off'), 2)\n"
    )
    assert done.returncode == -signal.SIGKILL
    if calls >= 4:
        assert kernel_keyring.read(name) == Secret("cut off")
        assert all(" perm " not in line for line in listed(name))
    else:
        assert not kernel_keyring.is_held(name)
    until_gone(name)


def test_what_is_too_long_or_nothing_is_refused(name: str) -> None:
    for value, seconds in (("x" * (LONGEST + 1), 60), ("", 60), ("x", 0)):
        with pytest.raises(KernelKeyringError) as caught:
            kernel_keyring.hold(name, Secret(value), seconds)
        assert "xx" not in str(caught.value)
    assert not kernel_keyring.is_held(name)


@pytest.mark.parametrize("code", [1, 13, 38])
def test_a_container_that_forbids_it_is_told_so(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_words: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(kernel_keyring, "_call", forbidden)
    host = Host(Platform.LINUX, Session.LOCAL, Path("/"), Path("/"), {}, 0, "x")
    assert "closed to this process" in kernel_keyring.trouble(host)
    with pytest.raises(KernelKeyringError):
        kernel_keyring.read("mcp-doctor:none")


@pytest.mark.parametrize("platform", [Platform.MACOS, Platform.WINDOWS])
def test_other_systems_have_none(platform: Platform) -> None:
    assert kernel_keyring.trouble(Host(platform, Session.LOCAL, Path("/"), Path("/"), {}, 0, "x"))
