"""The Windows Credential Manager for real, as far as Wine goes; what Wine gets wrong is put in its way."""

import contextlib
import dataclasses
import json
from pathlib import Path

import pytest

from diagnostics.check import all_checks
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.managers import SECONDS, Found, Question, Trouble, ask, find
from diagnostics.model import Finding, Session, Status, Syntax
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import StoreError, open_store
from diagnostics.stores.one_entry import Entries
from diagnostics.stores.windows.credential import LOCAL_MACHINE, SESSION, CredentialError
from diagnostics.stores.windows.entry import left_behind
from recovery.backups.making import collect, make
from recovery.backups.opening import open_backup
from recovery.backups.restoring import plan_restore
from recovery.cleanup import items_of, look, together
from recovery.entries import delete_entry, get_entry, list_entries, set_entry
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.outcome import Result
from recovery.planner import remedies_for
from recovery.runner import carry_out, preview, undo
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import a_pair
from tests.support.tokens import github, jwt
from tests.support.wine.session import WineCredentials

SERVICE = "mcp-secrets"
TOKEN, OLDER = github("windows"), github("windows, older")


def utf_16(text: str) -> bytes:
    return text.encode("utf-16-le")


@pytest.fixture
def journal(windows: LocalWorld) -> Journal:
    return Journal(windows.host)


def context_of(world: LocalWorld, reference: str = "${SECRET:gh}") -> Context:
    path = world.host.home / "mcp.json"
    server = {"command": "node", "args": ["server.js"], "env": {"GITHUB_TOKEN": reference}}
    path.write_text(json.dumps({"mcpServers": {"gh": server}}), encoding="utf-8")
    asked = Options(config=(path,), client="claude-desktop", offline=True)
    files = discover(world.host, asked)
    servers = [server for each in files for server in each.servers]
    return Context(world.host, asked, files, servers, open_store(world.host))


def findings(context: Context, *stages: str) -> dict[str, Finding]:
    chosen = [
        each for each in all_checks() if each.stage.value in (stages or ("backend", "permission", "lookup"))
    ]
    return {f"{each.check}.{each.outcome}": each for each in diagnose(context, chosen)}


# ── what Wine and Windows agree on ──────────────────────────────────────────────────────────────────────────


def test_the_calls_behave_as_windows_documents_them(credentials: WineCredentials) -> None:
    assert credentials.read("none") is None
    assert credentials.enumerate() == []
    with pytest.raises(CredentialError, match="1168"):
        credentials.delete("none")
    credentials.add("Auth0/ä 🔑", "ä", b"\0\xff" * 1280)
    there = credentials.read("AUTH0/Ä 🔑".replace("Ä", "ä"))
    assert there is not None
    assert (there.user, len(there.blob)) == ("ä", 2560)
    assert there.modified > 1_700_000_000
    with pytest.raises(CredentialError, match="1783"):
        credentials.add("long", "x", b"x" * 2561)
    assert [each.target for each in credentials.enumerate("auth0")] == ["Auth0/ä 🔑"]


# ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_entries_are_set_replaced_deleted_and_taken_back(windows: LocalWorld, credentials: WineCredentials, journal: Journal) -> None:  # fmt: skip
    assert set_entry("gh", Secret("one"), windows, journal).ok
    assert set_entry("gh", Secret("two"), windows, journal).ok
    assert set_entry("other", Secret("x"), windows, journal).ok
    assert [credentials.keyring_reads(SERVICE, each) for each in ("gh", "other", "none")] == [
        "two",
        "x",
        None,
    ]
    assert [each.account for each in list_entries(windows)] == ["gh", "other"]
    assert undo(None, windows, journal).ok
    assert undo(None, windows, journal).ok
    assert credentials.keyring_reads(SERVICE, "gh") == "one"
    before = credentials.everything()
    assert delete_entry("gh", windows, journal).ok
    assert credentials.keyring_reads(SERVICE, "gh") is None
    assert undo(None, windows, journal).ok
    assert credentials.everything() == before
    assert undo(None, windows, journal).ok
    assert credentials.everything() == {}


