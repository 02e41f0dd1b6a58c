"""Where a process was put: told of recorded trees and variables, and of real processes where they can be had here."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from diagnostics.host import Host, session_of
from diagnostics.model import Platform, Session
from diagnostics.place import Kind, parents_of, places_of
from tests.support.lab import LOGIN, REPO, Lab
from tests.support.looking import look
from tests.support.platforms import IS_ROOT, lacking
from tests.support.tokens import github

WSL2 = "5.15.153.1-microsoft-standard-WSL2\n"
WSL1 = "4.4.0-19041-Microsoft\n"
DEBIAN = "6.1.0-18-amd64\n"
DESKTOP = {"TERM": "xterm", "DISPLAY": ":0", "HOME": "/home/u"}


def here(
    root: Path, files: Mapping[str, str], env: Mapping[str, str], parents: Sequence[str] = (), uid: int = 1000
) -> list[tuple[Kind, str]]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    session = session_of(env, Platform.LINUX, root)
    host = Host(Platform.LINUX, session, root, root, env, uid=uid, root=root)
    return [(each.kind, each.name) for each in places_of(host, parents)]


RECORDED: dict[str, tuple[Mapping[str, str], Mapping[str, str], list[tuple[Kind, str]]]] = {
    "a desktop": ({"proc/self/cgroup": "0::/user.slice/user-1000.slice/session-2.scope\n"}, DESKTOP, []),
    "a terminal of a desktop": (
        {
            "proc/self/cgroup": "0::/user.slice/user-1000.slice/user@1000.service/app.slice/"
            "app-org.gnome.Terminal.slice/vte-spawn-4f0e.scope\n",
            "proc/sys/kernel/osrelease": DEBIAN,
        },
        {**DESKTOP, "INVOCATION_ID": "5d1f"},
        [],
    ),
    "docker": ({".dockerenv": "", "proc/1/cgroup": "0::/\n"}, DESKTOP, [(Kind.CONTAINER, "docker")]),
    "docker, cgroup v1": (
        {"proc/1/cgroup": "12:memory:/docker/3a5f\n"},
        DESKTOP,
        [(Kind.CONTAINER, "docker")],
    ),
    "podman": ({"run/.containerenv": ""}, {"container": "podman"}, [(Kind.CONTAINER, "podman")]),
    "kubernetes": (
        {".dockerenv": "", "proc/1/cgroup": "0::/kubepods/burstable/pod1/3a5f\n"},
        {"KUBERNETES_SERVICE_HOST": "10.0.0.1"},
        [(Kind.POD, "Kubernetes")],
    ),
    "docker on WSL's kernel": (
        {".dockerenv": "", "proc/sys/kernel/osrelease": WSL2},
        DESKTOP,
        [(Kind.CONTAINER, "docker")],
    ),
    "WSL 2": (
        {"proc/sys/kernel/osrelease": WSL2, "proc/sys/fs/binfmt_misc/WSLInterop": "enabled"},
        {**DESKTOP, "WSL_DISTRO_NAME": "Ubuntu"},
        [(Kind.WSL2, "Ubuntu")],
    ),
    "WSL 2 from a job": (
        {"proc/sys/kernel/osrelease": WSL2},
        {"PATH": "/bin", "TERM": "dumb"},
        [(Kind.WSL2, "WSL")],
    ),
    "WSL 1": ({"proc/sys/kernel/osrelease": WSL1}, {"WSL_DISTRO_NAME": "Debian"}, [(Kind.WSL1, "Debian")]),
    "a strict snap": (
        {"proc/self/attr/current": "snap.cursor.cursor (enforce)\n"},
        {**DESKTOP, "SNAP_NAME": "cursor"},
        [(Kind.SNAP, "cursor")],
    ),
    "a shell in a classic snap": (
        {"proc/self/attr/current": "unconfined\n"},
        {**DESKTOP, "SNAP_NAME": "code"},
        [],
    ),
    "a classic snap": ({"proc/self/attr/current": "snap.code.code (complain)\n"}, {"SNAP_NAME": "code"}, []),
    "a flatpak": (
        {".flatpak-info": "[Application]\nname=com.visualstudio.code\n\n[Context]\nsockets=x11;wayland;\n"},
        {**DESKTOP, "container": "flatpak"},
        [(Kind.FLATPAK, "com.visualstudio.code")],
    ),
    "a system service": (
        {"proc/self/cgroup": "0::/system.slice/mcp-bridge.service\n"},
        {"INVOCATION_ID": "5d1f", "PATH": "/bin"},
        [(Kind.SYSTEM_SERVICE, "mcp-bridge.service")],
    ),
    "a user service": (
        {"proc/self/cgroup": "0::/user.slice/user-1000.slice/user@1000.service/app.slice/mcp.service\n"},
        {"INVOCATION_ID": "5d1f", "PATH": "/bin"},
        [(Kind.USER_SERVICE, "mcp.service")],
    ),
    "an SSH login in a container": (
        {".dockerenv": ""},
        {"SSH_CONNECTION": "1 2 3 4", "TERM": "xterm"},
        [(Kind.CONTAINER, "docker")],
    ),
    "sudo -u": ({}, {**DESKTOP, "SUDO_UID": "1001", "SUDO_USER": "ada"}, [(Kind.OTHER_USER, "ada")]),
    "sudo back to oneself": ({}, {**DESKTOP, "SUDO_UID": "1000", "SUDO_USER": "u"}, []),
    "tmux": ({}, {**DESKTOP, "TMUX": "/tmp/tmux-1000/default,1,0"}, [(Kind.MULTIPLEXER, "tmux")]),
    "a codespace": (
        {".dockerenv": ""},
        {**DESKTOP, "CODESPACES": "true"},
        [(Kind.REMOTE_EDITOR, "VS Code"), (Kind.CONTAINER, "docker")],
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_places(tmp_path: Path, name: str) -> None:
    files, env, expected = RECORDED[name]
    assert here(tmp_path, files, env) == expected


@pytest.mark.parametrize(
    ("parents", "expected"),
    [
        (
            ["/usr/bin/bash", "/home/u/.vscode-server/cli/servers/Stable-1/server/node"],
            [(Kind.REMOTE_EDITOR, "VS Code")],
        ),
        (["/home/u/.cursor-server/bin/linux-x64/1/node", "/usr/sbin/sshd"], [(Kind.REMOTE_EDITOR, "Cursor")]),
        (["/usr/bin/dash", "/usr/sbin/cron"], [(Kind.JOB, "cron")]),
        (["/usr/bin/bash", "/usr/bin/tmux", "/usr/sbin/cron"], []),
        (["/usr/bin/bash", "/usr/sbin/sshd"], []),
    ],
)
def test_who_started_it_tells(tmp_path: Path, parents: list[str], expected: list[tuple[Kind, str]]) -> None:
    assert here(tmp_path, {}, DESKTOP, parents) == expected


def test_a_flatpak_may_be_open_to_the_keychain(tmp_path: Path) -> None:
    (tmp_path / ".flatpak-info").write_text(
        "[Application]\nname=app\n[Session Bus Policy]\norg.freedesktop.secrets=talk\n"
    )
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {}, root=tmp_path)
    (found,) = places_of(host)
    assert found.open


@pytest.mark.parametrize("name", ["x;rm -rf ~", "$(id)", "-x", "a\x1b[31m", "n" * 500])
def test_a_name_that_is_none_comes_into_no_command(tmp_path: Path, name: str) -> None:
    variables = {"SNAP_NAME": name, "TERM": "xterm", "SUDO_UID": "5", "SUDO_USER": name}
    told = here(tmp_path, {}, variables)
    assert {kind for kind, _ in told} == {Kind.SNAP, Kind.OTHER_USER}
    assert {each for _, each in told} == {"NAME"}


def test_hostile_files_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_bytes(b"\xff\x00" * 100_000)
    (tmp_path / "proc/5").mkdir()
    (tmp_path / "proc/5/stat").write_text("5 (a) b) c) S 5 1")  # its own parent
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {}, root=tmp_path)
    assert places_of(host) == ()
    assert len(parents_of(host, 5)) < 50


# ── the check ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [each for each, (_, _, expected) in RECORDED.items() if expected])
def test_each_place_is_said_with_and_without_a_keychain(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words for all of them; without a keychain a warning with a way that works there, never a failure of its own."""
    files, env, expected = RECORDED[name]
    here(tmp_path, files, env)
    monkeypatch.setattr("diagnostics.checks.backend.place.parents_of", lambda *_words: ())
    host = Host(
        Platform.LINUX,
        session_of(env, Platform.LINUX, tmp_path),
        tmp_path,
        tmp_path,
        env,
        1000,
        "u",
        tmp_path,
    )
    found = [each for each in look(host, only="backend.place").findings if each.check == "backend.place"]
    assert [each.outcome.removesuffix("-without") for each in found] == [kind.value for kind, _ in expected]
    assert {each.status.value for each in found} == {"warn"}
    assert all(each.fix and each.detail and "{" not in each.title for each in found)


