"""Where this process was put: in a container, WSL, a sandbox, a service, a job. It decides whose keychain is near.

Told by variables, by marker files below the host's root and by the programs that started us; nothing is asked of
anybody. More than one may hold: a job of cron in a container, a remote editor's shell in WSL.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from diagnostics.host import Host
from diagnostics.model import Platform, Session

_LARGEST = 64 * 1024


class Kind(StrEnum):
    """Places with a way of their own to a keychain, or none."""

    CONTAINER = "container"
    POD = "pod"
    WSL1 = "wsl1"
    WSL2 = "wsl2"
    SNAP = "snap"
    FLATPAK = "flatpak"
    SYSTEM_SERVICE = "system-service"
    USER_SERVICE = "user-service"
    JOB = "job"
    """cron's, or at's."""
    OTHER_USER = "other-user"
    """By sudo, doas or pkexec, and not as root (which `backend.user` speaks of)."""
    REMOTE_EDITOR = "remote-editor"
    MULTIPLEXER = "multiplexer"


@dataclass(frozen=True, slots=True)
class Place:
    """One of them."""

    kind: Kind
    name: str
    """Which one: `docker`, the snap's, the unit's, the editor's name."""
    evidence: tuple[str, ...] = field(default=())
    open: bool = False
    """For a sandbox: whether it may reach the keychain, as far as its own settings say."""


def places_of(host: Host, parents: Sequence[str] = ()) -> tuple[Place, ...]:
    """All that hold here, the narrowest first.

    In: the host; the full paths of the programs that started this process, the nearest first. Never raises.
    """
    if host.platform is not Platform.LINUX:
        return ()
    seen = (
        _flatpak(host),
        _snap(host),
        _service(host),
        _job(host, parents),
        _other_user(host),
        _multiplexer(host),
        _remote_editor(host, parents),
        _container(host),
        _wsl(host),
    )
    found = [_with_a_name(each) for each in seen if each is not None]
    kinds = {each.kind for each in found}
    if kinds & {Kind.CONTAINER, Kind.POD} and not host.env.get("WSL_DISTRO_NAME"):
        found = [each for each in found if each.kind not in {Kind.WSL1, Kind.WSL2}]  # it shares WSL's kernel
    return tuple(found)


def _with_a_name(place: Place) -> Place:
    """The same, its name left out where it is none: it stands in commands that a person may copy."""
    if place.name == "" or (re.fullmatch(r"[\w.@:+ -]{1,128}", place.name) and place.name[0] not in "- "):
        return place
    return replace(place, name="NAME")


def parents_of(host: Host, pid: int) -> tuple[str, ...]:
    """The programs that started a process, the nearest first, as full paths or else names; () where nothing tells."""
    return tuple(_parents(host, pid)) if host.root is not None else ()


# ── sandboxes ───────────────────────────────────────────────────────────────────────────────────────────────


def _flatpak(host: Host) -> Place | None:
    """flatpak writes into each sandbox what it may (flatpak-metadata(5))."""
    text = _read(host, ".flatpak-info")
    if not text and host.env.get("container") != "flatpak":
        return None
    name = re.search(r"(?m)^name=(\S+)$", text)
    whole_bus = re.search(r"(?m)^sockets=.*\bsession-bus;", text) is not None
    talks = re.search(r"(?m)^org\.freedesktop\.secrets=(?:talk|own)$", text) is not None
    found = name[1] if name else host.env.get("FLATPAK_ID", "")
    said = "org.freedesktop.secrets=talk" if talks else "the whole session bus" if whole_bus else "no secrets"
    return Place(Kind.FLATPAK, found, (f"/.flatpak-info: {found}, {said}",), talks or whole_bus)


def _snap(host: Host) -> Place | None:
    """A strict snap has an AppArmor label. A classic one only leaves its variables, to every shell within it."""
    name = host.env.get("SNAP_INSTANCE_NAME") or host.env.get("SNAP_NAME", "")
    label = _read(host, "proc/self/attr/current").strip("\0\n ")
    labelled = re.match(r"snap\.([^. ]+)\.\S+ \((\w+)\)", label)
    if labelled is None:
        return Place(Kind.SNAP, name, (f"SNAP_NAME={name}",)) if name and not label else None
    if labelled[2] != "enforce":
        return None
    return Place(Kind.SNAP, labelled[1], (f"AppArmor: {label}",))


