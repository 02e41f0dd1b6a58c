"""A stand-in for Vault: a server on loopback with state, that answers as Vault's HTTP API documentation says.

Seal, initialisation, tokens with time and policies, namespaces, engines of key/value version 1 and 2.
"""

import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

ROOT_TOKEN = "hvs." + "root" * 6
Answer = tuple[int, Any, Mapping[str, str]]


@dataclass
class Token:
    """A token: what it may, until when (`time.time`, None = for ever), and where it lives."""

    policies: tuple[str, ...] = ("default",)
    ends: float | None = None
    renewable: bool = False
    namespace: str = ""
    may_look_up_self: bool = True


@dataclass
class Version:
    """One version of a secret; deleted ones have a time."""

    data: Mapping[str, Any] | None
    deleted: str = ""
    destroyed: bool = False


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    token: str
    namespace: str


@dataclass
class VaultServer:
    """The state, and the address."""

    url: str
    ca_file: Path
    sealed: bool = False
    initialized: bool = True
    health_status: int = 200
    """As a standby (429, 472, 473) answers the question for its health."""
    fails_with: Answer | None = None
    """Answers everything with this instead."""
    silent: bool = False
    tokens: dict[str, Token] = field(default_factory=lambda: {ROOT_TOKEN: Token(("root",))})
    policies: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """Name -> path (a star at its end stands for anything) -> capabilities."""
    mounts: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {"secret/": ("kv", "2"), "kv1/": ("kv", "1"), "database/": ("database", "")}
    )
    one: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Version 1: path -> fields."""
    two: dict[str, list[Version]] = field(default_factory=dict)
    """Version 2: path without `data/` -> versions."""
    seen: list[Seen] = field(default_factory=list)
    made: int = 0
    """How many credentials the database engine has made."""

    def add_token(self, name: str, *policies: str, **more: Any) -> str:
        """A token with these policies. Out: what to send."""
        value = "hvs." + name * 6
        self.tokens[value] = Token((*policies, "default"), **more)
        return value

    @property
    def env(self) -> dict[str, str]:
        """An environment that leads here and trusts the certificate."""
        return {"VAULT_ADDR": self.url, "VAULT_CACERT": str(self.ca_file)}

    # ── answers ─────────────────────────────────────────────────────────────────────────────────────────────

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """What Vault answers. In: the path behind `/v1/`."""
        if self.fails_with is not None:
            return self.fails_with
        if path == "sys/health":
            return self._health()
        if not self.initialized or self.sealed:
            return 503, {"errors": ["Vault is sealed"]}, {}
        namespace = headers.get("x-vault-namespace", "").strip("/")
        token = self.tokens.get(headers.get("x-vault-token", ""))
        if not headers.get("x-vault-token"):
            return 403, {"errors": ["missing client token"]}, {}
        ended = token is not None and token.ends is not None and token.ends <= time.time()
        if token is None or ended or token.namespace != namespace:
            return 403, {"errors": ["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}, {}
        if path == "auth/token/lookup-self":
            return self._lookup_self(token)
        if path == "sys/capabilities-self" and method == "POST":
            paths = json.loads(body)["paths"]
            may = {each: self._may(token, each) for each in paths}
            return 200, {"capabilities": may[paths[0]], **may, "data": may}, {}
        if path.startswith("sys/internal/ui/mounts/"):
            return self._mount(token, path.removeprefix("sys/internal/ui/mounts/"))
        return self._read(token, path)

    def _health(self) -> Answer:
        state = {
            "initialized": self.initialized,
            "sealed": self.sealed or not self.initialized,
            "standby": self.health_status == 429,
            "performance_standby": self.health_status == 473,
            "server_time_utc": int(time.time()),
            "version": "1.18.0",
        }
        status = 501 if not self.initialized else 503 if self.sealed else self.health_status
        return status, state, {}

    def _lookup_self(self, token: Token) -> Answer:
        if not token.may_look_up_self:
            return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}, {}
        left = 0 if token.ends is None else max(0, round(token.ends - time.time()))
        expires = None if token.ends is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(token.ends))
        data = {
            "display_name": "token-tester",
            "policies": list(token.policies),
            "ttl": left,
            "expire_time": expires,
            "renewable": token.renewable,
            "num_uses": 0,
        }
        return 200, {"data": data}, {}

    def _may(self, token: Token, path: str) -> list[str]:
        if "root" in token.policies:
            return ["root"]
        found: set[str] = set()
        for name in token.policies:
            for rule, may in self.policies.get(name, {}).items():
                if rule == path or (rule.endswith("*") and path.startswith(rule[:-1])):
                    found |= set(may)
        return ["deny"] if "deny" in found or not found else sorted(found)

    def _mount_of(self, path: str) -> str:
        return next((each for each in self.mounts if path.startswith(each)), "")

    def _mount(self, token: Token, path: str) -> Answer:
        mount = self._mount_of(path)
        rules = [rule for name in token.policies for rule in self.policies.get(name, {})]
        sees = "root" in token.policies or any(rule.startswith(mount) for rule in rules)
        if not mount or not sees:
            said = "preflight capability check returned 403, please ensure client's policies grant access to path"
            return 403, {"errors": [f'{said} "{path}/"']}, {}
        kind, version = self.mounts[mount]
        options = {"version": version} if version else None
        return 200, {"data": {"path": mount, "type": kind, "options": options}}, {}

    def _read(self, token: Token, path: str) -> Answer:
        if not {"read", "root"} & set(self._may(token, path)):
            return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}, {}
        mount = self._mount_of(path)
        if not mount:
            return 404, {"errors": [f'no handler for route "{path}". route entry not found.']}, {}
        kind, version = self.mounts[mount]
        rest = path.removeprefix(mount)
        if kind == "database":
            self.made += 1
            return (
                200,
                {"lease_duration": 3600, "data": {"username": "u", "password": f"made-{self.made}"}},
                {},
            )
        if version == "1":
            data = self.one.get(path)
            return (404, {"errors": []}, {}) if data is None else (200, {"data": data}, {})
        if not rest.startswith("data/"):
            said = "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API"
            return 404, {"data": None, "warnings": [said]}, {}
        versions = self.two.get(mount + rest.removeprefix("data/"))
        if not versions:
            return 404, {"errors": []}, {}
        last = versions[-1]
        gone = bool(last.deleted) or last.destroyed
        metadata = {"version": len(versions), "deletion_time": last.deleted, "destroyed": last.destroyed}
        data = None if gone else last.data
        return 404 if gone else 200, {"data": {"data": data, "metadata": metadata}}, {}


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vault: VaultServer
    timeout = 30
    wbufsize = 65536
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        vault = self.vault
        token, namespace = headers.get("x-vault-token", ""), headers.get("x-vault-namespace", "")
        vault.seen.append(Seen(self.command, self.path, token, namespace))
        if vault.silent:
            self.rfile.read(1)  # until the other side gives up
            return
        status, document, more = vault.answer(self.command, self.path.removeprefix("/v1/"), headers, body)
        raw = document if isinstance(document, bytes) else json.dumps(document).encode()
        with suppress(OSError):
            self.send_response_only(status)
            self.send_header(
                "Content-Type", "text/html" if isinstance(document, bytes) else "application/json"
            )
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

    do_POST = do_GET  # noqa: N815
    do_PUT = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    context: ssl.SSLContext | None = None

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self.context is None:
            return connection, address
        connection.settimeout(10)
        return (
            self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False),
            address,
        )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not trust us is no error of the test."""


@contextmanager
def vault_server(folder: Path, *, tls: bool = True) -> Iterator[VaultServer]:
    """A Vault that runs until the block ends. In: where to keep its CA's certificate."""
    ca = trustme.CA()
    ca_file = folder / "vault-ca.pem"
    ca.cert_pem.write_to_path(str(ca_file))
    kind = type("OwnConversation", (_Conversation,), {})
    server = _Server(("127.0.0.1", 0), kind)
    if tls:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("localhost", "127.0.0.1").configure_cert(server.context)
    found = VaultServer(f"{'https' if tls else 'http'}://localhost:{server.server_address[1]}", ca_file)
    kind.vault = found  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
