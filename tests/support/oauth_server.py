"""A real authorization server (oidc-provider from npm) with a real MCP server that demands its tokens, on loopback."""

import atexit
import base64
import functools
import json
import os
import select
import shutil
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import require
from tests.support.servers import _install, _once, cache

PACKAGES = ("oidc-provider@9.13.3", "@modelcontextprotocol/sdk@1.32.2", "mcp-remote@0.15.1")
_FOLDER = "oauth-1"
_SECONDS = 30


@dataclass(frozen=True)
class OAuthServer:
    """Its addresses."""

    issuer: str
    resource: str
    """The MCP server's address."""
    origin: str
    issuer_origin: str
    ca_file: str = ""

    @property
    def env(self) -> dict[str, str]:
        """An environment that trusts it."""
        return {"SSL_CERT_FILE": self.ca_file} if self.ca_file else {}

    def post(self, path: str, form: dict[str, str], basic: str = "") -> dict[str, Any]:
        """A form sent to the authorization server (plain http only), and its JSON answer, whatever the status."""
        headers = {"Authorization": f"Basic {basic}"} if basic else {}
        body = urllib.parse.urlencode(form).encode()
        return self._json(path, body, "application/x-www-form-urlencoded", headers)

    def register(self, **more: Any) -> dict[str, Any]:
        """A new public client (RFC 7591)."""
        body = {
            "redirect_uris": ["http://127.0.0.1:9/callback"],
            "token_endpoint_auth_method": "none",
            "grant_types": [
                "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
            ],
            "application_type": "native",
            **more,
        }  # fmt: skip
        return self._json("/reg", json.dumps(body).encode(), "application/json")

    def person(self, user_code: str, answer: str = "yes") -> None:
        """The person enters the code of a device flow and says yes or no."""
        query = urllib.parse.urlencode({"user_code": user_code, "answer": answer})
        with urllib.request.urlopen(f"{self.issuer_origin}/person/device?{query}", timeout=_SECONDS):
            pass

    def tokens(self, client_id: str = "", client_secret: str = "", method: str = "none") -> dict[str, Any]:
        """A new login by the device flow, by a new client unless one is named: the answer, with `client_id`."""
        client_id = client_id or self.register()["client_id"]
        proof = {"client_id": client_id}
        basic = ""
        if method == "client_secret_basic":
            pair = f"{urllib.parse.quote_plus(client_id)}:{urllib.parse.quote_plus(client_secret)}"
            proof, basic = {}, base64.b64encode(pair.encode()).decode()
        elif method == "client_secret_post":
            proof["client_secret"] = client_secret
        form = {**proof, "scope": "openid offline_access", "resource": self.resource}
        begun = self.post("/device/auth", form, basic)
        self.person(begun["user_code"])
        grant = {
            **proof,
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": begun["device_code"],
            "resource": self.resource,
        }
        return {**self.post("/token", grant, basic), "client_id": client_id}

    def takes(self, token: str) -> bool:
        """Whether the MCP server takes this access token."""
        request = urllib.request.Request(self.resource, b"{}", {"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS):
                return True
        except urllib.error.HTTPError as error:
            return error.code != 401

    def seen(self) -> list[dict[str, Any]]:
        """Every request so far: `at` (issuer, resource), method, path, authorization."""
        trust = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None
        address = f"{self.issuer_origin}/person/seen"
        with urllib.request.urlopen(address, timeout=_SECONDS, context=trust) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def _json(
        self, path: str, body: bytes, kind: str, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        request = urllib.request.Request(self.issuer + path, body, {"Content-Type": kind, **(headers or {})})
        text = b""
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            text = error.read()
        found: dict[str, Any] = json.loads(text or b"{}")
        return found


@pytest.fixture(scope="session")
def oauth_modules() -> Path:
    """The folder of the installed packages."""
    require("node", "npm")
    with _once(_FOLDER) as folder:
        if folder is not None:
            options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            _install(
                ["npm", "install", "--prefix", str(folder), *options, *PACKAGES], "the authorization server"
            )
    return cache() / _FOLDER


class _Program:
    """The script, started once a session: a pair of servers costs it milliseconds, a new Node costs half a second."""

    def __init__(self, modules: Path, log: Path) -> None:
        self._log = log
        # Node looks for packages from where the script stands.
        text = Path(__file__).with_suffix(".mjs").read_text(encoding="utf-8")
        self._script = modules / f"server-{os.getpid()}.mjs"
        self._script.write_text(text, encoding="utf-8")
        self._process = subprocess.Popen(
            [shutil.which("node") or "node", str(self._script)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("w"), text=True,
        )  # fmt: skip

    def say(self, **told: Any) -> dict[str, Any]:
        """Its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], _SECONDS)
        line = self._process.stdout.readline() if ready else ""
        assert line, self._log.read_text(encoding="utf-8")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()
        self._script.unlink(missing_ok=True)
        self._log.unlink(missing_ok=True)


@functools.cache
def _program(modules: Path) -> _Program:
    """This process's own, ended with it."""
    program = _Program(modules, Path(tempfile.mkstemp(prefix="oauth-", suffix=".log")[1]))
    atexit.register(program.close)
    return program


@contextmanager
def _pair(program: _Program, folder: Path, *, tls: bool = False, **options: Any) -> Iterator[OAuthServer]:
    """The two servers until the block ends. In: `options` as the script takes them."""
    ca_file = ""
    if tls:
        import trustme

        ca = trustme.CA()
        cert = ca.issue_cert("localhost", "127.0.0.1")
        for name, blob in (("cert", cert.cert_chain_pems[0]), ("key", cert.private_key_pem)):
            blob.write_to_path(str(folder / f"{name}.pem"))
            options[name] = str(folder / f"{name}.pem")
        ca_file = str(folder / "ca.pem")
        ca.cert_pem.write_to_path(ca_file)
    addresses = program.say(start=options)
    number = addresses.pop("number")
    yield OAuthServer(**addresses, ca_file=ca_file)
    program.say(close=number)


@pytest.fixture
def oauth_server(
    oauth_modules: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., OAuthServer]]:
    """Starts the two servers with these options; they end with the test, and what one pair knows no other does."""
    with ExitStack() as stack:

        def start(**options: Any) -> OAuthServer:
            folder = tmp_path_factory.mktemp("oauth")
            return stack.enter_context(_pair(_program(oauth_modules), folder, **options))

        yield start