def test_another_user_of_the_service_keeps_its_place(windows: LocalWorld, credentials: WineCredentials, journal: Journal) -> None:  # fmt: skip
    """What keyring stored is replaced where keyring reads it, and nothing is moved."""
    credentials.by_keyring(SERVICE, "a", "1")
    credentials.by_keyring(SERVICE, "b", "2")
    assert set(credentials.everything()) == {SERVICE, f"a@{SERVICE}"}
    for name, value in (("a", "1 new"), ("b", "2 new"), ("c", "3")):
        assert set_entry(name, Secret(value), windows, journal).ok
    read = [credentials.keyring_reads(SERVICE, each) for each in "abc"]
    assert read == ["1 new", "2 new", "3"]
    with Entries(windows.host) as entries:
        found = [entries.read(each) for each in ("a", "b", "c", "d")]
    assert [each.secret.reveal() if each else None for each in found] == [*read, None]
    assert not findings(context_of(windows, "${SECRET:a}"))["lookup.windows-entry.sound"].evidence


def test_what_does_not_fit_is_refused_before_anything_is_written(windows: LocalWorld, credentials: WineCredentials, journal: Journal) -> None:  # fmt: skip
    assert set_entry("gh", Secret("x" * 1280), windows, journal).ok
    before = credentials.everything()
    credentials.calls.clear()
    for value, said in ((Secret("x" * 1281), "2,562 bytes"), (Secret("\udcff"), "no text")):
        outcome = set_entry("gh", value, windows, journal)
        assert not outcome.ok
        assert said in outcome.error
    assert {"write", "delete"}.isdisjoint(credentials.calls)
    assert credentials.everything() == before
    assert set_entry("gh", Secret("short"), windows, journal).ok
    assert undo(None, windows, journal).ok  # the copy of a value at the limit takes more than one credential
    assert credentials.everything() == before


def test_what_is_stored_for_this_computer_alone_does_not_begin_to_roam(windows: LocalWorld, credentials: WineCredentials, journal: Journal) -> None:  # fmt: skip
    credentials.add(SERVICE, "gh", utf_16("x"), persist=LOCAL_MACHINE)
    assert set_entry("gh", Secret("y"), windows, journal).ok
    assert credentials.everything()[SERVICE] == ("gh", utf_16("y"), LOCAL_MACHINE)
    assert {persist for _, _, persist in credentials.everything().values()} == {LOCAL_MACHINE}, (
        "its copy does not either"
    )


def test_an_entry_of_another_program_is_not_written_over(windows: LocalWorld, credentials: WineCredentials, journal: Journal) -> None:  # fmt: skip
    credentials.add(SERVICE, "b", utf_16("x"))
    credentials.add(f"gh@{SERVICE}", "someone", b"theirs")
    before = credentials.everything()
    outcome = set_entry("gh", Secret("y"), windows, journal)
    assert not outcome.ok
    assert "another program's" in outcome.error
    assert credentials.everything() == before


@pytest.mark.parametrize("written", ["MCP-Secrets", f"GH@{SERVICE}", f"gh@{SERVICE.upper()}"])
def test_names_in_another_case_are_the_same_name(windows: LocalWorld, credentials: WineCredentials, journal: Journal, written: str) -> None:  # fmt: skip
    """keyring finds them, for Windows does; what stores over one does not delete what it has just written."""
    credentials.add(SERVICE, "someone", utf_16("theirs")) if "@" in written else None
    credentials.add(written, written.partition("@")[0] if "@" in written else "gh", utf_16(TOKEN))
    before = credentials.everything()
    assert credentials.keyring_reads(SERVICE, "gh") == TOKEN
    assert get_entry("gh", windows) == Secret(TOKEN)
    with Entries(windows.host) as entries:
        found = entries.read("gh")
        assert found is not None
        assert found.secret == Secret(TOKEN)
    told = findings(context_of(windows))
    assert "lookup.entry.found" in told
    assert set_entry("gh", Secret(OLDER), windows, journal).ok
    assert credentials.keyring_reads(SERVICE, "gh") == OLDER
    assert get_entry("gh", windows) == Secret(OLDER)
    assert len([each for each in credentials.everything() if "mcp-doctor" not in each]) == len(before)
    assert undo(None, windows, journal).ok
    assert credentials.everything() == before


