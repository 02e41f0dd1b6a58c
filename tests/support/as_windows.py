"""A child's Python that looks like Windows' to our code: run as `python as_windows.py MODULE WORD …`.

The standard library is loaded first, as the system that is really there has it. Then what Windows lacks is taken away:
modules, functions and flags of `os`, signals, socket families; `sys.platform` says win32, and `msvcrt` locks files as
Windows' does. So an import or a call that only POSIX has breaks here as it would there. Of the Windows API there is as
much as an empty Credential Manager needs: every call fails with ERROR_NOT_FOUND.
"""

import asyncio
import ctypes
import getpass
import importlib.metadata
import json
import logging.handlers
import multiprocessing
import os
import pathlib
import platform
import runpy
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import types
import urllib.request
import uuid
import zoneinfo
from collections.abc import Sequence
from importlib.machinery import ModuleSpec

_LOADED_AS_THEY_ARE = (
    asyncio, getpass, importlib.metadata, json, logging.handlers, multiprocessing, pathlib, platform, shutil, socket,
    ssl, subprocess, tempfile, urllib.request, uuid, zoneinfo,
)  # fmt: skip
_NOT_FOUND = 1168
_MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty", "syslog", "crypt", "readline"}
_OF_OS = [
    "O_NOFOLLOW",
    "O_DIRECTORY",
    "O_NONBLOCK",
    "O_NOCTTY",
    "O_CLOEXEC",
    "chown",
    "chroot",
    "confstr",
    "ctermid",
    "fchmod",
    "fchown",
    "fork",
    "forkpty",
    "getegid",
    "geteuid",
    "getgid",
    "getgrouplist",
    "getgroups",
    "getloadavg",
    "getpgid",
    "getpgrp",
    "getpriority",
    "getresuid",
    "getsid",
    "getuid",
    "killpg",
    "lchown",
    "major",
    "memfd_create",
    "mkfifo",
    "mknod",
    "nice",
    "openpty",
    "pidfd_open",
    "posix_fadvise",
    "pread",
    "pwrite",
    "sched_getaffinity",
    "setegid",
    "seteuid",
    "setgid",
    "setgroups",
    "setpgid",
    "setsid",
    "setuid",
    "statvfs",
    "sync",
    "sysconf",
    "tcgetpgrp",
    "ttyname",
    "uname",
    "wait3",
    "wait4",
    "waitid",
    "WNOHANG_",
    "WEXITED",
    "WNOWAIT",
    "P_PID",
    "CLD_EXITED",
    "getxattr",
    "listxattr",
]
_SIGNALS = [
    "SIGALRM",
    "SIGCHLD",
    "SIGCONT",
    "SIGHUP",
    "SIGKILL",
    "SIGPIPE",
    "SIGQUIT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGUSR1",
    "SIGUSR2",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
    "pidfd_send_signal",
    "pthread_sigmask",
    "alarm",
]


class _Absent:
    """Lets no module through that Windows does not have."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        if name in _MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


class _Refusing:
    """A function of the Windows API that fails; its types can be set."""

    def __call__(self, *_: object) -> int:
        return 0


class _Library:
    """A library of the Windows API."""

    def __init__(self, _name: str, **_: object) -> None:
        self._functions: dict[str, _Refusing] = {}

    def __getattr__(self, name: str) -> _Refusing:
        return self._functions.setdefault(name, _Refusing())


def _locking_module() -> types.ModuleType:
    import fcntl

    made = types.ModuleType("msvcrt")

    def locking(handle: int, mode: int, _count: int) -> None:
        assert mode == made.LK_NBLCK
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PermissionError(13, "Permission denied") from error

    made.__dict__.update(LK_NBLCK=2, LK_UNLCK=0, locking=locking)
    return made


def become_windows() -> None:
    """Takes away what Windows lacks; there is no way back."""
    sys.modules["msvcrt"] = _locking_module()
    for name in _MODULES:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, _Absent())
    for name in _OF_OS:
        vars(os).pop(name, None)
    for name in _SIGNALS:
        vars(signal).pop(name, None)
    for name in ("AF_UNIX", "SO_PEERCRED", "SCM_RIGHTS"):
        vars(socket).pop(name, None)
    os.O_BINARY = 0  # type: ignore[attr-defined, misc, unused-ignore]
    subprocess.CREATE_NEW_PROCESS_GROUP = 0  # type: ignore[attr-defined, misc, unused-ignore]
    subprocess.CREATE_NO_WINDOW = 0  # type: ignore[attr-defined, misc, unused-ignore]
    ctypes.WinDLL = _Library  # type: ignore[attr-defined, misc, unused-ignore]
    ctypes.get_last_error = lambda: _NOT_FOUND  # type: ignore[attr-defined, misc, unused-ignore]
    ctypes.windll = types.SimpleNamespace(  # type: ignore[attr-defined, unused-ignore]
        kernel32=_Library("kernel32"), advapi32=_Library("advapi32")
    )
    sys.platform = "win32"
    shutil.disk_usage = lambda _path: shutil._ntuple_diskusage(10**12, 0, 10**12)  # type: ignore[assignment]
    os.supports_follow_symlinks.discard(os.link)


def main(words: Sequence[str]) -> None:
    become_windows()
    sys.argv = list(words)
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    sys.path[0] = str(pathlib.Path(__file__).resolve().parents[2])
    main(sys.argv[1:])
