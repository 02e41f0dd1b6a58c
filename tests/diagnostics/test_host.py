"""Which session this is, by variables and marker files."""

from pathlib import Path

import pytest

from diagnostics.host import Host, platform_of, session_of
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


def test_other_systems_are_local_or_ssh(tmp_path: Path) -> None:
    assert session_of({}, Platform.MACOS, tmp_path) is Session.LOCAL
    assert session_of({"SSH_CONNECTION": "x"}, Platform.MACOS, tmp_path) is Session.SSH


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