def test_a_user_in_another_case_is_another_user_where_keyring_says_so(windows: LocalWorld, credentials: WineCredentials, journal: Journal) -> None:  # fmt: skip
    credentials.add(SERVICE, "GH", utf_16(OLDER))
    assert credentials.keyring_reads(SERVICE, "gh") is None
    near = findings(context_of(windows))["lookup.entry.spelling"]
    assert near.status is Status.FAIL
    (remedy,) = [each for each in remedies_for(near, context_of(windows)) if each.id == "rename-entry"]
    assert carry_out(remedy, {}, windows, journal).ok
    assert credentials.keyring_reads(SERVICE, "gh") == OLDER
    assert credentials.keyring_reads(SERVICE, "GH") == OLDER


def test_what_is_too_long_is_refused_when_it_is_planned(windows: LocalWorld, credentials: WineCredentials, journal: Journal) -> None:  # fmt: skip
    long = f"{TOKEN}{'x' * 1300}"
    outcome = set_entry("gh", Secret(long), windows, journal)
    assert (outcome.result, journal.operations()) == (Result.REFUSED, [])
    assert "too long for Windows" in outcome.error
    credentials.add(f"{SERVICE}/gh", "gh", long.encode())
    context = context_of(windows)
    near = findings(context)["lookup.entry.other-attribute"]
    (copying,) = [each for each in remedies_for(near, context) if each.id == "rename-entry"]
    context = context_of(windows, jwt(4_000_000_000, about="x" * 1500))
    plain = [each for each in diagnose(context) if each.check == "reference.kind"]
    moving = [each for one in plain for each in remedies_for(one, context) if each.id == "move-to-keychain"]
    assert moving
    for remedy in (copying, *moving):
        with pytest.raises(RecoveryError, match="too long for Windows"):
            preview(remedy, windows)


def test_a_login_that_one_credential_cannot_hold_comes_in_parts(windows: LocalWorld, credentials: WineCredentials, journal: Journal) -> None:  # fmt: skip
    """Only mcp-doctor reads a login. Access and refresh tokens that are JWTs are longer than what Windows takes."""
    short, long = Secret('{"access_token": "short"}'), Secret(json.dumps({"access_token": "x" * 6000}))
    before = credentials.everything()
    for value in (short, long, short, long):
        assert set_entry("oauth:auth", value, windows, journal).ok
        assert get_entry("oauth:auth", windows) == value
        with Entries(windows.host) as entries:
            found = entries.read("oauth:auth")
            assert found is not None
            assert found.secret == value
        (listed,) = [each for each in open_store(windows.host).entries() if each.account == "oauth:auth"]
        assert listed.secret == value
    pair = a_pair(windows.host.home, "key")
    made = make(collect(windows), pair.lock, windows, journal)
    assert made.names == ("oauth:auth",)
    for _ in range(4):
        assert undo(None, windows, journal).ok
    assert credentials.everything() == before
    plan = plan_restore(open_backup(made.path, pair.key, windows.host), windows, identities=[pair.path])
    assert carry_out(plan.remedy, plan.answers(pair.key), windows, journal).ok
    assert get_entry("oauth:auth", windows) == long


# ── what is told of an entry, and mended ────────────────────────────────────────────────────────────────────