def test_a_container_with_a_keychain_is_told_and_not_warned_of(unlocked: Lab, tmp_path: Path) -> None:
    (tmp_path / ".dockerenv").touch()
    host = dataclasses.replace(unlocked.host(), root=tmp_path)
    found = look(host, only="backend.place").finding("backend.place")
    assert (found.status.value, found.outcome) == ("ok", "container")


def test_a_desktop_is_not_worth_a_word(unlocked: Lab) -> None:
    found = look(unlocked.host(), only="backend.place").findings
    assert not [each for each in found if each.check == "backend.place"]


# ── real ones ───────────────────────────────────────────────────────────────────────────────────────────────

_TELL = """
import json, os, sys
from diagnostics.host import this_host
from diagnostics.place import parents_of, places_of
host = this_host()
parents = parents_of(host, os.getpid())
found = [[each.kind.value, each.name] for each in places_of(host, parents)]
print(json.dumps({"places": found, "session": host.session.value, "parents": parents, "uid": host.uid}))
"""


def told(*before: str, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPO), **(env or {})}
    done = subprocess.run(
        [*before, sys.executable, "-c", _TELL],
        env=given,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _need_a_namespace(*kinds: str) -> None:
    """Skips the test where the kernel makes none: in a chroot, in some containers, where AppArmor forbids it."""
    if shutil.which("unshare") is None:
        lacking("there is no unshare here")
    if subprocess.run(["unshare", *kinds, "true"], check=False, capture_output=True).returncode:
        pytest.skip(f"no namespace of its own can be made here: unshare {' '.join(kinds)}")


@pytest.mark.platform_linux
def test_a_start_without_a_terminal_is_told_by_its_variables() -> None:
    """As systemd starts a system service: an invocation, and no terminal."""
    found = told(env={"INVOCATION_ID": "5d1f"})
    kinds = [kind for kind, _ in found["places"]]
    if found["session"] == Session.SERVICE.value:
        assert Kind.SYSTEM_SERVICE.value in kinds
    else:  # the tests run in a container themselves, which wins
        assert Kind.CONTAINER.value in kinds or Kind.POD.value in kinds


@pytest.mark.platform_linux
def test_a_name_space_of_ones_own_is_not_taken_for_a_container() -> None:
    """`unshare` makes what containers are made of; only markers make a container of it."""
    _need_a_namespace("-Urpf")
    outside, inside = told(), told("unshare", "--user", "--map-root-user", "--pid", "--fork")
    assert inside["places"] == outside["places"]
    assert inside["uid"] == 0


_CRON = """
set -e
mount -t tmpfs none /run
mount -t tmpfs none /var/spool/cron
mkdir -m 1730 /var/spool/cron/crontabs
printf '%s\n' "$JOB" > /var/spool/cron/crontabs/root
chmod 600 /var/spool/cron/crontabs/root
cron -f & daemon=$!
for _ in $(seq 400); do [ -e "$OUT" ] && break; sleep 0.05; done
kill $daemon
"""
"""A cron daemon of its own, in mounts of its own, which runs a job at once (`@reboot`)."""


@pytest.mark.platform_linux
def test_a_real_job_of_a_real_cron(tmp_path: Path) -> None:
    if not IS_ROOT:
        pytest.skip("only root can give a cron daemon a crontab of its own")
    if shutil.which("cron") is None:
        lacking("there is no cron here")
    _need_a_namespace("-m")
    script, out = tmp_path / "tell.py", tmp_path / "out"
    script.write_text(_TELL)
    job = f"@reboot cd {tmp_path} && PYTHONPATH={REPO} {sys.executable} tell.py > new 2>&1; mv new out"
    env = {"PATH": os.environ["PATH"], "JOB": job, "OUT": str(out)}
    subprocess.run(
        ["unshare", "-m", "sh", "-c", _CRON], env=env, capture_output=True, timeout=60, check=False
    )
    found = json.loads(out.read_text())
    assert ["job", "cron"] in found["places"]
    assert any(each.endswith("/cron") for each in found["parents"])


_BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs none /run
mount -t proc proc /proc
mount -t tmpfs none /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /run/systemd/system /run/user/0/systemd/user
cat > $UNITS/mcp-tell.service <<UNIT
[Unit]
DefaultDependencies=no
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
Environment=PYTHONPATH=$REPO
ExecStart=/bin/sh -c 'exec $PYTHON $SCRIPT > $OUT 2>&1'
UNIT
cat > /run/systemd/system/user@0.service <<UNIT
[Unit]
DefaultDependencies=no
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Slice=user-0.slice
Delegate=yes
Environment=XDG_RUNTIME_DIR=/run/user/0
ExecStart=/lib/systemd/systemd --user --unit=mcp-tell.service --log-target=null
UNIT
exec env -i container=lab PATH=$PATH /lib/systemd/systemd --system --unit=$UNIT --log-target=null
"""
"""A systemd of its own, first in name spaces of its own, which starts this one unit and ends with it."""


@pytest.mark.platform_linux
@pytest.mark.parametrize(
    ("unit", "units", "kind"),
    [
        ("mcp-tell.service", "/run/systemd/system", Kind.SYSTEM_SERVICE),
        ("user@0.service", "/run/user/0/systemd/user", Kind.USER_SERVICE),
    ],
)
def test_a_real_service_of_a_real_systemd(tmp_path: Path, unit: str, units: str, kind: Kind) -> None:
    if not IS_ROOT:
        pytest.skip("only root can start a systemd of its own")
    if not Path("/lib/systemd/systemd").exists():
        lacking("there is no systemd here")
    apart = ("-m", "-p", "-f", "-i", "-u", "-C", "--kill-child")
    _need_a_namespace(*apart)
    script, out = tmp_path / "tell.py", tmp_path / "out"
    script.write_text(_TELL)
    words = {
        "REPO": REPO,
        "PYTHON": sys.executable,
        "SCRIPT": script,
        "OUT": out,
        "UNIT": unit,
        "UNITS": units,
    }
    env = {"PATH": os.environ["PATH"], **{name: str(value) for name, value in words.items()}}
    done = subprocess.run(
        ["unshare", *apart, "sh", "-c", _BOOT],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if not out.exists():
        pytest.skip(f"no systemd of its own starts here: {done.stderr.strip()[-200:]}")
    found = json.loads(out.read_text())
    assert found["places"][0] == [kind.value, "mcp-tell.service"]
    assert found["parents"][0].endswith("/systemd")


@pytest.mark.platform_linux
def test_another_user_by_a_real_sudo() -> None:
    """One who has no session, started by someone who has one."""
    if not IS_ROOT:
        pytest.skip("only root becomes another user without a password")
    if shutil.which("sudo") is None:
        lacking("there is no sudo here")
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")  # one that everybody may run
    if python is None:
        lacking("there is no Python of the system here")
    with tempfile.TemporaryDirectory(dir="/tmp") as shared:
        Path(shared).chmod(0o755)
        shutil.copytree(REPO / "diagnostics", Path(shared) / "diagnostics")
        done = subprocess.run(
            ["sudo", "-n", "-u", "nobody", "env", f"PYTHONPATH={shared}", python, "-c", _TELL],
            env={"PATH": os.environ["PATH"], "TERM": "xterm"},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert ["other-user", "root"] in found["places"]
    assert found["uid"] != 0
    assert any(each.endswith("sudo") for each in found["parents"])


@pytest.mark.parametrize("talks", [True, False])
def test_the_bus_as_a_flatpak_sees_it(unlocked: Lab, tmp_path: Path, talks: bool) -> None:
    """flatpak shuts its sandboxes off by xdg-dbus-proxy, which runs here for real."""
    if shutil.which("xdg-dbus-proxy") is None:
        lacking("there is no xdg-dbus-proxy here")
    unlocked.add_entry("github_token", github("flatpak"))
    inside = unlocked.root / "inside"
    inside.mkdir(mode=0o700)
    own = ["--talk=org.freedesktop.secrets"] if talks else []
    unlocked.spawn(["xdg-dbus-proxy", unlocked.address, str(inside / "bus"), "--filter", *own])
    unlocked.wait_for((inside / "bus").exists, "the proxy listens")
    policy = "[Session Bus Policy]\norg.freedesktop.secrets=talk\n" if talks else ""
    (tmp_path / ".flatpak-info").write_text(f"[Application]\nname=org.example.Client\n{policy}")
    address = f"unix:path={inside / 'bus'}"
    host = unlocked.host(DBUS_SESSION_BUS_ADDRESS=address, XDG_RUNTIME_DIR=str(inside))
    found = look(dataclasses.replace(host, root=tmp_path))
    place, provider = found.finding("backend.place"), found.finding("backend.provider")
    if talks:
        assert (place.outcome, provider.outcome) == ("flatpak", "answers")
        assert found.fails == []
        return
    assert (place.outcome, provider.outcome) == ("flatpak-without", "kept-out-by-sandbox")
    assert provider.cause == "snap_confinement"
    assert not any("apt" in each for each in provider.fix)  # what is missing is not a program
    assert any(
        "flatpak override --user --talk-name=org.freedesktop.secrets org.example.Client" in each
        for each in provider.fix
    )


_PROBE = """
import json
from diagnostics.host import this_host
from diagnostics.stores.secret_service import probe
seen = probe(this_host())
print(json.dumps([seen.provider.program, seen.provider.pid, seen.default.path, seen.default.locked]))
"""


@pytest.mark.platform_linux
def test_process_numbers_of_a_bus_from_outside_mean_nothing_inside(unlocked: Lab) -> None:
    """A container that is given the host's bus: the daemon's number there may be another process's here."""
    apart = ("--pid", "--fork", "--mount-proc") if IS_ROOT else ("-Urpf", "--mount-proc")
    _need_a_namespace(*apart)
    done = subprocess.run(
        ["unshare", *apart, sys.executable, "-c", _PROBE],
        env={**unlocked.environment({}), "PYTHONPATH": str(REPO)},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["gnome-keyring-daemon", 0, LOGIN, False]
