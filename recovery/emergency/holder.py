"""A token in the memory of the guiding process alone, where the kernel's keyring can't be had. It goes with that process.

Other processes of the same user get it over a Unix socket: the system itself tells both ends whose process is at the
other one (unix(7), SO_PEERCRED; LOCAL_PEERCRED on macOS), so neither rests on the modes of a folder. Where there are
no such sockets, only what this process starts itself can have it.

What this can't do: the page that holds the token is locked into memory, left out of cores and emptied at the end,
but Python makes copies of a text that nobody can empty, and those may reach the swap space.
"""

import atexit
import contextlib
import mmap
import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path

from diagnostics import emergency
from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.secret import Secret
from recovery.emergency.kernel_keyring import LONGEST

_SECONDS = 1.0
"""Limit of one question and its answer: a server's start waits for it."""
_LONGEST_PATH = 100
"""Bytes. A socket's address has 108, on macOS 104."""
_TURN = 5.0
"""Seconds between two looks at the clock: a computer that slept has spent the token's time."""
_READ, _IS_THERE, _END, _UNTIL = b"r", b"?", b"x", b"u"
_YES, _NO = b"+", b"-"
_LOCAL_PEERCRED = 1


class HolderError(Exception):
    """The process that holds it can't be reached, or could not begin. The text says why."""


def place_for(host: Host, incident: str) -> Path | None:
    """Where the socket of an incident goes; None = none can be had, so that no other process gets the token."""
    if host.platform is Platform.WINDOWS or not hasattr(socket, "AF_UNIX"):
        return None
    for folder in (host.runtime_dir, emergency.folder(host)):
        path = folder / f"mcp-doctor-{incident}"
        if len(os.fsencode(path)) > _LONGEST_PATH:
            continue
        if folder == emergency.folder(host) or _is_private(folder, host.uid):
            return path
    return None


def hold(name: str, secret: Secret, seconds: float, place: str) -> None:
    """Holds a text in this process for so long, and serves it at `place` ("" = to nobody else).

    Raises:
        HolderError: it is not held.
    """
    content = secret.reveal().encode("utf-8", "surrogateescape")
    if not content or len(content) > LONGEST or seconds <= 0:
        raise HolderError("there is nothing to hold, or it is too long, or there is no time to hold it")
    if name in _here:
        _here[name].end()
    _here[name] = _Holder(name, content, seconds, place)


def is_held(name: str, place: str) -> bool:
    """Whether this process, or the one at `place`, holds it now."""
    if name in _here:
        return _here[name].read() is not None
    return _ask(place, _IS_THERE) is not None if place else False


def read(name: str, place: str) -> Secret | None:
    """What is held; None = nothing: its time is up, or the process that held it has ended."""
    found = _here[name].read() if name in _here else _ask(place, _READ) if place else None
    return None if not found else Secret(found.decode("utf-8", "surrogateescape"))


def let_go(name: str, place: str) -> None:
    """It is emptied now, wherever it is held."""
    if name in _here:
        _here[name].end()
    elif place:
        _ask(place, _END)


def extend(name: str, seconds: float, place: str) -> bool:
    """Its time ends so many seconds from now. Out: whether it is held still."""
    if name in _here:
        return _here[name].hold_for(seconds)
    return _ask(place, _UNTIL + struct.pack("!d", seconds)) is not None if place else False


def held_here() -> list[str]:
    """Names of what this very process holds: it goes when the process ends."""
    return [name for name, each in _here.items() if each.read() is not None]


def wait_for_end(name: str, seconds: float | None = None) -> bool:
    """Waits until it is not held here any more. Out: whether that is so."""
    return name not in _here or _here[name].ended.wait(seconds)


