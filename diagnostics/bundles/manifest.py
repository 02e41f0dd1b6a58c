"""An extension's manifest: what it starts, and which settings it asks for."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostics.bundles.value import Value, value_of
from diagnostics.configs.json_document import JsonDocument
from diagnostics.model import Platform, Problem

KNOWN_VERSIONS = frozenset({"0.1", "0.2", "0.3", "0.4"})
MOST_SETTINGS = 200
"""More than any form has; a manifest that is made to be slow stays harmless."""
KINDS = frozenset({"string", "number", "boolean", "directory", "file"})
_SYSTEMS = {Platform.LINUX: "linux", Platform.MACOS: "darwin", Platform.WINDOWS: "win32"}
_REQUIRED = ("name", "version", "description", "author", "server")


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of the form that the app shows for an extension (`user_config.<key>`)."""

    key: str
    kind: str
    """`string`, `number`, `boolean`, `directory` or `file`; anything else as it stands."""
    title: str
    required: bool = False
    sensitive: bool = False
    multiple: bool = False
    default: Value | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest, read as far as it makes sense."""

    name: str
    title: str
    """What the app shows; the name where there is no other."""
    format: str
    """`manifest_version`, or the older `dxt_version`; "" without."""
    kind: str
    """`node`, `python`, `binary`, `uv`, or what stands there."""
    entry_point: str
    command: str | None
    args: tuple[str, ...] = field(repr=False, default=())
    env: Mapping[str, str] = field(repr=False, default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    """The systems it is made for (`darwin`, `win32`, `linux`); none = it does not say."""
    fits: bool = True
    """Whether this system is among them."""
    missing: tuple[str, ...] = ()
    """Required fields that are not there."""
    mistyped: tuple[str, ...] = ()
    """Fields of the wrong type, with what is expected."""
    has_start: bool = True
    """Whether it says how to start the server; the app makes up a start for `uv` only."""
    line: int = 0
    """Where `server` stands, from 1."""


def is_manifest(data: Mapping[str, Any]) -> bool:
    """Whether a JSON object is an extension's manifest."""
    marked = "manifest_version" in data or "dxt_version" in data
    server = data.get("server")
    starts = isinstance(server, dict) and ("mcp_config" in server or "entry_point" in server)
    return starts or (marked and "mcpServers" not in data)


def read_manifest(text: str, system: Platform) -> tuple[Manifest, list[Problem]]:
    """The manifest as it counts on this system, and what is wrong with the file's notation.

    Raises:
        SyntaxProblem: no JSON, or no object.
    """
    document = JsonDocument(text)
    return _Reader(document, system).manifest(), list(_notation(document))


def _notation(document: JsonDocument) -> Iterator[Problem]:
    if document.comment:
        yield Problem("comment", "config_syntax_error", "", *document.comment)
    if document.trailing_comma:
        yield Problem("trailing-comma", "config_syntax_error", "", *document.trailing_comma)


class _Reader:
    def __init__(self, document: JsonDocument, system: Platform) -> None:
        self._document = document
        self._data = document.data
        self._system = _SYSTEMS[system]
        self._mistyped: list[str] = []

    def manifest(self) -> Manifest:
        server = self._object(self._data, "server", "server")
        config = self._object(server, "mcp_config", "server.mcp_config")
        overrides = self._object(config, "platform_overrides", "server.mcp_config.platform_overrides")
        own = self._object(overrides, self._system, f"server.mcp_config.platform_overrides.{self._system}")
        parts = {part: _laid_over(own.get(part), config.get(part)) for part in ("command", "args", "env")}
        name = self._text(self._data, "name", "name")
        kind = self._text(server, "type", "server.type")
        command = self._text(parts, "command", "server.mcp_config.command") or None
        entry_point = self._text(server, "entry_point", "server.entry_point")
        args = self._args(parts["args"])
        if command is None and kind == "uv":
            command, args = "uv", ("run", "--directory", "${__dirname}", entry_point)
        missing = [each for each in _REQUIRED if self._data.get(each) in (None, "", {})]
        if server:
            missing += [
                f"server.{each}" for each in ("type", "entry_point") if server.get(each) in (None, "")
            ]
            if command is None:
                missing.append("server.mcp_config.command")
        return Manifest(
            name=name,
            title=self._text(self._data, "display_name", "display_name") or name,
            format=self._format(),
            kind=kind,
            entry_point=entry_point,
            command=command,
            args=args,
            env=self._env(parts["env"]),
            settings={each.key: each for each in self._settings()},
            platforms=(platforms := self._platforms()),
            fits=not platforms or self._system in platforms,
            missing=tuple(missing),
            mistyped=tuple(self._mistyped),
            has_start=command is not None,
            line=self._document.line_of(("server",)),
        )

    def _format(self) -> str:
        said = self._data.get("manifest_version", self._data.get("dxt_version"))
        return said if isinstance(said, str) else "" if said is None else str(said)[:20]

    def _platforms(self) -> tuple[str, ...]:
        said = self._object(self._data, "compatibility", "compatibility").get("platforms")
        return tuple(each for each in said if isinstance(each, str))[:10] if isinstance(said, list) else ()

    def _settings(self) -> Iterator[Setting]:
        rows = self._object(self._data, "user_config", "user_config")
        for key, row in itertools.islice(rows.items(), MOST_SETTINGS):
            if not isinstance(row, dict):
                self._mistyped.append(f"user_config.{key} must be an object")
                continue
            said = row.get("type")
            kind = said if isinstance(said, str) else ""
            if kind not in KINDS:
                self._mistyped.append(f"user_config.{key}.type must be one of {', '.join(sorted(KINDS))}")
            default = row.get("default")
            yield Setting(
                key=key,
                kind=kind,
                title=self._text(row, "title", f"user_config.{key}.title") or key,
                required=row.get("required") is True,
                sensitive=row.get("sensitive") is True,
                multiple=row.get("multiple") is True,
                default=None if "default" not in row else value_of(default),
                low=_number(row.get("min")),
                high=_number(row.get("max")),
            )

    def _args(self, said: Any) -> tuple[str, ...]:
        if said is None or said == []:
            return ()
        if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
            self._mistyped.append("server.mcp_config.args must be a list of texts")
            return tuple(each for each in said if isinstance(each, str)) if isinstance(said, list) else ()
        return tuple(said)

    def _env(self, said: Any) -> dict[str, str]:
        if said is None or said == {}:
            return {}
        if not isinstance(said, dict) or not all(isinstance(each, str) for each in said.values()):
            self._mistyped.append("server.mcp_config.env must be an object of texts")
        return (
            {key: each for key, each in said.items() if isinstance(each, str)}
            if isinstance(said, dict)
            else {}
        )

    def _object(self, data: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
        said = data.get(key)
        if said is None or isinstance(said, dict):
            return said or {}
        self._mistyped.append(f"{where} must be an object")
        return {}

    def _text(self, data: Mapping[str, Any], key: str, where: str) -> str:
        said = data.get(key)
        if said is None or isinstance(said, str):
            return said or ""
        self._mistyped.append(f"{where} must be a text")
        return ""


def _laid_over(own: Any, common: Any) -> Any:
    """What JavaScript's `own || common` gives: an empty list counts, an empty text does not."""
    return common if own in (None, "", False, 0) else own


def _number(said: Any) -> float | None:
    found = value_of(said)
    return found.number
