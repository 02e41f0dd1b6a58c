"""A real HTTPS server on loopback that answers as it is told, and a proxy, each in daemon threads."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

Script = Callable[["Conversation"], None]


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class ProviderServer:
    """Its address, what it was asked, and what it answers."""

    url: str
    port: int
    ca_file: Path
    seen: list[Seen] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    content_type: str = "application/json; charset=utf-8"
    script: Script | None = None
    """Does the whole answer itself instead."""

    def answers(
        self, status: int, body: Any = None, headers: Mapping[str, str] | None = None, content_type: str = ""
    ) -> None:
        """From now on: status, body (bytes, or anything for JSON), further headers."""
        self.script = None
        self.status, self.headers = status, dict(headers or {})
        self.body = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        self.content_type = content_type or "application/json; charset=utf-8"

    @property
    def env(self) -> dict[str, str]:
        """An environment that trusts this server."""
        return {"SSL_CERT_FILE": str(self.ca_file)}


class Conversation(BaseHTTPRequestHandler):
    """One connection to a ProviderServer."""

    protocol_version = "HTTP/1.1"
    provider: ProviderServer
    timeout = 30
    wbufsize = 65536
    disable_nagle_algorithm = True  # or each answer waits for an acknowledgement of the TLS handshake

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.provider.seen.append(Seen(self.command, self.path, headers, body))
        with suppress(OSError):
            if self.provider.script:
                self.provider.script(self)
            else:
                self._plain()

    do_POST = do_DELETE = do_GET  # noqa: N815

    def _plain(self) -> None:
        own = {name.lower() for name in self.provider.headers}
        self.send_response_only(self.provider.status)
        if "date" not in own:
            self.send_header("Date", self.date_time_string())
        if self.provider.content_type and "content-type" not in own:
            self.send_header("Content-Type", self.provider.content_type)
        for name, value in self.provider.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.provider.body)))
        self.end_headers()
        self.wfile.write(self.provider.body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    context: ssl.SSLContext | None = None
    request_queue_size = 64

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
def provider_server(
    folder: Path, *, tls: bool = True, ca: trustme.CA | None = None, cert: trustme.LeafCert | None = None
) -> Iterator[ProviderServer]:
    """A server that runs until the block ends. In: where to keep its CA's certificate."""
    ca = ca or trustme.CA()
    cert = cert or ca.issue_cert("localhost", "127.0.0.1")
    ca_file = folder / f"ca-{id(ca)}.pem"
    ca.cert_pem.write_to_path(str(ca_file))
    kind = type("OwnConversation", (Conversation,), {})
    server = _Server(("127.0.0.1", 0), kind)
    if tls:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cert.configure_cert(server.context)
    port = server.server_address[1]
    scheme = "https" if tls else "http"
    found = ProviderServer(f"{scheme}://localhost:{port}", port, ca_file)
    kind.provider = found  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def proxy_server(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that answers every CONNECT with these bytes. Out: its address, and what it was sent."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(5)
                    data = b""
                    while b"\r\n\r\n" not in data and (chunk := connection.recv(4096)):
                        data += chunk
                    heard.append(data)
                    connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
    finally:
        listener.close()


def closed_port() -> int:
    """A port of loopback where nobody listens: it was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
