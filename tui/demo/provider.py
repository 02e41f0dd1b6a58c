"""The demo's provider: a real HTTP server on loopback that answers for made-up tokens as the named one would."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, Mapping[str, str], object]
"""Status, headers, body as JSON."""

_SECONDS = 10
"""How long a connection may stay idle."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    """All tokens are asked about at once; a full queue would cost a second of the kernel's patience."""


class StandInProvider:
    """Listens on a free port of 127.0.0.1 in a daemon thread until `close`.

    In: id of the `provider` it stands in for, `standings`: token -> `valid`, `expired`, `revoked`,
    `missing-scope`, `rate-limited` or `down`; any other token is refused.
    """

    def __init__(self, provider: str, standings: Mapping[str, str]) -> None:
        self.id = provider
        self._standings = dict(standings)
        self._is_out = bool(standings) and set(standings.values()) <= {"down", "rate-limited"}
        self._server = _Server(("127.0.0.1", 0), _answering(self))
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True, name=f"demo-{provider}"
        ).start()

    @property
    def url(self) -> str:
        """Its address, for `--provider-url`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()

    def recover(self) -> None:
        """The outage is over: every token that met it is good again."""
        over = {"down", "rate-limited"}
        self._standings = {
            token: "valid" if standing in over else standing for token, standing in self._standings.items()
        }
        self._is_out = False

    def answer(self, token: str) -> Answer:
        """What this provider says to a request that carries the token."""
        # While every token of the scene meets an outage, so does one that is made up.
        standing = self._standings.get(token, "down" if self._is_out else "rejected")
        if standing == "down":
            return 503, {}, {"message": "Service unavailable"}
        if standing == "rate-limited":
            return 429, {"Retry-After": "60"}, {"message": "Too many requests"}
        return _DIALECTS.get(self.id, _PLAIN)[standing](self.id)


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How one provider words its answers."""

    valid: Answer
    rejected: Answer
    missing_scope: Answer | None = None

    def __getitem__(self, standing: str) -> Callable[[str], Answer]:
        if standing == "valid":
            return lambda _id: self.valid
        if standing == "missing-scope" and self.missing_scope is not None:
            found = self.missing_scope
            return lambda _id: found
        return lambda _id: self.rejected


_GITHUB_USER = {"login": "demo-user", "id": 1, "type": "User", "name": "Demo User"}
_PLAIN = _Dialect(
    valid=(200, {}, {"id": "demo-user", "name": "Demo User", "object": "list", "data": []}),
    rejected=(401, {}, {"message": "Unauthorized", "code": "unauthorized"}),
)
_DIALECTS: Mapping[str, _Dialect] = {
    "github": _Dialect(
        valid=(200, {"X-OAuth-Scopes": "repo, read:org", "X-RateLimit-Remaining": "4999"}, _GITHUB_USER),
        rejected=(401, {}, {"message": "Bad credentials", "status": "401"}),
        missing_scope=(200, {"X-OAuth-Scopes": "", "X-RateLimit-Remaining": "4999"}, _GITHUB_USER),
    ),
    "gitlab": _Dialect(
        valid=(
            200,
            {},
            {
                "id": 7,
                "name": "demo token",
                "user_id": 1,
                "active": True,
                "revoked": False,
                "scopes": ["api"],
                "expires_at": "2099-01-01",
            },
        ),
        rejected=(401, {}, {"message": "401 Unauthorized"}),
    ),
    "notion": _Dialect(
        valid=(
            200,
            {},
            {
                "object": "user",
                "id": "1",
                "type": "bot",
                "name": "Demo",
                "bot": {"workspace_name": "Demo space"},
            },
        ),
        rejected=(
            401,
            {},
            {"object": "error", "status": 401, "code": "unauthorized", "message": "API token is invalid."},
        ),
    ),
    "slack": _Dialect(
        valid=(
            200,
            {"X-OAuth-Scopes": "chat:write"},
            {"ok": True, "team": "Demo", "user": "demo-bot", "bot_id": "B1"},
        ),
        rejected=(200, {}, {"ok": False, "error": "invalid_auth"}),
    ),
}


def _answering(provider: StandInProvider) -> type[BaseHTTPRequestHandler]:
    class Conversation(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "mcp-doctor-demo"
        sys_version = ""
        timeout = _SECONDS

        def do_GET(self) -> None:
            status, headers, body = provider.answer(_token_in(self.headers))
            payload = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.do_GET()

        def log_message(self, *_words: object) -> None:
            """Says nothing: the terminal belongs to the app."""

    return Conversation


def _token_in(headers: "Message[str, str]") -> str:
    for name in ("PRIVATE-TOKEN", "X-Subscription-Token", "X-Api-Key"):
        if headers.get(name):
            return headers[name]
    return re.sub(r"^(Bearer|token|Basic)\s+", "", headers.get("Authorization") or "", flags=re.IGNORECASE)
