"""The Model Context Protocol over stdio, as far as asking a server who it is: messages out, lines in. No I/O.

Sources: the specification's lifecycle and stdio transport pages, versions 2024-11-05 to 2026-07-28. Versions up to
2025-11-25 begin with `initialize`; 2026-07-28 has no handshake, its servers answer `server/discover`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

HANDSHAKE_VERSION = "2025-11-25"
"""The newest version with `initialize`; servers of either era were seen to accept it as the first message."""
STATELESS_VERSION = "2026-07-28"
METHOD_NOT_FOUND = -32601
_LONGEST_TEXT = 20_000
"""Characters: far more than is ever shown, so that no secret is cut in half before it is masked."""
_CLIENT = {"name": "mcp-doctor", "version": "1"}


class Era(StrEnum):
    """Which of the two families of versions a question belongs to."""

    HANDSHAKE = "handshake"
    STATELESS = "stateless"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a server's stdout, read. `messages` is empty for what is no message at all."""

    messages: tuple[Mapping[str, Any], ...] = ()
    """JSON-RPC messages; several where the server sent a batch."""
    noise: str = ""
    """The line's text, where it is not JSON or JSON that is not JSON-RPC."""


def read_line(raw: bytes) -> Line:
    """What a line means. Never raises: any bytes are either messages or noise; a blank line is neither."""
    text = raw.decode("utf-8", "replace").strip()
    if not text:
        return Line()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Line(noise=text)
    found = value if isinstance(value, list) else [value]
    messages = tuple(each for each in found if isinstance(each, dict) and each.get("jsonrpc") == "2.0")
    return Line(messages) if messages and len(messages) == len(found) else Line(messages, noise=text)


def encode(message: Mapping[str, Any]) -> bytes:
    """One message as its line."""
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def request(number: int, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A request with this id."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": dict(params or {})}


def first_question(era: Era, number: int) -> dict[str, Any]:
    """What the era's client asks first."""
    if era is Era.STATELESS:
        return request(number, "server/discover", _meta())
    params = {"protocolVersion": HANDSHAKE_VERSION, "capabilities": {}, "clientInfo": _CLIENT}
    return request(number, "initialize", params)


def list_tools(era: Era, number: int, cursor: str | None) -> dict[str, Any]:
    """Asks for one page of the tools."""
    params: dict[str, Any] = _meta() if era is Era.STATELESS else {}
    return request(number, "tools/list", params | ({"cursor": cursor} if cursor else {}))


def initialized() -> dict[str, Any]:
    """The notification that ends the handshake."""
    return {"jsonrpc": "2.0", "method": "notifications/initialized"}


def answer_to(message: Mapping[str, Any]) -> dict[str, Any] | None:
    """Our reply to a server's own request: an empty result to a ping, 'not found' to others; None to the rest."""
    if "method" not in message or "id" not in message:
        return None
    if message["method"] == "ping":
        return {"jsonrpc": "2.0", "id": message["id"], "result": {}}
    error = {"code": METHOD_NOT_FOUND, "message": "Method not found"}
    return {"jsonrpc": "2.0", "id": message["id"], "error": error}


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who answered."""

    name: str
    version: str
    protocol: str


def introduction(era: Era, result: object) -> Introduction | None:
    """Reads the first answer's result; None where it is not what the protocol says."""
    if not isinstance(result, dict):
        return None
    if era is Era.STATELESS:
        versions = result.get("supportedVersions")
        meta = result.get("_meta")
        info = meta.get("io.modelcontextprotocol/serverInfo") if isinstance(meta, dict) else None
        if not isinstance(versions, list):
            return None
        protocol = STATELESS_VERSION if STATELESS_VERSION in versions else _text(next(iter(versions), ""))
    else:
        info = result.get("serverInfo")
        protocol = _text(result.get("protocolVersion"))
        if not protocol:
            return None
    info = info if isinstance(info, dict) else {}
    return Introduction(_text(info.get("name")), _text(info.get("version")), protocol)


def error_text(error: object) -> str:
    """An error object's code and message in one line."""
    if not isinstance(error, dict):
        return "an error without a message"
    code = error.get("code")
    number = code if isinstance(code, int) else "unknown"
    return f"{_text(error.get('message')) or 'no message'} (code {number})"


def _meta() -> dict[str, Any]:
    return {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": STATELESS_VERSION,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": _CLIENT,
        }
    }


def _text(value: object) -> str:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""
