"""Writes what one host answered into a file at the control node: `mcp-doctor.fleet/1`, whole or not at all."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

SCHEMA = "mcp-doctor.fleet/1"
REPORT = "mcp-doctor.report/"
MOST_BYTES = 8 * 1024 * 1024
LONGEST = 180


class ActionModule(ActionBase):
    """Runs in the worker of the host at the control node; makes no connection."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        """The task's result."""
        result = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(
            {"answer": {"type": "dict", "required": True}, "folder": {"type": "path", "required": True}}
        )
        host = (task_vars or {}).get("inventory_hostname") or "unnamed"
        envelope = envelope_of(str(host), arguments["answer"])
        raw = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "backslashreplace"
        )
        if len(raw) > MOST_BYTES:
            envelope = failed(
                str(host), "the report is larger than %d MB, so it was not kept" % (MOST_BYTES >> 20)
            )
            raw = json.dumps(envelope).encode()
        path = Path(arguments["folder"]).expanduser().resolve() / file_name(str(host))
        if not self._task.check_mode:
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write(path, raw)
            except OSError as error:
                raise AnsibleActionFail("%s can't be written: %s" % (path, error.strerror)) from error
        result.update(changed=True, path=str(path), status=envelope["status"])
        return result


def envelope_of(host, answer):
    """What is known of the host. In: the result that mcp_doctor_check registered."""
    report = answer.get("report")
    if answer.get("unreachable"):
        return _envelope(host, "unreachable", None, answer.get("msg"))
    if answer.get("failed") or not isinstance(report, dict):
        return failed(host, answer.get("msg") or "the host gave no report")
    if not str(report.get("schema")).startswith(REPORT):
        return failed(host, "what the host gave is no report of mcp-doctor")
    return _envelope(host, "reachable", report, None)


def failed(host, said):
    """The host was reached, and there is no report."""
    return _envelope(host, "failed", None, said)


def _envelope(host, status, report, said):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"schema": SCHEMA, "host": {"name": host}, "gathered_at": now, "status": status, "report": report}
    told["error"] = None if said is None else " ".join(str(said).split()).removeprefix("Task failed: ")[:2000]
    return told


def file_name(host):
    """A name that is the host's alone and can't lead out of the folder."""
    safe = quote(host, safe="")
    if safe.startswith("."):
        safe = "%2E" + safe[1:]
    if len(safe) > LONGEST:
        safe = safe[:LONGEST] + "-" + hashlib.sha256(host.encode("utf-8", "replace")).hexdigest()[:16]
    return safe + ".json"


def write(path, raw):
    """Puts it there in one step; a reader sees the old file or the new one."""
    number, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        part.unlink()
        raise