def mended(windows: LocalWorld, wanted: str, journal: Journal) -> None:
    context = context_of(windows)
    finding = findings(context)[wanted]
    remedy = remedies_for(finding, context)[0]
    outcome = carry_out(remedy, {}, windows, journal)
    assert outcome.ok, outcome
    assert wanted not in findings(context_of(windows))


def test_the_value_that_keyring_left_behind_is_set_aside(windows: LocalWorld, credentials: WineCredentials, journal: Journal) -> None:  # fmt: skip
    credentials.by_keyring(SERVICE, "gh", OLDER)
    credentials.by_keyring(SERVICE, "gh", TOKEN)
    before = credentials.everything()
    assert get_entry("gh", windows) == Secret(TOKEN)
    mended(windows, "lookup.windows-entry.left-behind", journal)
    assert f"gh@{SERVICE}" not in credentials.everything()
    assert credentials.keyring_reads(SERVICE, "gh") == TOKEN
    assert undo(None, windows, journal).ok
    assert credentials.everything() == before


def test_utf_8_is_told_and_written_anew_and_comes_back_byte_for_byte(windows: LocalWorld, credentials: WineCredentials, journal: Journal) -> None:  # fmt: skip
    assert len(TOKEN) % 2 == 0
    credentials.add(SERVICE, "gh", TOKEN.encode())
    before = credentials.everything()
    assert credentials.keyring_reads(SERVICE, "gh") != TOKEN
    assert get_entry("gh", windows) == Secret(TOKEN)
    mended(windows, "lookup.windows-entry.read-as-nonsense", journal)
    assert credentials.keyring_reads(SERVICE, "gh") == TOKEN
    assert undo(None, windows, journal).ok
    assert credentials.everything() == before


def test_cleanup_lists_everything_and_takes_no_wildcard(windows: LocalWorld, credentials: WineCredentials, journal: Journal) -> None:  # fmt: skip
    credentials.by_keyring(SERVICE, "gh", OLDER)
    credentials.by_keyring(SERVICE, "gh", TOKEN)
    credentials.by_keyring(SERVICE, "newline", f"{TOKEN}\n")
    credentials.add("Someone Else", "x", b"theirs", "a comment", LOCAL_MACHINE)
    before = credentials.everything()
    items = items_of(look(windows, context_of(windows)))
    assert {each.name: each.certain is not None for each in items} == {"newline": True}
    credentials.by_keyring(SERVICE, "newline", f"{TOKEN}\n")
    before = credentials.everything()
    items = items_of(look(windows, context_of(windows)))
    left = next(each for each in items if each.name == f"newline@{SERVICE}").remedies[0]
    for remedy in (*together(items), left):
        assert carry_out(remedy, {}, windows, journal).ok
    assert credentials.keyring_reads(SERVICE, "newline") == TOKEN
    assert items_of(look(windows, context_of(windows))) == []
    assert credentials.everything()["Someone Else"] == before["Someone Else"]
    for _ in range(2):
        assert undo(None, windows, journal).ok
    assert credentials.everything() == before


@pytest.mark.parametrize(
    ("blob", "persist", "outcome", "status"),
    [
        (b"odd", 3, "read-by-luck", Status.WARN),
        (b"\xff\xd8\xff", 3, "no-text", Status.FAIL),
        (utf_16(TOKEN), SESSION, "gone-at-sign-out", Status.WARN),
        (utf_16(TOKEN), LOCAL_MACHINE, "on-this-computer", Status.OK),
    ],
)
def test_what_is_odd_is_told(windows: LocalWorld, credentials: WineCredentials, blob: bytes, persist: int, outcome: str, status: Status) -> None:  # fmt: skip
    credentials.add(SERVICE, "gh", blob, persist=persist)
    finding = findings(context_of(windows))[f"lookup.windows-entry.{outcome}"]
    assert finding.status is status
    assert "{" not in finding.title + finding.detail


