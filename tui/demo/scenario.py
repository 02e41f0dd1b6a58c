"""A demo's scene as data: which configs lie where, what the keychain holds, what the provider says."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from diagnostics.model import Session
from tui.demo.keychain import Stand
from tui.demo.token import made_up

DEFAULT = "first-run"


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that must be true at the end of a drill. Exactly one of `server`, `entry`, `file`, `operation` and
    `incident` is given.
    """

    words: str
    """What is true when it holds."""
    server: str = ""
    """Name of a server: nothing on its path is broken or unclear."""
    check: str = ""
    """With `server`: only this check's answers count, and a warning counts too."""
    proven: bool = False
    """With `check`: it must have said yes; saying nothing is not enough."""
    entry: str = ""
    """Name of a keychain entry: exactly one, and it holds the token `holds`."""
    holds: str = ""
    file: str = ""
    """A file below the sandbox's home: it does not hold the text of the token `lacks`."""
    lacks: str = ""
    operation: str = ""
    """Id of a remedy: the trail says that it was done, and not taken back."""
    incident: str = ""
    """`served`: the server was started with the emergency token. `closed`: none is open, the token is gone and
    revoked, and the report is written."""


@dataclass(frozen=True, slots=True)
class Slip:
    """Something that should not be done in a drill: a remedy's id, or the id of a deed."""

    words: str
    """Why it was wrong."""
    operations: tuple[str, ...] = ()
    deed: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that a person does outside of the doctor, and that the drill plays."""

    id: str
    title: str
    done: str
    """What is to be seen afterwards."""
    unset: str = ""
    """A variable that is not exported any more, in the session and in the sandbox's files."""
    recovers: str = ""
    """A provider that answers again."""
    starts: str = ""
    """A server that its client starts anew."""


@dataclass(frozen=True, slots=True)
class Drill:
    """What makes a scene a drill."""

    minutes: int
    """What a person who knows the way takes."""
    goal: tuple[str, ...]
    hints: tuple[str, ...]
    """Each helps more than the one before."""
    must: tuple[Condition, ...]
    must_not: tuple[Slip, ...]
    careful: tuple[str, ...]
    """What a careful engineer would have done."""
    deeds: tuple[Deed, ...] = ()


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
    variables: Mapping[str, str] = field(default_factory=dict)
    """What the session has exported, `@TOKEN:name@` in it."""
    damage: int = 0
    """Bytes that are cut off the end of the keychain's file; only a real daemon has one."""
    drill: Drill | None = None
    """The goal and its judging; None = a scene to look around in."""

    @property
    def needs_real_keychain(self) -> bool:
        """Whether the stand-in can't play it."""
        return bool(self.damage)

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
        variables=data.get("variables", {}),
        damage=data.get("damage", 0),
        drill=_drill(data["drill"]) if "drill" in data else None,
    )


def titles() -> list[tuple[str, str]]:
    """Name and title of every scenario, in the order of `names`."""
    return [(name, load(name).title) for name in names()]


def _drill(data: Mapping[str, Any]) -> Drill:
    return Drill(
        minutes=data["minutes"],
        goal=tuple(data["goal"]),
        hints=tuple(data["hints"]),
        must=tuple(Condition(**each) for each in data["must"]),
        must_not=tuple(
            Slip(each["words"], tuple(each.get("operations", ())), each.get("deed", ""))
            for each in data.get("must_not", ())
        ),
        careful=tuple(data["careful"]),
        deeds=tuple(Deed(**each) for each in data.get("deeds", ())),
    )
