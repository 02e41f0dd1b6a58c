"""No memory image of a process that has a credential in the open: neither at a crash, nor for another program of the user."""

import sys

from diagnostics.host import Host
from diagnostics.model import Platform

_SET_DUMPABLE = 4
"""PR_SET_DUMPABLE of prctl(2)."""


def forbid(host: Host, *, becomes_another: bool = False) -> bool:
    """From now on this process leaves no core. Best effort, never raises. Out: whether the system agreed.

    On Linux it can't be traced by the user's other programs either, and a program that it becomes is as free as ever
    (execve(2) sets the mark anew). Elsewhere the limit on cores is set, which would be handed on: so it is not
    touched in a process that `becomes_another`.
    """
    if host.platform is Platform.WINDOWS:
        return False
    if host.platform is Platform.LINUX:
        return _undumpable()
    return not becomes_another and _no_cores()


def _undumpable() -> bool:
    import ctypes

    try:
        return int(ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)) == 0
    except (OSError, AttributeError):
        return _no_cores()  # one of the BSDs


def _no_cores() -> bool:
    if sys.platform == "win32":
        return False
    import resource

    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    except (OSError, ValueError):
        return False
    return True