class _Holder:
    def __init__(self, name: str, content: bytes, seconds: float, place: str) -> None:
        self._page = _Page(content)
        self._until = _now() + seconds
        self._lock = threading.Lock()
        self._place = Path(place) if place else None
        self._socket = _listening(self._place) if self._place is not None else None
        self.ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True, name=f"holder-{name}").start()
        atexit.register(self.end)

    def read(self) -> bytes | None:
        with self._lock:
            return None if self.ended.is_set() or _now() >= self._until else self._page.content()

    def hold_for(self, seconds: float) -> bool:
        with self._lock:
            if self.ended.is_set() or _now() >= self._until:
                return False
            self._until = _now() + seconds
            return True

    def end(self) -> None:
        with self._lock:
            if self.ended.is_set():
                return
            self._page.empty()
            self.ended.set()
        if self._socket is not None and self._place is not None:
            with contextlib.suppress(OSError):
                self._place.unlink()
            self._socket.close()

    def _serve(self) -> None:
        while not self.ended.is_set():
            left = self._until - _now()
            if left <= 0:
                self.end()
                return
            if self._socket is None:
                self.ended.wait(min(left, _TURN))
                continue
            try:
                self._socket.settimeout(min(left, _TURN))
                caller, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                if self.ended.wait(0.1):
                    return
                continue
            with caller, contextlib.suppress(OSError):
                caller.settimeout(_SECONDS)
                if _is_this_user(caller):
                    self._answer(caller)

    def _answer(self, caller: socket.socket) -> None:
        asked = caller.recv(9)
        if asked == _END:
            self.end()
            caller.sendall(_YES)
            return
        if asked[:1] == _UNTIL and len(asked) == 9:
            caller.sendall(_YES if self.hold_for(struct.unpack("!d", asked[1:])[0]) else _NO)
            return
        content = self.read()
        caller.sendall(_NO if content is None else _YES + (content if asked == _READ else b""))


class _Page:
    """Memory of its own: kept out of swap, cores and children where the system allows, emptied at the end."""

    def __init__(self, content: bytes) -> None:
        self._size = len(content)
        self._memory = mmap.mmap(-1, max(self._size, mmap.PAGESIZE))
        for wish in ("MADV_DONTDUMP", "MADV_DONTFORK"):
            if sys.platform != "win32":
                with contextlib.suppress(OSError, AttributeError):
                    self._memory.madvise(getattr(mmap, wish))
        self._lock_in()
        self._memory[: self._size] = content

    def content(self) -> bytes:
        return self._memory[: self._size]

    def empty(self) -> None:
        self._memory[: self._size] = bytes(self._size)

    def _lock_in(self) -> None:
        import ctypes

        with contextlib.suppress(OSError, AttributeError, ValueError, TypeError):
            where = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
            ctypes.CDLL(None).mlock(ctypes.c_void_p(where), ctypes.c_size_t(len(self._memory)))


_here: dict[str, _Holder] = {}


def _now() -> float:
    return emergency.uptime()[1]


def _is_private(folder: Path, uid: int) -> bool:
    try:
        info = folder.stat()
    except OSError:
        return False
    return info.st_uid == uid and not info.st_mode & 0o077


def _listening(place: Path) -> socket.socket:
    if sys.platform == "win32":
        raise HolderError("Windows does not tell whose program asks for the token")
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        place.unlink(missing_ok=True)
        made.bind(str(place))
        place.chmod(0o600)
        made.listen(8)
    except OSError as error:
        made.close()
        raise HolderError(
            f"{place}: other programs of yours can't be let in there ({error.strerror})"
        ) from error
    return made


def _ask(place: str, what: bytes) -> bytes | None:
    """The answer of the process at `place`; None = it says no, or there is none."""
    if sys.platform == "win32":
        return None
    until, found = time.monotonic() + _SECONDS, b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(_SECONDS)
            asking.connect(place)
            if not _is_this_user(asking):
                return None
            asking.sendall(what)
            while time.monotonic() < until and len(found) <= LONGEST and (chunk := asking.recv(65536)):
                found += chunk
    except OSError:
        return None
    return found[1:] if found[:1] == _YES else None


def _is_this_user(other: socket.socket) -> bool:
    """Whether the process at the other end is this user's, as the system tells it; False where it does not."""
    if sys.platform == "win32":
        return False
    try:
        if hasattr(socket, "SO_PEERCRED"):
            told = other.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return bool(struct.unpack("3i", told)[1] == os.getuid())
        told = other.getsockopt(0, _LOCAL_PEERCRED, 76)
        return bool(struct.unpack_from("2I", told)[1] == os.getuid())
    except (OSError, struct.error):
        return False
