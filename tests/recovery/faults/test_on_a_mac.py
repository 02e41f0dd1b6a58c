"""What is done to a Mac's keychains, cut off at each of its points: afterwards all is as before or as after.

Killed before every record, write and call that changes something; the next start finishes it or takes it back.
"""

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from diagnostics.secret import Secret
from recovery.entries import set_entry
from recovery.model import Remedy
from recovery.operation import Event
from recovery.outcome import Outcome
from recovery.runner import carry_out, resume
from recovery.steps import step_kinds
from recovery.steps.entry import TOKEN, SetEntry
from recovery.world import LocalWorld
from tests.recovery.faults.operations import a_remedy
from tests.recovery.faults.stage import journal_of
from tests.recovery.faults.strike import die, strike
from tests.support.macos.in_process import move_in
from tests.support.macos.stage import PASSWORD, Stage, findings
from tests.support.macos.state import MAGIC
from tests.support.tokens import github

VALUE, OTHER, NEW = github("mac faults"), github("mac faults, new"), "frisch-und-neu"
_SERVICE = "mcp-secrets"

Seen = tuple[object, ...]


@dataclass(frozen=True)
class Deed:
    """One row. The remedy is the first that the product offers for the finding."""

    arrange: Callable[[Stage], None]
    kinds: tuple[str, ...]
    finding: str = ""
    answers: Mapping[str, str] | None = None


def _entry(stage: Stage) -> None:
    stage.add("github_token", VALUE)


def _upgraded(stage: Stage) -> None:
    _entry(stage)
    stage.upgrade_python()


def _lost_from_the_list(stage: Stage) -> None:
    other = str(stage.keychains / "work.keychain-db")
    stage.mac().create(other, PASSWORD)
    with stage.mac().system() as state:
        state["searched"] = [other]


def _no_default(stage: Stage) -> None:
    _lost_from_the_list(stage)
    with stage.mac().system() as state:
        state["default"] = ""


def _gone(stage: Stage) -> None:
    Path(stage.login).unlink()


def _damaged(stage: Stage) -> None:
    _lost_from_the_list(stage)
    with stage.mac().system() as state:
        state["searched"].insert(0, stage.login)
    Path(stage.login).write_bytes(MAGIC + b"damaged")


DEEDS = {
    "set": Deed(_entry, ("set-entry",), answers={TOKEN: OTHER}),
    "let this Python in": Deed(_upgraded, ("allow-python",), "lookup.macos-access", {"password": PASSWORD}),
    "search list": Deed(_lost_from_the_list, ("set-mac-search-list",), "backend.macos-keychains"),
    "default": Deed(_no_default, ("set-mac-search-list", "set-default"), "backend.macos-keychains"),
    "made anew": Deed(_gone, ("create-mac-keychain",), "backend.macos-keychains", {"password": NEW}),
    "rebuilt": Deed(
        _damaged,
        ("move-mac-keychain-aside", "create-mac-keychain"),
        "backend.macos-keychains",
        {"password": NEW},
    ),
}


def _remedy(stage: Stage, deed: Deed) -> Remedy:
    if not deed.finding:
        return a_remedy("set", SetEntry(_SERVICE, "github_token", "a" * 16), ask=TOKEN)
    remedy = findings(stage)[1][deed.finding][1][0]
    assert {each.kind for each in remedy.steps} == set(deed.kinds)
    return remedy


def _carried_out(stage: Stage, remedy: Remedy, deed: Deed) -> Outcome:
    world = LocalWorld(stage.host())
    given = {name: Secret(value) for name, value in (deed.answers or {}).items()}
    return carry_out(remedy, given, world, journal_of(world.host))


def _seen(stage: Stage) -> Seen:
    """Entries with who may read them, lists, and every file but the copy of a damaged one and an unused new one."""
    mac = stage.mac()
    entries, files = [], []
    for path in sorted(stage.keychains.iterdir()):
        if path.name.endswith(".copy") or ".unused-" in path.name:
            continue
        raw = path.read_bytes()
        if not raw.startswith(MAGIC + b"{"):
            files.append((path.name, hashlib.sha256(raw).hexdigest()))
            continue
        files.append((path.name, "a keychain"))
        entries += [
            (path.name, each["service"], each["account"], each["value"], str(each["access"]))
            for each in mac.load(str(path))["items"]
            if not each["service"].startswith("mcp-doctor-")
        ]
    with mac.system() as state:
        return tuple(entries), tuple(files), tuple(state["searched"]), state["default"]


