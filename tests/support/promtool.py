"""Prometheus' own checker, as `./dev test` takes it out of its package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.platforms import lacking


def promtool(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """What it says to a call, which may have failed. In: its words and its standard input."""
    beside = Path(sys.executable).parent
    program = shutil.which("promtool", path=os.pathsep.join([str(beside), os.environ.get("PATH", "")]))
    if program is None:
        lacking("promtool is not here: ./dev setup gets it")
    return subprocess.run([program, *words], input=given, capture_output=True, text=True, timeout=60)
