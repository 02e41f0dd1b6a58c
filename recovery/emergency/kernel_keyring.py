"""The Linux kernel's keyring: holds a text in the kernel's memory, never on a disk, and lets go of it when time is up.

Called directly (keyrings(7), keyctl(2)): the one binding for Python has had no release since 2019 and needs a C
compiler and a library that minimal hosts lack, while eight operations of one system call are all that is needed.

A token lies in the user's keyring, which every process of this user finds, over SSH too. A container with a user
namespace of its own sees another one, and a container may be forbidden to call this at all.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.secret import Secret

LONGEST = 32_767
"""Bytes. What a key of the type `user` can hold."""

_THREAD, _SESSION, _USER, _USER_SESSION = -1, -3, -4, -5
"""Special keyrings: the calling thread's, which goes with it, the session's, the user's, and the user's sessions'."""
_SETPERM, _LINK, _UNLINK, _SEARCH, _READ, _SET_TIMEOUT, _INVALIDATE, _PERSISTENT = 5, 8, 9, 10, 11, 15, 21, 22
_PERMISSIONS = 0x3F0B0000
"""Its holder: all. Other processes of the user: view, read, search. Nobody else. They could join its holders anyway;
so they need not change their session's keyring, which the server would inherit."""
_CALLS = {
    "x86_64": (248, 250),
    "i386": (286, 288),
    "i686": (286, 288),
    "armv6l": (309, 311),
    "armv7l": (309, 311),
    "ppc64le": (269, 271),
    "s390x": (278, 280),
    "aarch64": (217, 219),
    "riscv64": (217, 219),
    "loongarch64": (217, 219),
}
"""Numbers of add_key and keyctl, from the kernel's tables, by `uname -m`."""
_GONE = {126, 127, 128}
"""ENOKEY, EKEYEXPIRED, EKEYREVOKED: numbers, because other systems have no names for them."""
_FULL = 122
"""EDQUOT."""
_CLOSED = {errno.ENOSYS, errno.EPERM, errno.EACCES}


class KernelKeyringError(Exception):
    """It can't be used here, or did not take the key. The text says why, without what was to be held."""


def trouble(host: Host) -> str:
    """Why nothing can be held here, "" = it can. Asks the kernel, changes nothing."""
    if host.platform is not Platform.LINUX:
        return "this system has no memory that every program of yours reaches and that empties itself in time"
    try:
        _keyctl(_SEARCH, _USER, b"user", b"mcp-doctor", 0)
    except OSError as error:
        if error.errno not in _GONE:
            return _why(error)
    except KernelKeyringError as error:
        return str(error)
    return ""


def hold(name: str, secret: Secret, seconds: int) -> None:
    """Holds a text under this name for so long, then the kernel forgets it. One of the same name is replaced.

    It is never there without its end: it begins in the keyring of this thread, which goes when the thread is killed,
    gets its end there, and only then moves to where others find it.

    In: `name` shows in /proc/keys; `seconds` at least 1.

    Raises:
        KernelKeyringError: it is not held.
    """
    content = secret.reveal().encode("utf-8", "surrogateescape")
    if len(content) > LONGEST:
        raise KernelKeyringError(f"it is longer than the {LONGEST} bytes that the kernel's keyring takes")
    if not content or seconds < 1:
        raise KernelKeyringError("there is nothing to hold, or no time to hold it")
    try:
        key = _add_key(b"user", name.encode(), content, len(content), _THREAD)
        try:
            _keyctl(_SET_TIMEOUT, key, seconds)
            _keyctl(_SETPERM, key, _PERMISSIONS)
            _keyctl(_LINK, key, _USER)
        finally:
            _keyctl(_UNLINK, key, _THREAD)
    except OSError as error:
        raise KernelKeyringError(_why(error)) from error


def extend(name: str, seconds: int) -> bool:
    """The kernel forgets it so many seconds from now. Out: whether it is held still.

    Raises:
        KernelKeyringError: the kernel refuses.
    """
    key = _find(name)
    if key is None or seconds < 1:
        return False
    try:
        _keyctl(_LINK, _USER, _THREAD)  # only its holders may set its end; this makes the thread one of them
        try:
            _keyctl(_SET_TIMEOUT, key, seconds)
        finally:
            _keyctl(_UNLINK, _USER, _THREAD)
    except OSError as error:
        if error.errno in _GONE:
            return False
        raise KernelKeyringError(_why(error)) from error
    return True


