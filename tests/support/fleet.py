"""Reports of hosts that do not exist, as a fleet of real ones would leave them in a folder."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from diagnostics.fleet.fleet import Fleet
from diagnostics.fleet.model import ENVELOPE
from diagnostics.fleet.opening import files_of
from diagnostics.fleet.reading import read
from diagnostics.report import SCHEMA

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CONFIG = "/home/ada/.config/Claude/claude_desktop_config.json"
_ORDER = ("fail", "unknown", "warn", "ok", "skip")


def finding(stage: str, status: str, title: str, server: str | None = None, **more: Any) -> dict[str, Any]:
    """A finding as a report has it; about the keychain where no server is named."""
    check = more.pop("check", f"{stage}.example")
    values = {
        "id": f"{check}:{server}" if server else check,
        "check": check,
        "stage": stage,
        "server": server,
        "reference": None,
        "path": CONFIG if server else None,
        "line": None,
        "status": status,
        "outcome": "as-written",
        "concerns": None,
        "cause": None,
        "title": title,
        "detail": "",
        "fix": [],
        "evidence": [],
        "remedies": [],
        "duration_ms": 3,
    }
    return values | more


def server(name: str, client: str = "claude-desktop", *, syntax: str = "secret") -> dict[str, Any]:
    """A server as a report has it."""
    reference = {"field": "env.TOKEN", "syntax": syntax, "name": f"{name}_token"}
    return {
        "id": f"{client}:{name}",
        "name": name,
        "client": client,
        "path": CONFIG,
        "transport": "stdio",
        "status": "ok",
        "references": [reference],
    }


def report(
    servers: Iterable[dict[str, Any]], findings: Iterable[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """A report whose account of itself is true."""
    findings, servers = list(findings), [dict(each) for each in servers]
    counts = Counter(each["status"] for each in findings)
    shared = [each["status"] for each in findings if each["server"] is None]
    for each in servers:
        own = [found["status"] for found in findings if found["server"] == each["id"]]
        each["status"] = min([*own, *shared], key=_ORDER.index, default="skip")
    values = {
        "schema": SCHEMA,
        "generated_at": moment(NOON),
        "host": {"platform": "linux", "session": "ssh"},
        "clients": [{"client": "claude-desktop", "path": CONFIG, "status": "ok", "error": None}],
        "servers": servers,
        "findings": findings,
        "summary": {each: counts[each] for each in ("ok", "warn", "fail", "skip", "unknown")},
    }
    return values | more


def healthy(*names: str) -> dict[str, Any]:
    """A host on which these servers are in order."""
    servers = [server(each) for each in names]
    own = [
        finding(stage, "ok", words, each["id"])
        for each in servers
        for stage, words in (
            ("config", "The entry is complete"),
            ("reference", "The launcher fills in 1 reference"),
            ("lookup", "The entry is there"),
            ("format", "The value has the shape of a token"),
            ("validity", "The provider accepts the token"),
        )
    ]
    store = [
        finding("backend", "ok", "gnome-keyring-daemon answers"),
        finding("permission", "ok", "The keychain login is unlocked"),
    ]
    return report(servers, [*own, *store])


def locked(*names: str) -> dict[str, Any]:
    """A host whose keychain is locked, with these servers behind it."""
    servers = [server(each) for each in names]
    found = [finding("backend", "ok", "gnome-keyring-daemon answers"), _LOCKED]
    for each in servers:
        found.append(finding("config", "ok", "The entry is complete", each["id"]))
        found += [
            finding(stage, "skip", "Not asked: it rests on a broken link", each["id"], outcome="runner.waits")
            for stage in ("lookup", "format", "validity")
        ]
    return report(servers, found)


_LOCKED = finding(
    "permission",
    "fail",
    "The keychain login is locked",
    cause="keyring_locked",
    detail="It holds 3 entries that nobody can read before it is unlocked with its password.",
    fix=["Unlock it; the password goes to gnome-keyring-daemon alone:", "$ mcp-doctor unlock"],
    evidence=["/org/freedesktop/secrets/collection/login is locked, with 3 entries"],
    remedies=["unlock-keychain"],
)


def with_one(status: str, name: str, *names: str, title: str, cause: str | None = None) -> dict[str, Any]:
    """A host in order, but for what one server's provider says."""
    made = healthy(name, *names)
    mine = f"claude-desktop:{name}"
    kept = [each for each in made["findings"] if (each["server"], each["stage"]) != (mine, "validity")]
    words = {
        "detail": "Every call of its tools fails.",
        "fix": ["Make a new one, then:", f"$ mcp-secrets set {name} token"],
    }
    return report(made["servers"], [*kept, finding("validity", status, title, mine, cause=cause, **words)])


def envelope(host: str, told: dict[str, Any] | None, minutes: float = 0, **more: Any) -> dict[str, Any]:
    """What is gathered of a host. In: its report, or None; how many minutes before noon."""
    values = {
        "schema": ENVELOPE,
        "host": {"name": host},
        "gathered_at": moment(NOON - timedelta(minutes=minutes)),
        "status": "reachable" if told is not None else "unreachable",
        "report": told,
        "error": None if told is not None else "ssh: connect to host 192.0.2.7 port 22: Connection timed out",
    }
    return values | more


def moment(at: datetime) -> str:
    """As reports write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def write(folder: Path, *envelopes: dict[str, Any]) -> Path:
    """A file a host. Out: the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in envelopes:
        (folder / f"{each['host']['name']}.json").write_text(json.dumps(each), "utf-8")
    return folder


def ward(folder: Path) -> Path:
    """A fleet with a host in every state."""
    late = 60 * 24 * 3
    expired = {"title": "The provider does not accept the token any more", "cause": "token_expired"}
    soon = {"title": "The token expires in 5 days", "cause": "token_expiring"}
    mute = {"title": "The provider did not answer", "cause": "provider_down"}
    failed = {"status": "failed", "error": "mcp-doctor is not installed for this user"}
    many = ("github", "slack", "linear", "notion", "sentry", "brave-search")
    write(
        folder,
        envelope("build-01", locked("github", "slack", "linear", "notion", "sentry"), 12),
        envelope("build-02", locked("github", "slack"), 11),
        envelope("desk-ada", with_one("fail", "slack", "github", "notion", **expired), 9),
        envelope("desk-bob", with_one("unknown", "linear", "github", **mute), 8),
        envelope("desk-cleo", with_one("warn", "notion", "github", "slack", **soon), 7),
        envelope("lab-01", None, 6),
        envelope("lab-02", None, 6, **failed),
        *(envelope(f"web-{number:02}", healthy(*many[: 3 + number % 4]), number) for number in range(1, 13)),
        envelope("old-01", healthy("github"), late),
    )
    (folder / "cut-off.json").write_text('{"schema": "mcp-doctor.report/1", "servers": [', "utf-8")
    return folder


def fleet_of(*paths: Path, now: datetime = NOON) -> Fleet:
    """What is read from these."""
    found = Fleet()
    files, _ = files_of(paths)
    found.take(read(files, now.timestamp()))
    return found
