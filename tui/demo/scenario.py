"""A demo's scene as data: which configs lie where, what the keychain holds, what the provider says."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from diagnostics.model import Session
from tui.demo.keychain import Stand
from tui.demo.token import made_up

DEFAULT = "first-run"


class UnknownScenarioError(Exception):
    """No scenario of that name; the text lists those there are."""


@dataclass(frozen=True, slots=True)
class MadeUpToken:
    """A token of the scene, and what its provider says about it."""

    shape: str
    body: str
    provider: str | None = None
    standing: str = "valid"

    @property
    def text(self) -> str:
        """The token itself. It opens nothing anywhere, so it may be shown."""
        return made_up(self.shape, self.body)


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry of the keychain: the secret's name, the token's name, and what wrongly follows the token."""

    name: str
    token: str
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scene."""

    name: str
    title: str
    task: tuple[str, ...]
    """What the person is to do, shown when the app starts."""
    keychain: Stand
    password: str
    session: Session
    bus: str
    """`known` to the session, `unknown` to it though it runs, or `down`."""
    tokens: Mapping[str, MadeUpToken]
    entries: tuple[StoredEntry, ...]
    files: Mapping[str, str]
    """Path below the sandbox's home -> text with `@PYTHON@`, `@SERVER@` (JSON strings) and `@TOKEN:name@`."""
    login: str = ""
    """The provider of a kept login that ran out, "" = none."""

    def filled(self, text: str, words: Mapping[str, str]) -> str:
        """The text with `@WORD@` replaced by `words` and `@TOKEN:name@` by that token."""
        text = re.sub(r"@TOKEN:([a-z-]+)@", lambda found: self.tokens[found[1]].text, text)
        return re.sub(r"@([A-Z]+)@", lambda found: words[found[1]], text)


def names() -> list[str]:
    """Every scenario there is, the default first."""
    found = (each.name for each in files("tui.demo").joinpath("scenarios").iterdir())
    every = sorted(each.removesuffix(".toml") for each in found if each.endswith(".toml"))
    return sorted(every, key=lambda name: name != DEFAULT)


def load(name: str | None = None) -> Scenario:
    """The scenario of that name, the default without one.

    Raises:
        UnknownScenarioError: there is none.
    """
    name = name or DEFAULT
    if name not in names():
        raise UnknownScenarioError(f"no scenario is named {name!r}; there are: {', '.join(names())}")
    data = tomllib.loads(files("tui.demo").joinpath("scenarios", f"{name}.toml").read_text("utf-8"))
    return Scenario(
        name=name,
        title=data["title"],
        task=tuple(data["task"]),
        keychain=Stand(data["keychain"]),
        password=data["password"],
        session=Session(data.get("session", "local")),
        bus=data.get("bus", "known"),
        tokens={key: MadeUpToken(**value) for key, value in data.get("tokens", {}).items()},
        entries=tuple(StoredEntry(**each) for each in data.get("entries", [])),
        files={each["path"]: each["text"] for each in data["files"]},
        login=data.get("login", ""),
    )