def test_the_four_names_of_one_thing(windows: LocalWorld, credentials: WineCredentials) -> None:
    """An entry under another library's name is found as near, with its writer."""
    names = {"keytar": f"{SERVICE}/gh", "go-keyring": f"{SERVICE}:gh", "keyring-rs": f"gh.{SERVICE}"}
    for writer, target in names.items():
        credentials.add(target, "gh", TOKEN.encode() if writer != "keyring-rs" else utf_16(TOKEN))
        near = findings(context_of(windows))["lookup.entry.other-attribute"]
        assert writer in near.facts["writer"]
        credentials.delete(target)
    assert "lookup.entry.missing" in findings(context_of(windows))


@pytest.mark.parametrize("target", [f"{SERVICE}/gh", f"{SERVICE}:gh", f"gh.{SERVICE}"])
def test_an_entry_is_copied_to_where_keyring_looks(windows: LocalWorld, credentials: WineCredentials, journal: Journal, target: str) -> None:  # fmt: skip
    credentials.add(target, "gh", utf_16(TOKEN) if target.startswith("gh") else TOKEN.encode())
    before = credentials.everything()
    mended(windows, "lookup.entry.other-attribute", journal)
    assert credentials.keyring_reads(SERVICE, "gh") == TOKEN
    assert before.items() <= credentials.everything().items()
    assert undo(None, windows, journal).ok
    assert credentials.everything() == before


@pytest.mark.parametrize("target", ["auth", "k@auth", "auth:k", "k.auth"])
def test_an_entry_is_copied_to_where_keytar_looks(windows: LocalWorld, credentials: WineCredentials, journal: Journal, target: str) -> None:  # fmt: skip
    encoded = TOKEN.encode() if ":" in target else utf_16(TOKEN)
    credentials.add(target, "k", encoded)
    before = credentials.everything()
    context = context_of(windows, "${KEYTAR:auth/k}")
    (finding,) = [each for each in findings(context).values() if each.check == "lookup.keytar"]
    assert finding.status is Status.FAIL
    (remedy,) = [each for each in remedies_for(finding, context) if each.id == "copy-to-keytar"]
    assert carry_out(remedy, {}, windows, journal).ok
    assert credentials.everything()["auth/k"][:2] == ("k", TOKEN.encode())
    assert before.items() <= credentials.everything().items(), "the other library's own stays"
    context = context_of(windows, "${KEYTAR:auth/k}")
    assert [each.status for each in findings(context).values() if each.check == "lookup.keytar"] == [
        Status.OK
    ]
    assert undo(None, windows, journal).ok
    assert credentials.everything() == before


def test_keytar_finds_a_name_in_another_case(windows: LocalWorld, credentials: WineCredentials) -> None:
    credentials.add("AUTH/K", "K", TOKEN.encode())
    context = context_of(windows, "${KEYTAR:auth/k}")
    assert [each.status for each in findings(context).values() if each.check == "lookup.keytar"] == [
        Status.OK
    ]


def test_keytars_entry_is_found_by_its_name(windows: LocalWorld, credentials: WineCredentials) -> None:
    credentials.add("auth0-mcp/AUTH0_TOKEN", "AUTH0_TOKEN", TOKEN.encode())
    manager = find(Syntax.KEYTAR)
    assert manager
    for store in (None, open_store(windows.host)):
        found = ask(manager, Question("auth0-mcp/AUTH0_TOKEN", windows.host, Options(), SECONDS, store))
        assert isinstance(found, Found)
        assert found.value == Secret(TOKEN)
        none = ask(manager, Question("auth0-mcp/OTHER", windows.host, Options(), SECONDS, store))
        assert isinstance(none, Trouble)
        assert none.outcome == "missing"


