"""The demo's home: a folder of its own, and a host that ends at its walls."""

import json
import os
import sys
from pathlib import Path

from diagnostics.host import Host, this_host
from diagnostics.model import Platform
from tui.demo.scenario import Scenario

_PASSED_ON = ("PATH", "LANG", "TERM", "SYSTEMROOT", "PATHEXT", "COMSPEC", "TEMP", "TMP")
"""What a child process needs to start at all; everything else of the real environment stays outside."""


def build(root: Path, scenario: Scenario) -> Host:
    """Writes the scene's files below `root` and returns the host that consists of them.

    The host passes for a Linux one everywhere, so that the same paths and checks apply on every system.
    """
    home = root / "home"
    run = root / "run"
    for folder in (home, run, root / "config", root / "state"):
        folder.mkdir(mode=0o700)
    words = {
        "PYTHON": json.dumps(sys.executable),
        "SERVER": json.dumps(str(Path(__file__).with_name("server.py"))),
        "PASSWORD": scenario.password,
    }
    for path, text in scenario.files.items():
        file = home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(scenario.filled(text, words).lstrip("\n"), encoding="utf-8")
        file.chmod(0o600)
    real = this_host()
    env = {name: real.env[name] for name in _PASSED_ON if name in real.env}
    # The configs call `mcp-doctor run`, which stands beside the interpreter that runs this.
    env["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), env.get("PATH", os.defpath)))
    env |= {
        "HOME": str(home),
        "USER": "demo",
        "LOGNAME": "demo",
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(root / "state"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_RUNTIME_DIR": str(run),
    }
    env |= {name: scenario.filled(text, words) for name, text in scenario.variables.items()}
    if scenario.bus == "known":
        env["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={run / 'bus'}"
    return Host(
        platform=Platform.LINUX,
        session=scenario.session,
        home=home,
        cwd=home,
        env=env,
        uid=real.uid,
        user="demo",
    )
