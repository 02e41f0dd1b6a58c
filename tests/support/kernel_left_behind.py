"""The kernel's keyring is one for all tests of a user: what lies there under a library's name, every check sees.

The test that lets a real library leave something there has it alone; those that look at a whole host share it.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def _held(how: str) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # Windows: no such keyring
        yield
        return
    path = Path(tempfile.gettempdir()) / f"mcp-doctor-tests-kernel-keys-{os.getuid()}"
    with path.open("a") as lock:
        fcntl.flock(lock, getattr(fcntl, how))
        yield


@pytest.fixture
def kernel_keys_alone() -> Iterator[None]:
    """Nobody looks at the kernel's keys meanwhile."""
    with _held("LOCK_EX"):
        yield


@pytest.fixture
def kernel_keys_as_they_are() -> Iterator[None]:
    """Nobody leaves anything among the kernel's keys meanwhile."""
    with _held("LOCK_SH"):
        yield
