"""The checks on the keychains of macOS, on a stand-in that keeps state; none of them may open a window."""

from pathlib import Path

import pytest

from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.managers import Question, Trouble, ask
from diagnostics.managers.keytar import Keytar as Manager
from diagnostics.stores import StoreError
from diagnostics.stores.keyring_library import read_foreign
from diagnostics.stores.macos.child import Refused
from diagnostics.stores.macos.program import this_python
from diagnostics.stores.macos.store import MacStore, rights
from diagnostics.stores.one_entry import Entries
from recovery.planner import remedies_for
from tests.support.looking import Look, look
from tests.support.macos.stage import PASSWORD, Stage, stage
from tests.support.tokens import github

__all__ = ["stage"]

KEYCHAINS, LOCK, ACCESS = "backend.macos-keychains", "permission.macos-keychain", "lookup.macos-access"
VALUE = github("mac")


def looked(stage: Stage, session: str = "screen", *names: str) -> Look:
    """A look, after which nothing has been asked, written or read that is secret."""
    before = {each: each.read_bytes() for each in stage.keychains.iterdir()}
    found = look(stage.host(session), *names, limit=40)
    assert stage.windows == []
    assert before == {each: each.read_bytes() for each in stage.keychains.iterdir()}
    for call in stage.calls:
        assert not {"-d", "-g", "-w", "-p", "-k"} & set(call), call
        assert call[0] in {"list-keychains", "default-keychain", "dump-keychain", "show-keychain-info"}, call
    assert VALUE not in found.text
    return found


def test_all_is_well(stage: Stage) -> None:
    stage.add("github_token", VALUE)
    seen = looked(stage)
    assert seen.fails == []
    assert [seen.outcome(each) for each in (KEYCHAINS, LOCK, ACCESS)] == ["found", "unlocked", "given"]
    assert seen.outcome("lookup.entry") == "found"
    (entry,) = seen.context.entries_named("github_token")
    assert entry.secret is not None
    assert entry.secret.reveal() == VALUE


@pytest.mark.parametrize(
    ("session", "outcome"),
    [("screen", "locked"), ("ssh", "locked-over-ssh"), ("background", "locked-in-background")],
)
def test_a_locked_keychain_by_session(stage: Stage, session: str, outcome: str) -> None:
    stage.add("github_token", VALUE)
    stage.mac().lock(stage.login)
    seen = looked(stage, session)
    assert seen.fails == [(LOCK, outcome, "macos_keychain_locked")]
    assert seen.context.value_of(seen.context.references[0]) is None


def test_a_locked_keychain_that_nothing_rests_on_keeps_nobody_waiting(stage: Stage) -> None:
    """As soon as one entry is only in it, it does."""
    other = str(stage.keychains / "work.keychain-db")
    stage.mac().create(other, PASSWORD)
    stage.add("github_token", VALUE, path=other)
    stage.mac().lock(stage.login)
    seen = looked(stage)
    assert seen.fails == []
    assert (LOCK, "locked-beside", "macos_keychain_locked") in seen.warnings
    assert seen.outcome(ACCESS) == "given"
    assert "work" in seen.finding(LOCK).detail
    (remedy,) = remedies_for(seen.finding(LOCK), seen.context)
    assert remedy.id == "unlock-mac-keychain"
    stage.mac().lock(other)
    assert looked(stage).fails == [(LOCK, "locked", "macos_keychain_locked")]
    stage.mac().unlock(other, PASSWORD)
    stage.mac().unlock(stage.login, PASSWORD)
    stage.add("github_token", VALUE, path=stage.login)
    stage.mac().lock(stage.login)
    assert looked(stage).fails == [(LOCK, "locked", "macos_keychain_locked")]


def test_one_that_locks_itself_is_a_warning(stage: Stage) -> None:
    content = stage.mac().load(stage.login) | {"timeout": 300}
    stage.mac().save(stage.login, content)
    assert (LOCK, "locks-itself", "macos_keychain_locked") in looked(stage).warnings


