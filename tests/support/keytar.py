"""Real keytar, as Node programs use it: installed once a machine, asked in a lab's session."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from tests.support.lab import Lab, require
from tests.support.servers import cache, install_npm

_PACKAGES = ("@github/keytar@7.10.6", "@auth0/auth0-mcp-server@0.1.0-beta.19")
_SCRIPT = """
const keytar = require('@github/keytar');
const [verb, ...words] = process.argv.slice(1);
const given = require('fs').readFileSync(0, 'utf8');
const calls = {
  set: () => keytar.setPassword(words[0], words[1], given),
  get: () => keytar.getPassword(words[0], words[1]),
  delete: () => keytar.deletePassword(words[0], words[1]),
};
calls[verb]().then(
  (value) => console.log(JSON.stringify({ value: value === undefined ? null : value })),
  (error) => console.log(JSON.stringify({ error: error.message })),
);
"""


@dataclass(frozen=True)
class Keytar:
    """Real keytar in a lab's session, each call in a new process."""

    folder: Path
    lab: Lab
    script: ClassVar[str] = _SCRIPT

    def _call(self, verb: str, *words: str, given: str = "") -> object:
        node = shutil.which("node") or "node"
        done = self.lab.run(
            [node, "-e", self.script, verb, *words],
            given=given,
            env={"NODE_PATH": str(self.folder / "node_modules")},
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        if "error" in answer:
            raise OSError(answer["error"])
        return answer["value"]

    def set(self, service: str, account: str, value: str) -> None:
        """`keytar.setPassword`. Raises OSError with what keytar says."""
        self._call("set", service, account, given=value)

    def get(self, service: str, account: str) -> str | None:
        """`keytar.getPassword`. Raises OSError with what keytar says."""
        value = self._call("get", service, account)
        assert value is None or isinstance(value, str)
        return value

    @property
    def auth0_server(self) -> list[str]:
        """The command that starts Auth0's real MCP server."""
        node = shutil.which("node") or "node"
        return [node, str(self.folder / "node_modules/@auth0/auth0-mcp-server/dist/index.js")]


_NAPI = "@napi-rs/keyring@2.1.2"
_NAPI_SCRIPT = """
const { Entry } = require('@napi-rs/keyring');
const [verb, service, account] = process.argv.slice(1);
const given = require('fs').readFileSync(0, 'utf8');
try {
  const entry = new Entry(service, account);
  const value = verb === 'set' ? entry.setPassword(given) : entry.getPassword();
  console.log(JSON.stringify({ value: value === undefined ? null : value }));
} catch (error) {
  console.log(JSON.stringify({ error: error.message }));
}
"""


@dataclass(frozen=True)
class Napi(Keytar):
    """Real @napi-rs/keyring in a lab's session, each call in a new process."""

    script: ClassVar[str] = _NAPI_SCRIPT


@pytest.fixture(scope="session")
def napi_folder() -> Path:
    """Where @napi-rs/keyring is installed."""
    require("node", "npm")
    install_npm("napi-1", (_NAPI,))
    return cache() / "napi-1"


@pytest.fixture
def napi_in(napi_folder: Path) -> Callable[[Lab], Napi]:
    """Makes real @napi-rs/keyring for a lab."""
    return lambda lab: Napi(napi_folder, lab)


@pytest.fixture(scope="session")
def keytar_folder() -> Path:
    """Where keytar and the server that uses it are installed; their own scripts do not run."""
    require("node", "npm")
    install_npm("keytar-1", _PACKAGES)
    return cache() / "keytar-1"


@pytest.fixture
def keytar_in(keytar_folder: Path) -> Callable[[Lab], Keytar]:
    """Makes real keytar for a lab."""
    return lambda lab: Keytar(keytar_folder, lab)