# ── started by the system ───────────────────────────────────────────────────────────────────────────────────


def _service(host: Host) -> Place | None:
    """systemd puts every service into a control group of its name (systemd.exec(5), INVOCATION_ID)."""
    groups = re.findall(r"(?m)^\d+:(?:name=systemd)?:(/.*)$", _read(host, "proc/self/cgroup"))
    for group in groups:
        last = group.rpartition("/")[2]
        if not last.endswith(".service") or last.startswith("user@") or "desktop" in last:
            continue
        kind = Kind.USER_SERVICE if "/user@" in group else Kind.SYSTEM_SERVICE
        if kind is Kind.USER_SERVICE and (host.env.get("TERM") or last.startswith(_SHELLS_OF_THE_DESKTOP)):
            continue
        if last.startswith(("cron", "atd", "ssh", "docker", "containerd")):
            continue
        return Place(kind, last, (f"control group {group}", *_handed_over(host)))
    if not any(group.strip("/") for group in groups) and host.session is Session.SERVICE:
        return Place(Kind.SYSTEM_SERVICE, "", ("INVOCATION_ID is set, and there is no terminal",))
    return None


_SHELLS_OF_THE_DESKTOP = ("gnome-terminal", "org.gnome", "plasma", "app-", "xdg-", "dbus")
"""Units in which a desktop's terminals and programs run."""


def _handed_over(host: Host) -> Iterator[str]:
    if host.env.get("CREDENTIALS_DIRECTORY"):
        yield "CREDENTIALS_DIRECTORY is set: systemd hands over credentials"


def _job(host: Host, parents: Sequence[str]) -> Place | None:
    for each in parents:
        name = each.rpartition("/")[2].casefold()
        if name in _STARTERS_OF_JOBS:
            return Place(Kind.JOB, name, (f"started by {each}",))
        if name.startswith(_STARTERS_OF_SHELLS):
            return None
    if host.session is Session.CRON and not parents:
        return Place(Kind.JOB, "cron", ("no variables but those that cron sets",))
    return None


_STARTERS_OF_JOBS = {"cron", "crond", "anacron", "atd", "fcron"}
_STARTERS_OF_SHELLS = (
    "sshd",
    "tmux",
    "screen",
    "login",
    "gnome-terminal",
    "konsole",
    "systemd",
    "containerd-shim",
)


def _other_user(host: Host) -> Place | None:
    for variable in ("SUDO_UID", "PKEXEC_UID"):
        caller = host.env.get(variable, "")
        if caller.isdigit() and int(caller) != host.uid and host.uid != 0:
            name = host.env.get("SUDO_USER", "") if variable == "SUDO_UID" else ""
            return Place(
                Kind.OTHER_USER, name or caller, (f"{variable}={caller}, and this is uid {host.uid}",)
            )
    return None


# ── shells of other hosts ───────────────────────────────────────────────────────────────────────────────────


def _multiplexer(host: Host) -> Place | None:
    for variable, name in (("TMUX", "tmux"), ("STY", "screen"), ("ZELLIJ", "zellij")):
        if host.env.get(variable):
            return Place(Kind.MULTIPLEXER, name, (f"{variable} is set",))
    return None


def _remote_editor(host: Host, parents: Sequence[str]) -> Place | None:
    """The editors' own server on this host starts the servers, and the window is on another one."""
    for each in parents:
        for mark, name in _EDITOR_SERVERS.items():
            if f"/{mark}/" in each:
                return Place(Kind.REMOTE_EDITOR, name, (f"started by {each}",))
    for variable in ("CODESPACES", "REMOTE_CONTAINERS", "VSCODE_REMOTE_CONTAINERS_SESSION"):
        if host.env.get(variable):
            return Place(Kind.REMOTE_EDITOR, "VS Code", (f"{variable} is set",))
    agent = host.env.get("VSCODE_AGENT_FOLDER", "")
    return Place(Kind.REMOTE_EDITOR, "VS Code", (f"VSCODE_AGENT_FOLDER={agent}",)) if agent else None


