"""A throw-away session whose home is put back before every fault: one daemon's start, no new interpreter.

The home is a small disk of its own where one may be mounted, so that it can really be full and really be read-only.
Elsewhere the kernel's limit on the size of files stands in for both, for this process and for the daemon.
"""

import contextlib
import ctypes
import dataclasses
import hashlib
import json
import os
import shutil
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from diagnostics.host import Host
from diagnostics.secret import Secret
from diagnostics.stores import Entry, uses_file_store
from diagnostics.stores.bus import Bus, BusError
from diagnostics.stores.file_store import store_path
from diagnostics.stores.protocol import NAME
from diagnostics.stores.reading import SERVICE, read_everything
from diagnostics.stores.secret_service import with_details
from diagnostics.stores.similar import UNDO_SERVICE
from recovery.journal import Journal
from recovery.undo_copies import own
from recovery.world import LocalWorld
from tests.support.lab import Lab, require

PASSWORD = "lab-password"
SECOND = "second-instance"
"""The service that the second instance writes: no part of what is compared."""
_DISK = "4m"
_SERVICE, _COLLECTION = "org.freedesktop.Secret.Service", "org.freedesktop.Secret.Collection"
_RDONLY, _REMOUNT, _BIND, _DETACH = 1, 32, 4096, 2

Tree = dict[str, tuple[int, bytes | None]]
Seen = tuple[object, ...]


def mount(source: str, place: Path, kind: str = "", flags: int = 0, options: str = "") -> bool:
    """Whether it could be mounted."""
    done = _libc().mount(
        source.encode(), os.fsencode(place), kind.encode() or None, flags, options.encode() or None
    )
    return bool(done == 0)