def test_a_backup_needs_no_names_and_brings_each_entry_back_as_it_was(windows: LocalWorld, credentials: WineCredentials, journal: Journal, tmp_path: Path) -> None:  # fmt: skip
    credentials.by_keyring(SERVICE, "gh", TOKEN)
    credentials.by_keyring(SERVICE, "utf-8", "x")
    credentials.add(f"utf-8@{SERVICE}", "utf-8", b"even", "by hand", LOCAL_MACHINE)
    credentials.delete(SERVICE)
    credentials.add(f"{SERVICE}/node", "node", OLDER.encode())
    credentials.add("someone else", "x", b"theirs")
    before = credentials.everything()
    pair = a_pair(tmp_path, "key")
    made = make(collect(windows), pair.lock, windows, journal)
    assert sorted(made.names) == ["gh", "node", "utf-8"]
    assert "lookup.backup.current" in findings(context_of(windows))
    for each in before:
        if each != "someone else":
            credentials.delete(each)
    plan = plan_restore(open_backup(made.path, pair.key, windows.host), windows, identities=[pair.path])
    outcome = carry_out(plan.remedy, plan.answers(pair.key), windows, journal)
    assert outcome.ok, outcome
    read = {each.account: each.secret for each in windows.keychain.entries({"service": SERVICE})}
    assert read == {"gh": Secret(TOKEN), "node": Secret(OLDER), "utf-8": Secret("even")}
    assert credentials.keyring_reads(SERVICE, "gh") == TOKEN
    assert credentials.everything()[f"{SERVICE}/node"] == before[f"{SERVICE}/node"]
    assert ("utf-8", b"even", LOCAL_MACHINE) in credentials.everything().values()


# ── what Wine can't do ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "outcome", "words"),
    [
        (1312, "no-logon-session", "Remote Desktop"),
        (0x8009000B, "undecryptable", "Delete nothing"),
        (5, "denied", "policy"),
        (8, "full", "cleanup"),
        (1004, "refused", "Sign out"),
    ],
)
def test_a_session_that_gets_none_is_told_why(windows: LocalWorld, credentials: WineCredentials, journal: Journal, code: int, outcome: str, words: str) -> None:  # fmt: skip
    credentials.by_keyring(SERVICE, "gh", TOKEN)
    before = credentials.everything()
    credentials.broken = dict.fromkeys(("enumerate", "read", "write", "delete"), code)
    windows.host = dataclasses.replace(windows.host, session=Session.SSH)
    found = findings(context_of(windows))
    finding = found[f"backend.credential-manager.{outcome}"]
    assert finding.status is Status.FAIL
    assert words in " ".join((finding.detail, *finding.fix))
    assert not any(each.status is Status.OK for name, each in found.items() if name.startswith("lookup."))
    with pytest.raises(RecoveryError):
        get_entry("gh", windows)
    with pytest.raises(StoreError), Entries(windows.host) as entries:
        entries.read("gh")
    for deed in (set_entry("gh", Secret("x"), windows, journal), delete_entry("gh", windows, journal)):
        assert not deed.ok
        assert "Windows" in deed.error
    credentials.broken.clear()
    assert credentials.everything() == before


def test_a_service_is_told_what_gives_it_one(windows: LocalWorld, credentials: WineCredentials) -> None:
    windows.host = dataclasses.replace(windows.host, session=Session.SERVICE)
    empty = findings(context_of(windows))["backend.credential-manager.empty-in-background"]
    assert empty.status is Status.OK
    assert f"the account {windows.host.user}" in empty.detail
    credentials.broken = {"enumerate": 1312}
    refused = findings(context_of(windows))["backend.credential-manager.no-logon-session-in-background"]
    assert refused.status is Status.FAIL
    assert "Do not store password" in refused.fix[0]
    assert [each.id for each in remedies_for(refused, context_of(windows))] == ["emergency-access"]


def test_what_can_not_be_decrypted_right_now_is_never_deleted(windows: LocalWorld, credentials: WineCredentials, journal: Journal) -> None:  # fmt: skip
    credentials.by_keyring(SERVICE, "gh", TOKEN)
    credentials.broken = {"read": 0x8009000B}
    outcome = delete_entry("gh", windows, journal)
    assert not outcome.ok
    credentials.broken.clear()
    assert credentials.keyring_reads(SERVICE, "gh") == TOKEN