def _tree(stage: Stage) -> dict[Path, bytes]:
    folder = stage.home.parent
    return {each: each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file()}


def _put_back(stage: Stage, tree: Mapping[Path, bytes]) -> None:
    for each in sorted(stage.home.parent.rglob("*"), reverse=True):
        if each.is_dir():
            with contextlib.suppress(OSError):
                each.rmdir()
        elif each not in tree:
            each.unlink()
    stage.keychains.mkdir(parents=True, exist_ok=True)
    for path, content in tree.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _locked(stage: Stage) -> None:
    stage.mac().lock(stage.login)


BLOWS: Mapping[str, Callable[[Stage], None]] = {"killed": lambda _stage: die(), "locked midway": _locked}


@pytest.mark.parametrize(
    ("name", "blow"), [*((each, "killed") for each in sorted(DEEDS)), ("set", "locked midway")]
)
def test_befallen_at_its_points(
    name: str,
    blow: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    stage, deed = Stage(tmp_path), DEEDS[name]
    move_in(stage, monkeypatch)
    deed.arrange(stage)
    remedy, tree, before = _remedy(stage, deed), _tree(stage), _seen(stage)
    done = strike(tmp_path, lambda: _carried_out(stage, remedy, deed))
    assert done.result == "done", done.error
    after = _seen(stage)
    assert after != before
    assert any("security" in each or "keyring" in each for each in done.points), done.points
    for at in range(1, len(done.points) + 1):
        _put_back(stage, tree)
        struck = strike(tmp_path, lambda: _carried_out(stage, remedy, deed), at, lambda: BLOWS[blow](stage))
        assert struck.died is (blow == "killed")
        if blow != "killed":
            stage.mac().unlock(stage.login, PASSWORD)
        where = (at, done.points[at - 1], struck.result)
        _settle(stage, deed, where, before, after, finish=bool(at % 2))
        if name == "rebuilt":
            kept = [each for each in stage.keychains.iterdir() if each.read_bytes() == MAGIC + b"damaged"]
            assert kept, where
    assert stage.windows == []
    record_property("count: faults injected", len(done.points))
    record_property("count: operations under fault", f"on a Mac: {name}")


def _settle(stage: Stage, deed: Deed, where: object, before: Seen, after: Seen, *, finish: bool) -> None:
    """The next start: it finishes what was cut off, or takes it back."""
    world = LocalWorld(stage.host())
    journal = journal_of(world.host)
    given = {each: Secret(text) for each, text in (deed.answers or {}).items()}
    for operation in journal.interrupted():
        outcome = resume(operation.id, world, journal, finish=finish, answers=given)
        assert outcome.ok, (where, finish, outcome)
        back = operation.state is Event.UNDOING or not finish
        assert _seen(stage) == (before if back else after), (where, finish)
    assert _seen(stage) in (before, after), where
    assert journal.interrupted() == []
    assert journal.verify() == []


@pytest.mark.parametrize("above", [0, 1])
def test_the_library_dies_between_deleting_and_adding(tmp_path: Path, above: int) -> None:
    """keyring deletes an entry before it adds the new one. In: `above` = 1: we die with it."""
    stage = Stage(tmp_path)
    stage.add("github_token", VALUE)
    world = LocalWorld(stage.host())
    journal = journal_of(world.host)
    (stage.root / "dies-between").write_text(f"{_SERVICE} {above}")
    done = strike(tmp_path, lambda: set_entry("github_token", Secret(OTHER), world, journal))
    assert not (stage.root / "dies-between").exists()
    if above:
        assert done.died
        assert stage.value("github_token") is None, "the library had deleted it"
        (cut_off,) = journal.interrupted()
        assert resume(cut_off.id, world, journal, finish=False).ok
    else:
        assert done.result == "nothing-changed"
    assert stage.value("github_token") == VALUE
    assert journal.interrupted() == []


def test_every_kind_of_a_mac_is_here() -> None:
    of_a_mac = {kind for kind, step in step_kinds().items() if "macos" in step.__module__}
    assert of_a_mac <= {kind for each in DEEDS.values() for kind in each.kinds}
