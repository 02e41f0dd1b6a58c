"""A real authorization server (oidc-provider from npm) with a real MCP server that demands its tokens, on loopback."""

import json
import select
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
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

    def post(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        """A form sent to the authorization server (plain http only), and its JSON answer, whatever the status."""
        return self._json(path, urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded")

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

    def tokens(self) -> dict[str, Any]:
        """A new login by the device flow: the token endpoint's answer, with `client_id`."""
        client_id = self.register()["client_id"]
        form = {"client_id": client_id, "scope": "openid offline_access", "resource": self.resource}
        begun = self.post("/device/auth", form)
        self.person(begun["user_code"])
        grant = {
            "client_id": client_id,
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": begun["device_code"],
            "resource": self.resource,
        }
        return {**self.post("/token", grant), "client_id": client_id}

    def seen(self) -> list[dict[str, Any]]:
        """Every request so far: `at` (issuer, resource), method, path, authorization."""
        with urllib.request.urlopen(f"{self.issuer_origin}/person/seen", timeout=_SECONDS) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def _json(self, path: str, body: bytes, kind: str) -> dict[str, Any]:
        request = urllib.request.Request(self.issuer + path, body, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            found = json.load(error)
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


@contextmanager
def running(modules: Path, folder: Path, *, tls: bool = False, **options: Any) -> Iterator[OAuthServer]:
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
    # Node looks for packages from where the script stands.
    text = Path(__file__).with_suffix(".mjs").read_text(encoding="utf-8")
    script = modules / f"server-{abs(hash(text))}-{folder.name}.mjs"
    script.write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [shutil.which("node") or "node", str(script), json.dumps(options)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(folder / "oauth.log").open("w"), text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], _SECONDS)
        line = process.stdout.readline() if ready else ""
        assert line, (folder / "oauth.log").read_text(encoding="utf-8")
        yield OAuthServer(**json.loads(line), ca_file=ca_file)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        script.unlink(missing_ok=True)


@pytest.fixture
def oauth_server(
    oauth_modules: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., OAuthServer]]:
    """Starts the two servers with these options; they end with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> OAuthServer:
            folder = tmp_path_factory.mktemp("oauth")
            return stack.enter_context(running(oauth_modules, folder, **options))

        yield start
