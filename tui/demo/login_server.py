"""The demo's authorization server: logins by code (RFC 8628) on loopback, where the person's yes comes by itself."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from diagnostics.oauth.login import Login
from diagnostics.secret import Secret
from tui.demo.token import made_up

_CODE = "DEMO-2468"
_QUESTIONS = 3
"""The one at which the answer is yes: the person shall see the waiting."""
_SECONDS = 10


class StandInLoginServer:
    """Listens on a free port of 127.0.0.1 in daemon threads until `close`."""

    def __init__(self) -> None:
        self._asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _SECONDS

            def do_GET(self) -> None:
                page = self.path.partition("?")[0] == "/device"
                self._send(200, outer._page() if page else outer._metadata())

            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length") or 0), 65536)
                form = parse_qs(self.rfile.read(length).decode(errors="replace"))
                self._send(*outer._answer(self.path, form.get("grant_type", [""])[0]))

            def log_message(self, *_: object) -> None:
                return

            def _send(self, status: int, content: object) -> None:
                body = (content if isinstance(content, str) else json.dumps(content)).encode()
                self.send_response(status)
                kind = "text/plain; charset=utf-8" if isinstance(content, str) else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True, name="demo-login"
        ).start()

    @property
    def url(self) -> str:
        """Its address, which is also its name."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()

    def over(self) -> Login:
        """A login of it whose time is over, and which can't be renewed."""
        return Login(
            access_token=Secret(made_up("word", "over")),
            issuer=self.url,
            token_endpoint=f"{self.url}/token",
            client_id="demo",
            expires_at=1_700_000_000.0,
        )

    def _metadata(self) -> dict[str, object]:
        return {
            "issuer": self.url,
            "token_endpoint": f"{self.url}/token",
            "device_authorization_endpoint": f"{self.url}/code",
            "token_endpoint_auth_methods_supported": ["none"],
        }

    def _page(self) -> str:
        return f"This is the demo: the yes to the code {_CODE} comes by itself.\n"

    def _answer(self, path: str, grant: str) -> tuple[int, dict[str, object]]:
        if path == "/code":
            self._asked = 0
            return 200, {
                "device_code": made_up("word", "device"),
                "user_code": _CODE,
                "verification_uri": f"{self.url}/device",
                "expires_in": 300,
                "interval": 1,
            }
        if not grant.endswith("device_code"):
            return 400, {"error": "invalid_grant"}
        self._asked += 1
        if self._asked < _QUESTIONS:
            return 400, {"error": "authorization_pending"}
        return 200, {"access_token": made_up("word", "new"), "token_type": "Bearer", "expires_in": 28800}
