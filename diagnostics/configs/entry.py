"""One server's entry: read as far as it makes sense, with what its client would trip over."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from diagnostics.catalog.clients import Client
from diagnostics.configs.container_words import container_variables
from diagnostics.configs.document import Document
from diagnostics.configs.document import Path as KeyPath
from diagnostics.configs.launcher_words import starts_launcher
from diagnostics.configs.value import kind_of, spelled, strings
from diagnostics.model import Problem, Server
from diagnostics.secret import Secret
from diagnostics.text import clean

_TRANSPORTS = {
    "stdio": "stdio", "local": "stdio",
    "http": "http", "streamable-http": "http", "streamablehttp": "http", "streamable_http": "http", "remote": "http",
    "ws": "http", "sse": "sse",
}  # fmt: skip
_STARTERS = {
    "npx", "uvx", "uv", "node", "python", "python3", "docker", "podman", "bunx", "bun", "deno", "pnpm", "npm", "pipx",
    "cmd", "sh", "bash", "go", "cargo", "java", "dotnet", "mcp-doctor", "mcp-credential-doctor",
}  # fmt: skip
_SHORTEST_MS = 1000
"""A limit below a second is one that was meant in seconds."""
_LONGEST_SECONDS = 86_400
_THE_TOOLS_OWN = ("DOCKER_", "PATH", "HOME", "COMPOSE_", "PODMAN_", "CONTAINER_", "BUILDKIT_", "XDG_", "TMP")
_EATEN = re.compile(r"^[A-Za-z]:[^/]*[\t\n\r\b\f]")
"""A Windows path in which `\\t`, `\\n`, ... were read as escapes."""


@dataclass
class EntryReader:
    """Reads one entry of one client's file; `problems` holds what was wrong with it."""

    client: Client
    document: Document
    path: Path
    key: KeyPath
    """Where the entry stands in the document."""
    server_id: str
    name: str
    row: Any
    scope: str = "user"
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> Server:
        """The entry, with whatever of it could be made sense of."""
        if clean(self.key[-1], 200) != self.key[-1] or not self.key[-1].strip():
            self._note("odd-name", fatal=False)
        if not isinstance(self.row, dict):
            self._note("entry-not-object", detail=kind_of(self.row))
            return Server(
                self.server_id,
                self.name,
                self.client.id,
                self.path,
                "stdio",
                scope=self.scope,
                line=self._line(),
            )
        self._repeated()
        self._unnested()
        names = self.client.fields
        self._passed_over()
        self._timeout()
        for wrong, right in names.rejected.items():
            if wrong in self.row:
                self._note("rejected-field", wrong, detail=wrong, expected=right)
        command, args = self._command()
        env = self._texts(names.env, accepts_null=names.null_env, accepts_number=names.number_env)
        headers = self._texts(names.headers)
        if names.bearer and (bearer := self._text(names.bearer)):
            headers.setdefault("Authorization", f"Bearer {bearer}")
        self._stays_outside(command, args, env)
        transport, url = self._transport(command)
        self._eaten(names.command, command)
        for number, arg in enumerate(args):
            self._eaten(f"{names.args}[{number}]", arg)
        for name, value in env.items():
            self._eaten(f"{names.env}.{name}", value)
        return Server(
            id=self.server_id,
            name=self.name,
            client=self.client.id,
            path=self.path,
            transport=transport,
            command=command,
            args=tuple(Secret(arg) for arg in args),
            env={name: Secret(value) for name, value in env.items()},
            env_names=tuple(self._names(names.env_names)) if names.env_names else (),
            headers={name: Secret(value) for name, value in headers.items()},
            env_headers=self._texts(names.env_headers) if names.env_headers else {},
            bearer_env=self._text(names.bearer_env) if names.bearer_env else None,
            url=None if url is None else Secret(url),
            cwd=self._text(names.cwd),
            env_file=self._text(names.env_file) if names.env_file else None,
            disabled=self._disabled(),
            scope=self.scope,
            launcher=starts_launcher(command, args),
            line=self._line(),
        )

    def _command(self) -> tuple[str | None, list[str]]:
        names = self.client.fields
        said = self.row.get(names.command)
        args = self._args(names.args)
        if isinstance(said, dict):  # Zed's older form: {path, args}
            inner = said.get("path")
            own = said.get("args")
            return (inner if isinstance(inner, str) else None), args or strings(own)
        if isinstance(said, list):
            words = strings(said)
            if not self.client.fields.command_is_list:
                self._note("command-is-list", names.command)
            return (words[0] if words else None), words[1:] + args
        if said is None or said == "":
            return None, args
        if not isinstance(said, str):
            self._note("command-not-text", names.command, detail=kind_of(said))
            return None, args
        words = said.split()
        if (
            len(words) > 1
            and PurePath(words[0]).name == words[0]
            and (words[0] in _STARTERS or words[1][0] == "-")
        ):
            self._note("command-with-arguments", names.command, detail=words[0], fatal=False)
        return said, args

    def _args(self, name: str) -> list[str]:
        said = self.row.get(name)
        if said is None:
            return []
        if not isinstance(said, list):
            self._note("args-not-list", name, detail=kind_of(said))
            return [said] if isinstance(said, str) else []
        for number, each in enumerate(said):
            if not isinstance(each, str):
                self._note(
                    "arg-not-text",
                    name,
                    detail=kind_of(each),
                    where=f"{name}[{number}]",
                    fatal=self.client.strict,
                )
        return [each if isinstance(each, str) else spelled(each) for each in said]

    def _texts(
        self, name: str, *, accepts_null: bool = False, accepts_number: bool = False
    ) -> dict[str, str]:
        way = name.split(".")
        said = self.row
        for key in way:
            said = said.get(key) if isinstance(said, dict) else None
        if said is None:
            return {}
        if not isinstance(said, dict):
            self._note("not-a-map", *way, detail=kind_of(said), where=name)
            return {}
        found: dict[str, str] = {}
        for key, value in said.items():
            if isinstance(value, str):
                found[key] = value
                continue
            accepted = (
                accepts_null
                if value is None
                else accepts_number and not isinstance(value, bool | dict | list)
            )
            if not accepted:
                where = f"{name}.{clean(key, 100)}"
                self._note(
                    "value-not-text", *way, key, detail=kind_of(value), where=where, fatal=self.client.strict
                )
            if value is not None:
                found[key] = spelled(value)
        return found

    def _names(self, name: str) -> Iterator[str]:
        said = self.row.get(name)
        if said is None:
            return
        if not isinstance(said, list):
            self._note("args-not-list", name, detail=kind_of(said))
            return
        for each in said:
            if isinstance(each, str):
                yield each
            elif isinstance(each, dict) and isinstance(each.get("name"), str):
                yield each["name"]

    def _text(self, name: str) -> str | None:
        said = self.row.get(name)
        if said is not None and not isinstance(said, str):
            self._note("field-not-text", name, detail=kind_of(said), where=name, fatal=self.client.strict)
            return None
        return said

    def _transport(self, command: str | None) -> tuple[str, str | None]:
        names = self.client.fields
        field_name = next((each for each in names.urls if self.row.get(each) not in (None, "")), None)
        url = self._text(field_name) if field_name else None
        said = self.row.get(names.type)
        if said is None and isinstance(self.row.get("transport"), str):
            said = self.row["transport"]
        if said is None and isinstance(self.row.get("transportType"), str):
            said = self.row["transportType"]  # Cline's older notation
        kind = _TRANSPORTS.get(said.casefold()) if isinstance(said, str) else None
        if said is not None and kind is None:
            self._note("unknown-type", names.type, detail=clean(str(said), 60), fatal=False)
        if url is not None and not names.remote:
            self._note("remote-not-supported", field_name or "url")
        if kind is None:
            kind = self._transport_without_type(command, url, field_name)
        elif kind == "stdio" and command is None:
            self._note("no-command", names.type)
        elif kind != "stdio" and url is None:
            self._note("no-url", names.type, expected=next(iter(names.urls)))
        return kind, url

    def _transport_without_type(self, command: str | None, url: str | None, field_name: str | None) -> str:
        names = self.client.fields
        if command is not None:
            if url is not None:
                self._note("command-and-url", field_name or "url", fatal=False)
            return "stdio"
        if url is None:
            if self.row.get(names.command) in (None, "") and not names.optional_command:
                self._note("no-command-nor-url", expected=next(iter(names.urls)))
            return "stdio"
        meant = names.urls.get(field_name or "", "http")
        if not meant and names.remote:
            self._note("url-without-type", field_name or "url")
        path = url.split("?", 1)[0].rstrip("/")
        return meant or ("sse" if path.endswith("/sse") else "http")

    def _disabled(self) -> bool:
        names = self.client.fields
        if names.enabled and self.row.get(names.enabled) is False:
            return True
        return bool(names.disabled) and self.row.get(names.disabled) is True

    def _unnested(self) -> None:
        """Cline writes `transport: {type, url, ...}`; copied elsewhere, nobody reads it."""
        inner = self.row.get("transport")
        if isinstance(inner, dict):
            if not self.client.fields.nested_transport:
                self._note("nested-transport", "transport", fatal=False)
            self.row = {**inner, **{key: value for key, value in self.row.items() if key != "transport"}}

    def _repeated(self) -> None:
        for inner in ((), (self.client.fields.env,), (self.client.fields.headers,)):
            if inner and not isinstance(self.row.get(inner[0]), dict):
                continue
            for key, first, last in self.document.repeated(self.key + inner):
                self.problems.append(
                    Problem(
                        "repeated-key", "config_schema_error", clean(key, 100), last, 0, fatal=False,
                        server=self.server_id, facts={"first": str(first), "last": str(last)},
                    )
                )  # fmt: skip

    def _passed_over(self) -> None:
        """Fields of other clients, which this one neither reads nor complains of."""
        for wrong, right in self.client.fields.ignored.items():
            if self.row.get(wrong) not in (None, False, ""):
                outcome = "ignored-field" if right else "ignored-switch"
                self._note(outcome, wrong, detail=wrong, expected=right, fatal=False, cause="config_ignored")

    def _timeout(self) -> None:
        """A limit given in the unit of another client: a thousand times too long or too short."""
        limit = self.client.fields.timeout
        said = self.row.get(limit.field) if limit else None
        if limit is None or isinstance(said, bool) or not isinstance(said, int | float) or said <= 0:
            return
        if limit.unit == "ms" and said < _SHORTEST_MS:
            self._note("timeout-too-short", limit.field, detail=f"{said:g}", where=limit.field, fatal=False)
        elif limit.unit == "s" and said > (limit.most or _LONGEST_SECONDS):
            self._note("timeout-too-long", limit.field, detail=f"{said:g}", where=limit.field, fatal=False)

    def _stays_outside(self, command: str | None, args: list[str], env: Mapping[str, str]) -> None:
        """Variables for a container that is never told of them."""
        if not env or not (passed := container_variables(command, args)):
            return
        outside = [name for name in env if name not in passed.names and not name.startswith(_THE_TOOLS_OWN)]
        if outside and not passed.has_file:
            names = ", ".join(clean(name, 60) for name in outside[:5])
            self._note(
                "env-stays-outside", self.client.fields.env, outside[0], fatal=False, cause="env_var_missing",
                names=names, first=clean(outside[0], 60), tool=passed.tool,
            )  # fmt: skip

    def _eaten(self, where: str, value: str | None) -> None:
        if value and _EATEN.match(value):
            self._note(
                "eaten-backslash",
                *where.split("[", 1)[0].split(".", 1),
                where=where,
                cause="config_backslash_escape",
            )

    def _note(
        self, outcome: str, *key: str, detail: str = "", fatal: bool = True, cause: str = "config_schema_error",
        **facts: str,
    ) -> None:  # fmt: skip
        line = (self.document.line_of(self.key + key) if key else 0) or self._line()
        self.problems.append(
            Problem(outcome, cause, detail, line, 0, fatal=fatal, server=self.server_id, facts=facts)
        )

    def _line(self) -> int:
        return self.document.line_of(self.key)
