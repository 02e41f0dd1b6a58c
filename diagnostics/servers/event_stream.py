"""Server-sent events, as far as MCP uses them: an answer as a stream, and the old transport's first event."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One complete event."""

    name: str
    data: str


def events(raw: bytes) -> Iterator[Event]:
    """The complete events of a stream as far as it was read. Never raises."""
    name = "message"
    data: list[str] = []
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    for line in lines[:-1]:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield Event(name, "\n".join(data))
            name, data = "message", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)


def messages(raw: bytes) -> Iterator[Mapping[str, Any]]:
    """The JSON-RPC messages in a stream as far as it was read."""
    for event in events(raw):
        try:
            message = json.loads(event.data)
        except (ValueError, RecursionError):
            continue
        if isinstance(message, dict) and message.get("jsonrpc") == "2.0":
            yield message


def answer(raw: bytes, number: int) -> Mapping[str, Any] | None:
    """The answer with this number, None where it is not there yet."""
    return next((each for each in messages(raw) if each.get("id") == number and _is_answer(each)), None)


def endpoint(raw: bytes) -> str:
    """The address that a server of the transport of 2024-11-05 wants its messages sent to, "" = not told (yet)."""
    return next((each.data for each in events(raw) if each.name == "endpoint"), "")


def _is_answer(message: Mapping[str, Any]) -> bool:
    return "result" in message or "error" in message
