"""How a start ends that fails: one line on standard error, and a record that the app reads."""

import os
import re

from diagnostics.host import Host
from diagnostics.model import Reference, Server, Syntax
from diagnostics.servers.resolve import UnresolvedError

USAGE = 2
UNRESOLVED = 78
"""EX_CONFIG of sysexits.h."""
NOT_EXECUTABLE = 126
NOT_FOUND = 127

_UNLOCK_HELPS = {
    "dbus_no_session_bus",
    "keyring_collection_missing",
    "keyring_locked",
    "macos_keychain_locked",
    "secret_service_not_provided",
}


class LaunchError(Exception):
    """The start ends here, with this code and these words."""

    def __init__(
        self,
        code: int,
        cause: str,
        said: str,
        *,
        server: str | None = None,
        program: str | None = None,
        reference: Reference | None = None,
    ) -> None:
        super().__init__(said)
        self.code = code
        self.cause = cause
        self.server = server
        self.program = program
        self.reference = reference


def in_words(error: UnresolvedError, server: str | None) -> str:
    """What is wrong with a reference, and the next thing to type. In: the server's name, for that."""
    reference = error.reference
    said = f"{reference.field} {reference.shown}".strip() + f" {error}"
    doctor = f"mcp-doctor {server}" if server else "mcp-doctor"
    if error.cause in {"credential_not_found", "credential_corrupted"} and reference.syntax is Syntax.SECRET:
        return f"{said}. Store it: mcp-secrets set {reference.name}, or see: {doctor}"
    if error.cause in _UNLOCK_HELPS:
        return f"{said}. Open it: mcp-doctor unlock, or see: {doctor}"
    return f"{said}. See: {doctor}"


def end(error: LaunchError, server: Server | None, host: Host) -> int:
    """Says the failure on standard error, in one line, and records it for the app. Out: the code to end with."""
    from diagnostics.standard_error import tell
    from diagnostics.text import clean
    from diagnostics.tokens.masking import mask_pasted, mask_tokens

    server_id = error.server or (server.id if server is not None and server.id else None)
    who = f"{server_id}: " if server_id else ""
    line = mask_pasted(clean(f"mcp-doctor: {who}{error}", 1000))
    tell(line)
    if error.code != USAGE:
        program = error.program
        if program is None and server is not None and server.command is not None:
            program = re.split(r"[\\/]", server.command)[-1]
        error.program = program and mask_tokens(mask_pasted(clean(program, 200)))
        _record(error, server_id, line, host)
    return error.code


def _record(error: LaunchError, server_id: str | None, line: str, host: Host) -> None:
    """Writes the failure record; where that is not possible the start's own failure is what matters."""
    import contextlib
    import json
    from datetime import UTC, datetime

    from diagnostics.servers.failure_record import KEPT, FailureRecord, folder
    from diagnostics.tokens.masking import mask_pasted

    now = datetime.now(UTC)
    reference = error.reference
    record = FailureRecord(
        at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        exit_code=error.code,
        cause=error.cause,
        message=line,
        server=server_id,
        program=error.program,
        field=None if reference is None else mask_pasted(reference.field),
        reference=(mask_pasted(reference.shown) or None) if reference is not None else None,
    )
    place = folder(host)
    with contextlib.suppress(OSError):
        host.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.mkdir(exist_ok=True, mode=0o700)
        path = place / f"{now.strftime('%Y%m%dT%H%M%S.%f')}-{os.getpid()}.json"
        unfinished = path.with_suffix(".new")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(record.to_json(), file)
        unfinished.replace(path)
        for old in sorted(place.glob("*.json"))[:-KEPT]:
            old.unlink(missing_ok=True)
