"""The report of an incident, from the audit trail: Markdown for people, JSON for programs."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostics.host import Host
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted
from recovery.emergency.incident import Incident
from recovery.model import RecoveryError
from recovery.trail.ledger import cleaned, told_in_words

if TYPE_CHECKING:
    from recovery.ports import Files
    from recovery.trail.finding import Examination

SCHEMA = "mcp-doctor.incident/1"


def folder(host: Host) -> Path:
    """Where reports are written unless another place is named."""
    return host.state_dir / "incidents"


def report_data(incident: Incident, found: "Examination") -> dict[str, Any]:
    """The whole report as plain data; texts from outside are cleaned."""
    from recovery.trail.export import verdict_data

    return {
        "schema": SCHEMA,
        **incident.data(),
        "ran_out_open": ran_out_open(incident),
        "timeline": [
            {
                "at": cleaned(str(each.get("at", ""))),
                "what": told(each),
                "record": each.get("n"),
                "user": cleaned(str(each.get("user", ""))),
                "host": cleaned(str(each.get("host", ""))),
            }
            for each in incident.records
        ],
        "audit_trail": verdict_data(found),
        "records": cleaned([dict(each) for each in incident.records]),
    }


def as_markdown(incident: Incident, found: "Examination") -> str:
    """The report as Markdown."""
    data = incident.data()
    out = [f"# Incident {_plain(incident.id)}: emergency access for {_plain(incident.server)}", ""]
    rows = (
        ("state", data["state"]),
        ("reason", data["reason"]),
        ("ticket", data["ticket"] or "none"),
        ("who", data["who"]),
        ("began", data["began"]),
        ("token held until", data["token_ends"] or "never held"),
        ("closed", data["closed"] or "not yet"),
        ("credential", ", ".join(data["credentials"])),
        ("entries", ", ".join(data["servers"])),
        ("token's fingerprint", data["token_fingerprint"] or "none"),
        ("handed to a server", _times(len(incident.served))),
    )
    out += [f"- {name}: {_plain(str(value))}" for name, value in rows]
    out += ["", "## How it ended", ""]
    if incident.closed:
        ok = incident.normal_path == "ok"
        out.append(
            f"- The usual path: {'works, its checks were asked again' if ok else _plain(incident.normal_path)}"
        )
        said = "the person said that it was revoked" if incident.token_revoked else "NOT confirmed"
        out.append(f"- The emergency token's revocation at its provider: {said}")
    else:
        out.append("- The incident is still open.")
    if ran_out_open(incident):
        out.append("- The token's time was up before the incident was closed.")
    out.append(f"- The audit trail: {_verdict(found)}")
    out += ["", "## What happened", "", "| when (UTC) | record | what |", "| --- | --- | --- |"]
    for each in incident.records:
        at = str(each.get("at", ""))[:19].replace("T", " ")
        out.append(f"| {_plain(at)} | {each.get('n', '')} | {_plain(told(each))} |")
    return "\n".join(out) + "\n"


def write(incident: Incident, found: "Examination", place: Path, files: "Files") -> tuple[Path, Path]:
    """Both forms, 0600, each at once. Out: their paths.

    Raises:
        RecoveryError: they could not be written.
    """
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RecoveryError(f"{place} can't be made: {error.strerror}") from error
    markdown, data = (place / f"incident-{incident.id}.{ending}" for ending in ("md", "json"))
    text = json.dumps(report_data(incident, found), indent=2, ensure_ascii=False)
    files.write(str(data), (text + "\n").encode("utf-8", "backslashreplace"))
    files.write(str(markdown), as_markdown(incident, found).encode("utf-8", "backslashreplace"))
    return markdown, data


def ran_out_open(incident: Incident) -> bool:
    """Whether the token's time was up before anybody closed the incident."""
    if not incident.ends:
        return False
    if not incident.closed:
        return incident.seconds_left <= 0
    try:
        return datetime.fromisoformat(incident.ends) < datetime.fromisoformat(incident.closed)
    except (ValueError, TypeError):
        return False


_EVENTS = {
    "planned": "begun",
    "intent": "step begun",
    "applied": "step done",
    "verified": "step looked at again: it holds",
    "done": "done",
    "failed": "failed",
    "failed-step": "step not done",
    "taken-back": "step taken back",
    "stays": "step could not be taken back",
    "undoing": "being taken back",
    "undone": "taken back",
}


def told(record: Any) -> str:
    """One record in words, safe to show."""
    if record.get("deed") == "served":
        return mask_pasted(
            clean(
                f"token served to {record.get('server')} as {record.get('name')} (process {record.get('pid')})"
            )
        )
    event = str(record.get("event"))
    words = _EVENTS.get(event, event)
    title = record.get("title")
    more = f": {title}" if title else f": {record['error']}" if record.get("error") else ""
    if record.get("reason") and event == "planned":
        more += f" (reason: {record['reason']})"
    return mask_pasted(clean(f"{words}{more}", 400)) or told_in_words(record)


def _verdict(found: "Examination") -> str:
    from recovery.trail.export import summary

    return _plain(summary(found))


def _times(count: int) -> str:
    return "never" if not count else "once" if count == 1 else f"{count} times"


def _plain(text: str) -> str:
    """Text that Markdown takes as text."""
    safe = mask_pasted(clean(text, 600))
    return "".join(f"\\{each}" if each in "\\`*_[]<>|#" else each for each in safe)
