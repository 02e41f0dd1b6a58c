"""Which session this is, by variables and marker files."""

import sys
from pathlib import Path

import pytest

from diagnostics.host import Host, platform_of, session_of, windows_session
from diagnostics.model import Platform, Session


@pytest.mark.parametrize(
    ("env", "marker", "session"),
    [
        ({"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22", "TERM": "xterm"}, None, Session.SSH),
        ({"SSH_TTY": "/dev/pts/0"}, ".dockerenv", Session.SSH),
        ({"WSL_DISTRO_NAME": "Debian", "TERM": "xterm"}, None, Session.WSL),
        ({"TERM": "xterm"}, ".dockerenv", Session.CONTAINER),
        ({"TERM": "xterm"}, "run/.containerenv", Session.CONTAINER),
        ({"container": "podman", "TERM": "xterm"}, None, Session.CONTAINER),
        ({"INVOCATION_ID": "abc", "PATH": "/bin"}, None, Session.SERVICE),
        ({"INVOCATION_ID": "abc", "TERM": "xterm"}, None, Session.LOCAL),
        ({"HOME": "/home/u", "LOGNAME": "u", "SHELL": "/bin/sh", "PATH": "/bin"}, None, Session.CRON),
        ({"HOME": "/home/u", "DISPLAY": ":0"}, None, Session.LOCAL),
    ],
)
def test_a_linux_session_is_told_by_its_signs(
    tmp_path: Path, env: dict[str, str], marker: str | None, session: Session
) -> None:
    if marker:
        (tmp_path / marker).parent.mkdir(exist_ok=True)
        (tmp_path / marker).touch()
    assert session_of(env, Platform.LINUX, tmp_path) is session


SHELL = {"HOME": "/Users/u", "LOGNAME": "u", "USER": "u", "SHELL": "/bin/zsh"}
CRON = SHELL | {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", "PWD": "/Users/u", "SHLVL": "1"}
APP = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "XPC_FLAGS": "0x0"}


@pytest.mark.parametrize(
    ("env", "session"),
    [
        ({}, Session.LOCAL),
        (SHELL | {"TERM": "xterm-256color", "XPC_SERVICE_NAME": "0", "XPC_FLAGS": "0x0"}, Session.LOCAL),
        (SHELL | APP | {"XPC_SERVICE_NAME": "application.com.example.Chat.1.2"}, Session.LOCAL),
        (SHELL | APP | {"XPC_SERVICE_NAME": "0"}, Session.LOCAL),  # a server of an app
        (SHELL | APP, Session.LOCAL),
        (APP | {"XPC_SERVICE_NAME": "org.example.daemon"}, Session.SERVICE),
        (SHELL | APP | {"XPC_SERVICE_NAME": "org.example.agent"}, Session.SERVICE),
        (SHELL | {"TERM": "xterm", "XPC_SERVICE_NAME": "org.example.terminal"}, Session.LOCAL),
        (CRON, Session.CRON),
        (CRON | {"XPC_SERVICE_NAME": "0", "__CF_USER_TEXT_ENCODING": "0x1F5:0x0:0x0"}, Session.CRON),
        ({"SSH_CONNECTION": "x", "XPC_SERVICE_NAME": "org.example.agent"}, Session.SSH),
        ({"SSH_CLIENT": "::1 5 22"}, Session.SSH),
    ],
)
def test_a_session_of_macos_is_told_by_its_variables(
    tmp_path: Path, env: dict[str, str], session: Session
) -> None:
    assert session_of(env, Platform.MACOS, tmp_path) is session


HANDED_ON = {"APPDATA": "a", "PATH": "p", "SYSTEMROOT": "r", "USERNAME": "u", "USERPROFILE": "h"}


@pytest.mark.parametrize(
    ("env", "number", "session"),
    [
        (HANDED_ON | {"SESSIONNAME": "Console"}, 1, Session.LOCAL),
        (HANDED_ON | {"SESSIONNAME": "RDP-Tcp#3"}, 2, Session.LOCAL),
        (HANDED_ON, 1, Session.LOCAL),  # a server of an app
        (HANDED_ON, None, Session.LOCAL),
        (HANDED_ON, 0, Session.SERVICE),
        (HANDED_ON | {"SSH_CONNECTION": "::1 5 ::1 22"}, 0, Session.SSH),
    ],
)
def test_a_session_of_windows_is_told_by_its_number(
    tmp_path: Path, env: dict[str, str], number: int | None, session: Session
) -> None:
    assert session_of(env, Platform.WINDOWS, tmp_path, number) is session


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows numbers its sessions")
def test_windows_tells_the_number_of_this_session() -> None:
    assert (windows_session() or 0) >= 0
    assert windows_session() is not None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has one")
def test_other_systems_have_no_such_number() -> None:
    assert windows_session() is None


@pytest.mark.parametrize(
    ("name", "platform"),
    [
        ("linux", Platform.LINUX),
        ("darwin", Platform.MACOS),
        ("win32", Platform.WINDOWS),
        ("freebsd14", Platform.LINUX),
    ],
)
def test_platforms(name: str, platform: Platform) -> None:
    assert platform_of(name) is platform


def host(platform: Platform, **env: str) -> Host:
    return Host(platform, Session.LOCAL, Path("/home/u"), Path("/"), env, uid=1234)


def test_folders_follow_the_variables_and_the_system() -> None:
    assert host(Platform.LINUX).runtime_dir == Path("/run/user/1234")
    assert host(Platform.LINUX, XDG_RUNTIME_DIR="/x").runtime_dir == Path("/x")
    assert host(Platform.LINUX, XDG_STATE_HOME="/s").state_dir == Path("/s/mcp-doctor")
    assert host(Platform.LINUX).state_dir == Path("/home/u/.local/state/mcp-doctor")
    assert host(Platform.MACOS).state_dir == Path("/home/u/Library/Application Support/mcp-doctor")


def test_a_hosts_environment_is_not_in_its_repr() -> None:
    assert "hunter2" not in repr(host(Platform.LINUX, PASSWORD="hunter2"))
