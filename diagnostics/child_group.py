"""A child with everything that it starts, so that all of it can be ended: a process group, on Windows a job."""

import os
import signal
import subprocess
import sys
from typing import Any


def of_its_own() -> dict[str, Any]:
    """The arguments for `Popen` that put a child apart: no interrupt of the terminal reaches it, no window opens."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


class ChildGroup:
    """The group of a child that was started with `of_its_own`, or on Windows any child.

    On Windows the system ends the whole job when this object, or this process, is gone.
    """

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        if sys.platform == "win32":
            self._job = _job_of(child)

    def end(self, *, hard: bool = True) -> None:
        """Ends all of it. In: not `hard` = it may clean up first; Windows knows no such way and waits for the hard one.

        Does nothing where the child has been waited for: its number may be another's by then. Only a job still knows.
        """
        if sys.platform == "win32":
            if hard:
                _end_job(self._job, self._child)
        elif self._child.returncode is None:
            try:
                os.killpg(self._child.pid, signal.SIGKILL if hard else signal.SIGTERM)
            except (ProcessLookupError, PermissionError):
                return


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _KILL_ON_CLOSE = 0x2000
    """JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE."""
    _EXTENDED_LIMITS = 9
    """JobObjectExtendedLimitInformation."""

    class _Limits(ctypes.Structure):
        """JOBOBJECT_EXTENDED_LIMIT_INFORMATION: its basic part, six counters, four sizes."""

        _fields_ = [
            ("process_time", ctypes.c_int64),
            ("job_time", ctypes.c_int64),
            ("flags", wintypes.DWORD),
            ("least_memory", ctypes.c_size_t),
            ("most_memory", ctypes.c_size_t),
            ("processes", wintypes.DWORD),
            ("affinity", ctypes.c_size_t),
            ("priority", wintypes.DWORD),
            ("scheduling", wintypes.DWORD),
            ("counters", ctypes.c_uint64 * 6),
            ("sizes", ctypes.c_size_t * 4),
        ]

    class _Job:
        """A job object; closing its last handle ends what is in it."""

        def __init__(self, kernel: Any, handle: int) -> None:
            self.kernel, self.handle = kernel, handle

        def __del__(self) -> None:
            self.kernel.CloseHandle(self.handle)

    def _job_of(child: subprocess.Popen[bytes]) -> _Job | None:
        """None where the system gives none (it is then the child alone that can be ended)."""
        try:
            kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            kernel.CreateJobObjectW.restype = wintypes.HANDLE
            kernel.CreateJobObjectW.argtypes = (ctypes.c_void_p, wintypes.LPCWSTR)
            kernel.SetInformationJobObject.argtypes = (
                wintypes.HANDLE,
                ctypes.c_int,
                ctypes.c_void_p,
                wintypes.DWORD,
            )
            kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
            kernel.TerminateJobObject.argtypes = (wintypes.HANDLE, wintypes.UINT)
            kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
            handle = kernel.CreateJobObjectW(None, None)
        except (OSError, AttributeError):
            return None
        if not handle:
            return None
        job = _Job(kernel, handle)
        limits = _Limits(flags=_KILL_ON_CLOSE)
        kernel.SetInformationJobObject(handle, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
        process = getattr(child, "_handle", None)
        return job if process is not None and kernel.AssignProcessToJobObject(handle, int(process)) else None

    def _end_job(job: _Job | None, child: subprocess.Popen[bytes]) -> None:
        if job is not None:
            job.kernel.TerminateJobObject(job.handle, 1)
        elif child.returncode is None:
            try:
                child.kill()
            except OSError:
                return