def unmount(place: Path) -> bool:
    """Whether something was mounted there."""
    return bool(_libc().umount2(os.fsencode(place), _DETACH) == 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


class Stage:
    """One session. `real_disk` = its home is a disk of its own."""

    def __init__(self) -> None:
        require("dbus-daemon", "gnome-keyring-daemon")
        self.lab = Lab()
        self.real_disk = mount("tmpfs", self.lab.home, "tmpfs", 0, f"size={_DISK},mode=700")
        self.lab.start_bus()
        self._read_only: list[Path] = []
        self.host = self.lab.host()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.heal()
        self.end_daemon()
        if self.real_disk:
            unmount(self.lab.home)
        self.lab.close()

    # ── the daemon ──────────────────────────────────────────────────────────────────────────────────────────

    def start_daemon(self) -> None:
        """One that reads the files anew, and that is told of a full disk instead of being killed by it."""
        words = (
            "env",
            "--ignore-signal=XFSZ",
            "gnome-keyring-daemon",
            "--foreground",
            "--components=secrets",
        )
        daemon = self.lab.spawn(words, log="daemon.log")
        self.lab.wait_for(lambda: self.lab.daemon_pid == daemon.pid, "the daemon owns the Secret Service")

    def end_daemon(self) -> None:
        """Whoever owns the name is killed, and waited for."""
        pid = self.lab.daemon_pid
        if pid:
            self.lab.stop_daemon()

    def is_locked(self) -> bool:
        """Whether the keychain `login` is there and locked."""
        with contextlib.suppress(BusError):
            return self.lab.locked()
        return False

    # ── the home ────────────────────────────────────────────────────────────────────────────────────────────

    def tree(self) -> Tree:
        """Every file and folder of the home."""
        found: Tree = {}
        for path in sorted(self.lab.home.rglob("*")):
            info = path.lstat()
            if stat.S_ISDIR(info.st_mode):
                found[str(path.relative_to(self.lab.home))] = (stat.S_IMODE(info.st_mode), None)
            elif stat.S_ISREG(info.st_mode):
                found[str(path.relative_to(self.lab.home))] = (stat.S_IMODE(info.st_mode), path.read_bytes())
        return found

    def put_back(self, tree: Tree, *, daemon: bool, unlock: bool) -> None:
        """The home as it was, and a daemon that has read it."""
        self.heal()
        self.end_daemon()
        self.lab.hang_up()
        for each in self.lab.home.iterdir():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink()
        for name, (mode, content) in tree.items():
            path = self.lab.home / name
            if content is None:
                path.mkdir(mode)
            else:
                path.write_bytes(content)
            path.chmod(mode)
        if daemon:
            self.start_daemon()
            if unlock:
                self.lab.unlock(PASSWORD)

    # ── what can befall it ──────────────────────────────────────────────────────────────────────────────────

    def fill(self) -> None:
        """The disk is full."""
        if not self.real_disk:
            self._limit(0)
            return
        with (self.lab.home / ".ballast").open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def make_read_only(self) -> None:
        """Whatever opens a file of the home from now on finds a file system that can't be written."""
        home = self.lab.home
        if not self.real_disk:
            self._limit(0)
            return
        assert mount(str(home), home, "", _BIND)
        assert mount("none", home, "", _BIND | _REMOUNT | _RDONLY)

    def heal(self) -> None:
        """The disk and the daemon are well again (a daemon that was killed stays dead)."""
        import resource

        home = self.lab.home
        if self.real_disk:
            while os.statvfs(home).f_flag & os.ST_RDONLY:
                assert unmount(home)
            (home / ".ballast").unlink(missing_ok=True)
        else:
            self._limit(resource.RLIM_INFINITY)
        pid = self.lab.daemon_pid
        if pid:
            os.kill(pid, signal.SIGCONT)

    def kill_daemon(self) -> None:
        """It is gone, and its name is free."""
        pid = self.lab.daemon_pid
        if pid:
            os.kill(pid, signal.SIGKILL)
            self.lab.wait_for(lambda: self.lab.daemon_pid != pid, "the daemon is gone")

    def stop_daemon(self) -> None:
        """It hangs."""
        pid = self.lab.daemon_pid
        if pid:
            os.kill(pid, signal.SIGSTOP)

    def lock(self) -> None:
        """Somebody locks the keychain."""
        with contextlib.suppress(Exception):
            self.lab.lock()

    def _limit(self, size: int) -> None:
        """Of the daemon's files; with 0, in a child, of the child's too."""
        import resource

        pid = self.lab.daemon_pid
        if pid:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        if size == 0:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    # ── what is seen of it ──────────────────────────────────────────────────────────────────────────────────

    def seen(self, host: Host, watched: frozenset[bytes] = frozenset()) -> tuple[Seen, int]:
        """Everything that must be as before or as after: entries, collections, and every file that is not our own.

        In: `watched` = contents of keychain files that are told by their bytes, because a damaged one is kept.
        Out: that, and how many entries are kept for an undo.
        """
        found, collections = self._entries(host)
        entries = sorted(
            (
                each.collection,
                tuple(sorted((name, text) for name, text in own(each.attributes).items() if name != "when")),
                each.label,
                _value(each.secret),
            )
            for each in found
            if each.service not in {UNDO_SERVICE, SECOND}
        )
        copies = sum(each.service == UNDO_SERVICE for each in found)
        return (tuple(entries), collections, tuple(self._files(host, watched))), copies

    def _entries(self, host: Host) -> tuple[list[Entry], tuple[tuple[str, str, bool], ...]]:
        if uses_file_store(host):
            present = store_path(host).exists()
            return list(LocalWorld(host).keychain.entries({})) if present else [], ()
        if not self.lab.daemon_pid:
            return [], ()
        with Bus.connect(self.lab.address) as bus:
            entries = with_details(bus, read_everything(bus))
            paths = bus.get_property("/org/freedesktop/secrets", NAME, _SERVICE, "Collections")
            named = [
                (path, *(bus.get_property(path, NAME, _COLLECTION, each) for each in ("Label", "Locked")))
                for path in sorted(paths)
                if not path.endswith("/session")
            ]
            alias = bus.call(SERVICE, "ReadAlias", "s", ("default",))[0]
        return list(entries), (*named, ("default", alias, False))

    def _files(self, host: Host, watched: frozenset[bytes]) -> Iterator[tuple[str, int, str]]:
        for path in sorted(self.lab.home.rglob("*")):
            info = path.lstat()
            name = str(path.relative_to(self.lab.home))
            if not stat.S_ISREG(info.st_mode) or path.name.startswith(
                (".ballast", "journal", "trail.", ".trail.")
            ):
                continue
            if path.suffix == ".lock" or _is_daemons_own(path) or _is_swept_later(path):
                continue
            mode = stat.S_IMODE(info.st_mode)
            if path.parent == self.lab.keyrings:
                if ".rebuilt-" not in name and not path.name.startswith("."):
                    content = path.read_bytes()
                    told = hashlib.sha256(content).hexdigest() if content in watched else "a keychain"
                    yield name, mode, told
            elif (
                path.is_relative_to(host.state_dir)
                or path.suffix == ".age"
                or path.name in {"key", "store.key"}
            ):
                yield name, mode, "there"
            else:
                yield name, mode, hashlib.sha256(path.read_bytes()).hexdigest()


def _is_daemons_own(path: Path) -> bool:
    """What gnome-keyring leaves when its disk is full, and the file of the alias, which is compared as the daemon tells."""
    return ".keyring.temp-" in path.name or (path.name == "default" and path.parent.name == "keyrings")


def _is_swept_later(path: Path) -> bool:
    """Encrypted parts: the next backup sweeps them away when they are an hour old, the store's next write at once."""
    return path.name.startswith(".") and (path.suffix == ".part" or path.name.startswith(".store.age.new-"))


def _value(secret: Secret | None) -> str:
    """A login without its times, which differ from run to run."""
    text = secret.reveal() if secret is not None else "(locked)"
    try:
        login = json.loads(text)
    except ValueError:
        return text
    if not isinstance(login, dict) or "access_token" not in login:
        return text
    kept = {name: login.get(name) for name in ("access_token", "refresh_token")}
    return json.dumps(kept | {"renewing": "renewing" in login and login["renewing"] is not None})


def journal_of(host: Host) -> Journal:
    """The trail, with a short patience."""
    return Journal(host, seconds=2.0)


def with_env(host: Host, **env: str) -> Host:
    """The host with other variables."""
    return dataclasses.replace(host, env={**host.env, **env})