_EDITOR_SERVERS = {
    ".vscode-server": "VS Code",
    ".vscode-server-insiders": "VS Code Insiders",
    ".vscodium-server": "VSCodium",
    ".cursor-server": "Cursor",
    ".windsurf-server": "Windsurf",
    ".vscode-remote": "VS Code",
    "code-server": "code-server",
}


# ── machines in machines ────────────────────────────────────────────────────────────────────────────────────


def _container(host: Host) -> Place | None:
    env, seen = host.env, []
    name = env.get("container", "")
    if name == "flatpak" or _exists(host, ".flatpak-info"):
        return None
    if name:
        seen.append(f"container={name}")
    for marker, engine in (("run/.containerenv", "podman"), (".dockerenv", "docker")):
        if _exists(host, marker):
            name = name or engine
            seen.append(f"/{marker} is there")
    grouped = _ENGINES.search(_read(host, "proc/1/cgroup") + _read(host, "proc/self/cgroup"))
    if grouped:
        name = name or _ENGINE_NAMES.get(grouped[1], grouped[1])
        seen.append(f"control group of {grouped[1]}")
    pod = "var/run/secrets/kubernetes.io/serviceaccount"
    if env.get("KUBERNETES_SERVICE_HOST") or _exists(host, pod):
        seen.append(
            "KUBERNETES_SERVICE_HOST is set" if env.get("KUBERNETES_SERVICE_HOST") else f"/{pod} is there"
        )
        return Place(Kind.POD, "Kubernetes", tuple(seen))
    return Place(Kind.CONTAINER, name, tuple(seen)) if seen else None


_ENGINES = re.compile(r"/(docker|libpod|kubepods|lxc|containerd|garden|machine\.slice/machine-)\b")
_ENGINE_NAMES = {"libpod": "podman", "kubepods": "Kubernetes", "machine.slice/machine-": "systemd-nspawn"}


def _wsl(host: Host) -> Place | None:
    """WSL 1 and 2 say so in the kernel's version; the second is a kernel of its own."""
    kernel = _read(host, "proc/sys/kernel/osrelease").strip() or _read(host, "proc/version").strip()[:200]
    marked = any(_exists(host, f"proc/sys/fs/binfmt_misc/WSLInterop{each}") for each in ("", "-late"))
    name = host.env.get("WSL_DISTRO_NAME", "")
    if not (name or host.env.get("WSL_INTEROP") or marked or "microsoft" in kernel.casefold()):
        return None
    first = "Microsoft" in kernel and "WSL2" not in kernel
    seen = [f"kernel {kernel}"] if kernel else []
    seen += [f"WSL_DISTRO_NAME={name}"] if name else []
    return Place(Kind.WSL1 if first else Kind.WSL2, name or "WSL", tuple(seen))


# ── looking ─────────────────────────────────────────────────────────────────────────────────────────────────


def _read(host: Host, path: str) -> str:
    if host.root is None:
        return ""
    try:
        with (host.root / path).open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def _exists(host: Host, path: str) -> bool:
    try:
        return host.root is not None and (host.root / path).exists()
    except OSError:
        return False


def _parents(host: Host, pid: int) -> Iterator[str]:
    for _ in range(40):
        stat = _read(host, f"proc/{pid}/stat")
        fields = stat.rpartition(")")[2].split()
        if len(fields) < 2 or not fields[1].isdigit():
            return
        pid = int(fields[1])
        if pid <= 0:
            return
        yield _program(host, pid)


def _program(host: Host, pid: int) -> str:
    """A process's program: its path, or its name where the path is another user's to know."""
    folder = (host.root or Path("/")) / "proc" / str(pid)
    try:
        return str((folder / "exe").readlink()).removesuffix(" (deleted)")
    except OSError:
        name = _read(host, f"proc/{pid}/stat").partition("(")[2].rpartition(")")[0]
        return name or "?"