def test_after_an_upgrade_of_python_the_entry_is_refused_and_the_reason_is_told(stage: Stage) -> None:
    stage.add("github_token", VALUE)
    stage.upgrade_python()
    seen = looked(stage)
    assert seen.fails == [(ACCESS, "python-changed", "macos_keychain_access_denied")]
    assert any("-25308 (errSecInteractionNotAllowed)" in each for each in seen.finding(ACCESS).evidence)


def test_an_entry_of_another_program(stage: Stage) -> None:
    stage.mac().add("mcp-secrets", "github_token", VALUE, "/Applications/Other.app")
    assert looked(stage).fails == [(ACCESS, "other-programs", "macos_keychain_access_denied")]


def test_an_entry_in_another_keychain(stage: Stage) -> None:
    """One on the search list serves as well; one beside it is found by no program."""
    other = str(stage.keychains / "work.keychain-db")
    stage.mac().create(other, PASSWORD)
    stage.add("github_token", VALUE, path=other)
    seen = looked(stage)
    assert seen.fails == []
    assert seen.context.entries_named("github_token")[0].collection == other
    with stage.mac().system() as state:
        state["searched"] = [stage.login]
    seen = looked(stage)
    assert seen.fails == [("lookup.entry", "in-another-collection", "credential_not_found")]
    assert seen.outcome(ACCESS) == "not-listed"


def test_a_missing_entry_may_be_in_icloud_and_nobody_can_tell(stage: Stage) -> None:
    seen = looked(stage)
    assert seen.fails == [("lookup.entry", "missing", "credential_not_found")]
    assert seen.finding(ACCESS).status == "unknown"


def test_search_list_and_default(stage: Stage) -> None:
    other = str(stage.keychains / "work.keychain-db")
    stage.mac().create(other, PASSWORD)
    with stage.mac().system() as state:
        state["searched"] = [other]
    assert (KEYCHAINS, "not-searched", "keyring_default_misdirected") in looked(stage).fails
    with stage.mac().system() as state:
        state["default"] = ""
    assert (KEYCHAINS, "no-default", "keyring_collection_missing") in looked(stage).fails
    with stage.mac().system() as state:
        state |= {"default": f"{stage.keychains}/gone.keychain-db", "searched": [stage.login]}
    assert (KEYCHAINS, "default-gone", "keyring_collection_missing") in looked(stage).fails


@pytest.mark.parametrize("content", [b"", b"kych{", b"garbage"])
def test_a_damaged_file(stage: Stage, content: bytes) -> None:
    Path(stage.login).write_bytes(content)
    assert (KEYCHAINS, "damaged", "keyring_file_damaged") in looked(stage).fails


def test_what_cannot_be_silenced_is_not_asked(stage: Stage) -> None:
    stage.add("github_token", VALUE)
    stage.mac().lock(stage.login)
    (stage.root / "cannot-be-silenced").touch()
    seen = looked(stage)
    assert seen.outcome(LOCK) == "not-told"
    assert not any(call[0] == "show-keychain-info" for call in stage.calls)


