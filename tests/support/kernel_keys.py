"""Emergency tokens that a test left in the kernel's keyring, found by the trails below its folder."""

import json
from pathlib import Path

from recovery.emergency import kernel_keyring

_HOLDING = "hold-emergency-token"


def revoke_tokens_of(folder: Path) -> list[str]:
    """Takes away what the trails below a folder hold still. Out: the names of the keys that were there."""
    found = [each for path in folder.rglob("journal.jsonl") for each in _held(path)]
    for each in found:
        kernel_keyring.let_go(each)
    return found


def _held(trail: Path) -> list[str]:
    if _HOLDING.encode() not in trail.read_bytes():
        return []
    records = [json.loads(line) for line in trail.read_text("utf-8").splitlines() if _HOLDING in line]
    steps = [step for each in records for step in each.get("steps", ()) if step["kind"] == _HOLDING]
    return [
        name for each in steps if kernel_keyring.is_held(name := f"mcp-doctor:{each['data']['incident']}")
    ]
