"""A stand-in authorization server that answers what the test wrote down, for what no real one can be made to say."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

Said = tuple[int, Any] | Callable[[dict[str, str]], tuple[int, Any]]


class SaidServer:
    """`answers` by path, the last of them for ever: (status, JSON or text), status 0 = the line drops."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Said]] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        """Path and form of every POST."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._answer(self, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                outer.seen.append((self.path, form))
                outer._answer(self, form)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        metadata = {
            "issuer": self.url,
            "token_endpoint": f"{self.url}/token",
            "device_authorization_endpoint": f"{self.url}/device",
            "token_endpoint_auth_methods_supported": ["none"],
        }
        self.answers["/.well-known/oauth-authorization-server"] = [(200, metadata)]
        self.answers["/device"] = [
            (
                200,
                {
                    "device_code": "device-" * 4,
                    "user_code": "WDJB-MJHT",
                    "verification_uri": f"{self.url}/enter",
                    "expires_in": 600,
                    "interval": 5,
                },
            )
        ]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Nobody listens there any more."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        path = handler.path.partition("?")[0]
        listed = self.answers.get(path, [(404, {})])
        said = listed.pop(0) if len(listed) > 1 else listed[0]
        status, content = said(form) if callable(said) else said
        if status == 0:
            handler.close_connection = True
            return
        body = (content if isinstance(content, str) else json.dumps(content)).encode()
        handler.send_response(status)
        if 300 <= status < 400:
            handler.send_header("Location", f"{self.url}/elsewhere")
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@pytest.fixture
def said_server() -> Iterator[SaidServer]:
    """One on loopback, until the test ends."""
    made = SaidServer()
    yield made
    made.close()