def is_held(name: str) -> bool:
    """Whether there is one of this name whose time is not up. Raises KernelKeyringError where that can't be asked."""
    return _find(name) is not None


def read(name: str) -> Secret | None:
    """What is held under this name; None = nothing, its time is up, or it is another user's.

    Raises:
        KernelKeyringError: the keyring can't be asked.
    """
    key = _find(name)
    return None if key is None else _content(key)


def _content(key: int) -> Secret | None:
    buffer = ctypes.create_string_buffer(LONGEST)
    try:
        size = _keyctl(_READ, key, buffer, LONGEST)
        return Secret(buffer.raw[: min(size, LONGEST)].decode("utf-8", "surrogateescape"))
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise KernelKeyringError(_why(error)) from error
    finally:
        ctypes.memset(buffer, 0, LONGEST)


def read_left_behind(name: str) -> Secret | None:
    """What another program left under this name, in whichever of the user's keyrings; None = nothing any more.

    Only its holders may read it: this thread becomes one for as long as that takes.

    Raises:
        KernelKeyringError: the keyring can't be asked, or the key is there and not for this session.
    """
    with _left_behind(name) as key:
        return None if key is None else _content(key)


def let_go_left_behind(name: str) -> None:
    """The kernel forgets now what another program left under this name.

    Raises:
        KernelKeyringError: as `read_left_behind`.
    """
    with _left_behind(name) as key:
        if key is not None:
            _keyctl(_INVALIDATE, key)


@contextmanager
def _left_behind(name: str) -> Iterator[int | None]:
    key = next(filter(None, (_held_in(ring, name) for ring in (_SESSION, _USER_SESSION, _USER, None))), None)
    try:
        yield key
    finally:
        if key is not None:
            with suppress(OSError):  # it goes with the thread
                _keyctl(_UNLINK, key, _THREAD)


def _held_in(ring: int | None, name: str) -> int | None:
    """The key of this name, linked into the thread's keyring. In: None = the persistent keyring, which has no number."""
    try:
        if ring is not None:
            return _keyctl(_SEARCH, ring, b"user", name.encode("utf-8", "surrogateescape"), _THREAD)
        persistent = _keyctl(_PERSISTENT, -1, _THREAD)
        try:
            return _held_in(_THREAD, name)
        finally:
            _keyctl(_UNLINK, persistent, _THREAD)
    except OSError as error:
        if error.errno in _GONE or ring is None:
            return None
        raise KernelKeyringError(_why(error)) from error


def let_go(name: str) -> None:
    """The kernel forgets it now; nothing is done where there is none.

    Raises:
        KernelKeyringError: it could not be taken away.
    """
    key = _find(name)
    if key is None:
        return
    try:
        _keyctl(_INVALIDATE, key)
    except OSError as error:
        if error.errno not in _GONE:
            raise KernelKeyringError(_why(error)) from error


def _find(name: str) -> int | None:
    try:
        return _keyctl(_SEARCH, _USER, b"user", name.encode(), 0)
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise KernelKeyringError(_why(error)) from error


def _why(error: OSError) -> str:
    if error.errno in _CLOSED:
        return (
            f"the kernel's keyring is closed to this process ({error.strerror}); containers often forbid it"
        )
    if error.errno == _FULL:
        return "this user's share of the kernel's keyring is full (200 keys, or 20,000 bytes)"
    return f"the kernel's keyring answers: {error.strerror}"


def _add_key(*words: object) -> int:
    return _call(0, *words)


def _keyctl(*words: object) -> int:
    return _call(1, *words)


def _call(which: int, *words: object) -> int:
    number = _numbers()[which]
    library = _library()
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in words]
    result = int(library.syscall(ctypes.c_long(number), *given))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


@cache
def _numbers() -> tuple[int, int]:
    machine = platform.machine()
    wide = struct.calcsize("P") == 8
    found = _CALLS.get(machine)
    if found is None or wide == (machine in {"i386", "i686", "armv6l", "armv7l"}):
        raise KernelKeyringError(
            f"how the kernel's keyring is called on this kind of computer ({machine}) is not known"
        )
    return found


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library