@pytest.mark.parametrize("call", ["write", "delete"])
def test_a_store_that_refuses_midway_is_as_before(windows: LocalWorld, credentials: WineCredentials, journal: Journal, call: str) -> None:  # fmt: skip
    credentials.by_keyring(SERVICE, "gh", TOKEN)
    before = credentials.everything()
    for allowed in range(6):
        refusing = Refusing(credentials, call, allowed)
        with refusing:
            outcome = set_entry("gh", Secret("new"), windows, journal)
        if not refusing.refused:
            assert outcome.ok
            break
        assert not outcome.ok or credentials.keyring_reads(SERVICE, "gh") == "new"
        if outcome.ok:
            assert undo(None, windows, journal).ok
        assert credentials.everything() == before


def seen(windows: LocalWorld) -> list[tuple[str, str, dict[str, str]]]:
    """Every entry; the parts of one are named anew each time."""
    found = open_store(windows.host).entries()
    return sorted(
        (each.path, each.secret.reveal() if each.secret else "", dict(each.attributes)) for each in found
    )


class DiedError(BaseException):
    """The process is gone; nothing runs after it."""


@pytest.mark.parametrize("call", ["write", "delete"])
@pytest.mark.parametrize("deed", ["set", "delete", "a login into parts", "a login out of parts"])
def test_killed_before_each_change_it_is_taken_back(windows: LocalWorld, credentials: WineCredentials, journal: Journal, call: str, deed: str) -> None:  # fmt: skip
    """The value fills its credential, so that its copy takes two."""
    credentials.by_keyring(SERVICE, "gh", "x" * 1280)
    short, long = Secret("{}"), Secret("x" * 5000)
    assert set_entry("oauth:a", long if deed.endswith("out of parts") else short, windows, journal).ok
    before = seen(windows)
    for allowed in range(20):
        with Refusing(credentials, call, allowed, DiedError()) as dying, contextlib.suppress(DiedError):
            match deed:
                case "set":
                    set_entry("gh", Secret("new"), windows, journal)
                case "delete":
                    delete_entry("gh", windows, journal)
                case _:
                    set_entry("oauth:a", short if deed.endswith("out of parts") else long, windows, journal)
        assert undo(None, windows, Journal(windows.host)).ok
        assert seen(windows) == before
        if not dying.refused:
            break
    else:
        raise AssertionError("it never came to its end")
    assert set_entry("oauth:b", long, windows, journal).ok
    assert left_behind(credentials.enumerate()) == [], "what was cut off is swept by the next"


class Refusing:
    """Lets a call through some times and then refuses it once."""

    def __init__(
        self, credentials: WineCredentials, call: str, allowed: int, error: BaseException | None = None
    ) -> None:
        self._credentials, self._call, self._left = credentials, call, allowed
        self._error = error or CredentialError(8, call)
        self.refused = False

    def __enter__(self) -> "Refusing":
        real = getattr(self._credentials, self._call)

        def limited(*given: object) -> object:
            self._left -= 1
            if self._left == -1 or (self.refused and isinstance(self._error, DiedError)):
                self.refused = True
                raise self._error
            return real(*given)

        setattr(self._credentials, self._call, limited)
        return self

    def __exit__(self, *_: object) -> None:
        delattr(self._credentials, self._call)


def test_files_that_nothing_is_shown_of_are_not_taken_for_nothing(windows: LocalWorld, credentials: WineCredentials) -> None:  # fmt: skip
    assert "backend.credential-manager.empty" in findings(context_of(windows))
    folder = Path(windows.host.env["APPDATA"]) / "Microsoft/Credentials"
    folder.mkdir(parents=True)
    (folder / ("0A" * 16)).touch()
    (folder / "other.txt").touch()
    finding = findings(context_of(windows))["backend.credential-manager.files-unread"]
    assert finding.status is Status.WARN
    assert "1 encrypted" in finding.title
