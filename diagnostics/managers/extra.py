"""The parts that not everyone needs: libraries that are installed on request (`mcp-credential-doctor[vault]`)."""

import json
import shlex
import sys
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType

from diagnostics.managers import Trouble
from diagnostics.text import Words

PACKAGE = "mcp-credential-doctor"
_LIBRARIES = {"vault": "hvac", "aws": "botocore"}


def load(module: str, extra: str) -> ModuleType | Trouble:
    """The library, or that it isn't installed (or is broken) and the command that brings it.

    In: the module's name, and the extra of our package that it comes with.
    """
    try:
        return import_module(module)
    except ImportError as error:
        facts = {"module": module.partition(".")[0], "extra": extra, "command": Words(install_line(extra))}
        return Trouble("extra-missing", "manager_extra_missing", evidence=(str(error),), facts=facts)


def install_line(extra: str, prefix: Path | None = None) -> str:
    """The command that adds the extra to this very installation, told by the marks that its installer left.

    In: `prefix`, the environment's folder, by default the one this program runs in.
    """
    prefix = prefix or Path(sys.prefix)
    wanted = shlex.quote(_requirement(extra))
    if (prefix / "uv-receipt.toml").is_file():
        return f"uv tool install --force {wanted}"
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx install --force {wanted}"
    python = shlex.quote(str(_python(prefix)))
    if _is_of_uv(prefix):
        return f"uv pip install --python {python} {wanted}"
    return f"{python} -m pip install {wanted}"


def _requirement(extra: str) -> str:
    """What to install: the package from where it came the first time; the library alone where it runs from a clone."""
    try:
        distribution = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        return _LIBRARIES[extra]
    try:
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
        url = str(origin["url"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"{PACKAGE}[{extra}]"
    version_control = origin.get("vcs_info", {}).get("vcs", "")
    return f"{PACKAGE}[{extra}] @ {version_control + '+' if version_control else ''}{url}"


def _python(prefix: Path) -> Path:
    inside = [prefix / "bin/python", prefix / "Scripts/python.exe"]
    return next((each for each in inside if each.exists()), Path(sys.executable))


def _is_of_uv(prefix: Path) -> bool:
    """Environments of `uv venv` come without pip, and say who made them."""
    try:
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.partition("=")[0].strip() == "uv" for line in lines)
