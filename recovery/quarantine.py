"""How an entry is set aside inside the keychain, where no program finds it, with why and when."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from diagnostics.stores.similar import QUARANTINE_SERVICE
from diagnostics.text import clean


def mark(name: str) -> dict[str, str]:
    """The attributes by which what was set aside under this name is found."""
    return {"service": QUARANTINE_SERVICE, "username": name}


def quarantined(name: str, label: str, attributes: Mapping[str, str], why: str) -> tuple[str, dict[str, str]]:
    """The label and attributes under which an entry is set aside. In: those that it has, and why it is."""
    original = {"label": label, "attributes": dict(attributes)}
    shown = label or attributes.get("username", attributes.get("account", ""))
    return f"Set aside: {shown}", mark(name) | {
        "application": "mcp-doctor",
        "original": json.dumps(original, sort_keys=True),
        "why": clean(why, 200),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def was_set_aside_from(attributes: Mapping[str, str], services: Collection[str]) -> bool:
    """Whether an entry is one that was set aside, and was of one of these services."""
    if attributes.get("service") != QUARANTINE_SERVICE:
        return False
    try:
        original = json.loads(attributes["original"])["attributes"]
        return original.get("service", "") in services
    except (KeyError, ValueError, TypeError, AttributeError):
        return False