def test_a_security_that_hangs_or_is_not_there(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.stores.macos.program.SECONDS", 1.0)
    (stage.root / "hang").write_text("list-keychains")
    assert looked(stage).outcome(KEYCHAINS) == "not-told"
    (stage.root / "usr/bin/security").unlink()
    assert looked(stage).outcome(KEYCHAINS) == "not-told"


def test_a_listing_that_hangs_says_nothing_about_the_entries(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.add("github_token", VALUE)
    monkeypatch.setattr("diagnostics.stores.macos.store.LISTING_SECONDS", 1.0)
    (stage.root / "hang").write_text("dump-keychain")
    seen = looked(stage)
    assert seen.fails == []
    told = {each: seen.finding(each).status.value for each in ("lookup.readable", "lookup.entry", ACCESS)}
    assert told == {"lookup.readable": "unknown", "lookup.entry": "unknown", ACCESS: "unknown"}


def test_an_entry_that_is_listed_and_not_given_is_not_said_to_be(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.add("github_token", VALUE)
    monkeypatch.setattr(
        "diagnostics.stores.macos.store.values_of", lambda _host, wanted: [None for _ in wanted]
    )
    assert looked(stage).outcome(ACCESS) == "not-given"


@pytest.mark.parametrize(
    ("status", "outcome", "cause"),
    [
        (-34018, "no-entitlement", "macos_missing_entitlement"),
        (-26275, "refused", "keyring_file_damaged"),
        (0, "refused", "keyring_no_backend"),
    ],
)
def test_what_is_refused_for_another_reason_is_told_by_its_number(
    stage: Stage, status: int, outcome: str, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.add("github_token", VALUE)
    monkeypatch.setattr(
        "diagnostics.stores.macos.store.values_of", lambda _host, _wanted: [Refused(status, "Fehler")]
    )
    assert looked(stage).fails == [(ACCESS, outcome, cause)]


def test_text_that_looks_like_a_second_record_decides_nothing(stage: Stage) -> None:
    """A description in an access list is printed as it is, with line breaks."""
    stage.add("github_token", VALUE)
    stage.mac().add("mcp-secrets", "other", "x", "/Applications/Other.app")
    forged = f'x\nkeychain: "{stage.login}"\nclass: "genp"\nattributes:\n    "svce"<blob>="mcp-secrets"\n'
    forged += (
        '    "acct"<blob>="github_token"\naccess: 1 entries\n    entry 0:\n        authorizations (1): any'
    )
    content = stage.mac().load(stage.login)
    content["items"][0]["access"]["partitions"] = ["cdhash:nobody"]
    content["items"][1]["description"] = forged
    content["items"].reverse()
    stage.mac().save(stage.login, content)
    seen = looked(stage)
    assert seen.outcome(ACCESS) == "other-programs"
    _, one = rights(stage.host(), stage.login, "mcp-secrets", "github_token", this_python(stage.host()))
    assert one is None


def start(host: Host, name: str) -> str | None:
    with Entries(host) as entries:
        found = entries.read(name)
        return found.secret.reveal() if found else None


def test_a_start_gets_its_entry_or_the_reason(stage: Stage) -> None:
    stage.add("github_token", VALUE)
    stage.add("acc", VALUE, service="svc")
    assert start(stage.host(), "github_token") == VALUE
    assert start(stage.host(), "other") is None
    found = read_foreign(stage.host(), "svc", "acc")
    assert found is not None
    assert found.reveal() == VALUE
    with pytest.raises(StoreError) as raised:
        start(stage.host("ssh"), "github_token")
    assert raised.value.cause == "macos_keychain_locked"
    told = ask(Manager(), Question("svc/acc", stage.host("ssh"), Options()))
    assert isinstance(told, Trouble)
    assert (told.outcome, told.cause) == ("locked", "macos_keychain_locked"), (
        "which keytar itself calls missing"
    )
    stage.upgrade_python()
    with pytest.raises(StoreError) as raised:
        start(stage.host(), "github_token")
    assert raised.value.cause == "macos_keychain_access_denied"
    assert stage.windows == []


def test_a_start_tells_a_locked_keychain_from_a_refusal_where_another_one_is_open(stage: Stage) -> None:
    other = str(stage.keychains / "work.keychain-db")
    stage.mac().create(other, PASSWORD)
    stage.add("github_token", VALUE, path=other)
    stage.mac().lock(other)
    with pytest.raises(StoreError) as raised:
        start(stage.host(), "github_token")
    assert raised.value.cause == "macos_keychain_locked"
    assert stage.windows == []


def test_an_entry_that_comes_twice_is_taken_in_the_order_of_the_search(stage: Stage) -> None:
    other = str(stage.keychains / "work.keychain-db")
    stage.mac().create(other, PASSWORD)
    stage.add("github_token", "other", path=other)
    stage.add("github_token", VALUE)
    store = MacStore(stage.host())
    store.expect(["github_token"])
    values = {each.collection: each.secret.reveal() if each.secret else None for each in store.entries()}
    assert values == {stage.login: VALUE, other: None}
