"""An agent of launchd, started in the user's session. Source: launchd.plist(5)."""

import plistlib

from diagnostics.monitor.schedule import LABEL, Job, plain

FILE = f"{LABEL}.plist"
MARK = "mcp-doctor"


def agent(job: Job, log: str) -> str:
    """The property list. In: `log` = where its output goes: launchd has no mail.

    Raises:
        UnfitError: such a command can't be written into it.
    """
    told = {
        "Label": LABEL,
        "ProgramArguments": list(plain(job)),
        "StartInterval": job.minutes * 60,
        "RunAtLoad": True,
        "ProcessType": "Background",
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    return plistlib.dumps(told, sort_keys=False).decode()


def is_ours(text: str) -> bool:
    """Whether a property list at our place is one of ours."""
    try:
        told = plistlib.loads(text.encode())
    except Exception:
        return False
    return isinstance(told, dict) and told.get("Label") == LABEL
