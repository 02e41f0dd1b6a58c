"""Replacing a token by a new one: everywhere at once, after a look at both, on a real keyring and a real provider."""

import dataclasses
import json
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from diagnostics.context import Context, Options
from diagnostics.model import ClientFile, Finding, Reference, Server, Stage, Status, Syntax
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores.secret_service import SecretService
from diagnostics.tokens.new_token import ask_in_place_of
from diagnostics.tokens.remark import Remark
from diagnostics.tokens.succession import predecessor, same_again
from recovery.journal import Journal
from recovery.model import Remedy
from recovery.planner import remedies_for
from recovery.remainder import remainder
from recovery.rotation import choices_of, remarks_on_finishing, restarts, rotation
from recovery.rotation_end import let_go_of_replaced, rotations_that_keep
from recovery.runner import Result, carry_out, preview, resume, undo
from recovery.world import LocalWorld
from tests.support import tokens
from tests.support.lab import REPO, Lab
from tests.support.provider_server import ProviderServer, provider_server

OLD, NEW = tokens.github("old"), tokens.github("new")
SOON = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d %H:%M:%S} UTC"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with provider_server(tmp_path_factory.mktemp("ca")) as found:
        yield found


@pytest.fixture
def github(shared: ProviderServer) -> ProviderServer:
    says(shared, expires=SOON)
    shared.seen.clear()
    return shared


def says(
    server: ProviderServer, login: str = "octo", scopes: str = "repo, read:org", expires: str = ""
) -> None:
    more = {"github-authentication-token-expiration": expires} if expires else {}
    server.answers(200, {"login": login}, {"X-OAuth-Scopes": scopes, **more})


def a_server(client: str, name: str, path: Path, entry: str, variable: str = "GITHUB_TOKEN") -> Server:
    spelling = f"${{SECRET:{entry}}}"
    key = f"{client}:{name}"
    reference = Reference(key, f"env.{variable}", Syntax.SECRET, entry, Secret(spelling), spelling=spelling)
    return Server(key, name, client, path, "stdio", "true", references=(reference,))


def context_of(lab: Lab, github: ProviderServer, *, offline: bool = False) -> Context:
    """Two clients, whose servers take the same token from two entries."""
    host = dataclasses.replace(lab.host(), env={**lab.env, **github.env})
    desktop, cursor = lab.home / "desktop.json", lab.home / "cursor.json"
    for path in (desktop, cursor):
        if not path.exists():
            path.write_text("{}")
    files = [
        ClientFile("claude-desktop", desktop, "user", Status.OK, servers=(a_server("claude-desktop", "hub", desktop, "github_token"),)),
        ClientFile("cursor", cursor, "user", Status.OK, servers=(a_server("cursor", "code", cursor, "gh_work"),)),
    ]  # fmt: skip
    options = Options(offline=offline, provider_urls={} if offline else {"github": github.url})
    return Context(
        host, options, files, [each for file in files for each in file.servers], SecretService(host)
    )


def found_by(context: Context, check: str = "validity.provider") -> Finding:
    wanted = {"lookup.entry", "format.hygiene", "format.token", "validity.provider"}
    from diagnostics.check import all_checks

    findings = list(diagnose(context, [each for each in all_checks() if each.id in wanted]))
    return next(
        each for each in findings if each.check == check and each.subject.startswith("claude-desktop:")
    )


def rotation_of(context: Context) -> tuple[Finding, Remedy]:
    finding = found_by(context)
    return finding, next(each for each in remedies_for(finding, context) if each.id == "rotate-token")


@pytest.fixture
def twice(unlocked: Lab) -> Lab:
    """Two entries with the same token, and one with another."""
    unlocked.keyring_set("github_token", OLD)
    unlocked.keyring_set("gh_work", OLD)
    unlocked.keyring_set("weather", "some-other-value")
    return unlocked


def values(lab: Lab) -> tuple[str | None, ...]:
    return tuple(lab.keyring_get(each) for each in ("github_token", "gh_work", "weather"))


def words(remarks: tuple[Remark, ...]) -> dict[str, Status]:
    return {each.words: each.status for each in remarks}


def test_every_entry_with_the_token_is_replaced_and_what_uses_it_is_named(
    twice: Lab, github: ProviderServer
) -> None:
    (twice.home / ".profile").write_text(f"export GH_TOKEN={OLD}\n")
    twice.keyring_set("someone", OLD, service="gh:github.com")
    context = context_of(twice, github)
    finding, remedy = rotation_of(context)
    assert finding.outcome == "expires-soon"
    assert (
        remedies_for(finding, context)[0] == remedy or remedies_for(finding, context)[0].id == "rotate-token"
    )
    assert "https://github.com/settings" in remedy.asks[0].hint
    assert "repo, read:org" in remedy.asks[0].hint
    world = LocalWorld(context.host)
    shown = "\n".join(f"{each.what}: {each.before}: {each.after}" for each in preview(remedy, world))
    for said in (
        "github_token",
        "gh_work",
        "hub in Claude Desktop",
        "code in Cursor",
        ".profile:1",
        "gh:github.com",
    ):
        assert said in shown
    assert OLD not in shown + repr(remedy)
    assert "weather" not in shown

    outcome = carry_out(remedy, {"token": Secret(NEW)}, world, Journal(world.host))
    assert outcome.ok, outcome
    assert values(twice) == (NEW, NEW, "some-other-value")
    assert twice.keyring_get("someone", service="gh:github.com") == OLD
    notes = "\n".join(outcome.notes)
    for said in (
        "- Claude Desktop (hub): Quit Claude Desktop",
        "- Cursor (code): ",
        "revoke the old one at https://github.com",
        ".profile:1",
    ):
        assert said in notes
    assert not {OLD, NEW} & set(notes.split())
    trail = Journal(world.host).path.read_text()
    assert OLD not in trail
    assert NEW not in trail

    assert undo(None, world, Journal(world.host)).ok
    assert values(twice) == (OLD, OLD, "some-other-value")


def test_one_entry_alone_can_be_replaced_too_where_there_are_two(twice: Lab, github: ProviderServer) -> None:
    context = context_of(twice, github)
    finding = found_by(context)
    assert [each.id for each in remedies_for(finding, context)] == ["rotate-token", "store-credential"]
    twice.keyring_set("gh_work", tokens.github("third"))
    context = context_of(twice, github)
    finding = found_by(context)
    (only,) = remedies_for(finding, context)
    assert (only.id, len(only.steps)) == ("rotate-token", 1)


def test_an_entry_that_is_left_out_keeps_the_old_token_and_is_named(
    twice: Lab, github: ProviderServer
) -> None:
    context = context_of(twice, github)
    finding = found_by(context)
    assert choices_of(finding, context) == [
        ("github_token", "used by hub in Claude Desktop"),
        ("gh_work", "used by code in Cursor"),
    ]
    assert rotation(finding, context, {"github_token"}) is not None  # what it is about is never left out
    remedy = rotation(finding, context, {"gh_work"})
    assert remedy is not None
    world = LocalWorld(context.host)
    shown = "\n".join(f"{each.what}: {each.after}" for each in preview(remedy, world))
    assert "gh_work: unchanged: you left it out" in shown
    assert "code in Cursor" not in shown
    outcome = carry_out(remedy, {"token": Secret(NEW)}, world, Journal(world.host))
    assert values(twice) == (NEW, OLD, "some-other-value")
    assert "These hold the old token still: gh_work" in "\n".join(outcome.notes)


def started(context: Context, *servers: str, refused: str = "") -> list[Finding]:
    """What a run that starts these servers finds."""
    found = [
        Finding(
            f"start.handshake:{each}",
            "start.handshake",
            Stage.START,
            Status.OK,
            outcome="ok",
            title="it answers",
            server=each,
        )
        for each in servers
    ]
    if refused:
        found.append(
            Finding(
                "v",
                "validity.provider",
                Stage.VALIDITY,
                Status.FAIL,
                outcome="refused",
                title="refused",
                server=refused,
            )
        )
    return found


def test_the_old_token_is_let_go_when_every_server_has_started_with_the_new_one(
    twice: Lab, github: ProviderServer
) -> None:
    context = context_of(twice, github)
    _, remedy = rotation_of(context)
    world, journal = LocalWorld(context.host), Journal(context.host)
    outcome = carry_out(remedy, {"token": Secret(NEW)}, world, journal)
    (kept,) = rotations_that_keep(world, journal)
    assert (kept.operation, kept.names) == (outcome.operation, ("github_token", "gh_work"))
    both = [each.id for each in context.servers]
    for findings in ([], started(context, both[0]), started(context, *both, refused=both[1])):
        assert let_go_of_replaced(world, journal, findings, context) == []
        assert rotations_that_keep(world, journal) == [kept]
    (said,) = let_go_of_replaced(world, journal, started(context, *both), context)
    assert "hub, code started with the new token" in said
    assert OLD not in {each.secret.reveal() for each in world.keychain.entries({}) if each.secret}
    assert values(twice) == (NEW, NEW, "some-other-value")
    assert journal.verify() == []
    refused = undo(outcome.operation, world, journal)
    assert not refused.ok
    assert "started with the new one" in refused.error
    assert values(twice)[:2] == (NEW, NEW)


def test_a_failure_midway_takes_all_back(twice: Lab, github: ProviderServer) -> None:
    context = context_of(twice, github)
    _, remedy = rotation_of(context)
    world = LocalWorld(context.host)
    twice.add(
        {"service": "mcp-secrets", "username": "gh_work", "written-by": "another"},
        b"a-twin-that-came-meanwhile",
    )
    outcome = carry_out(remedy, {"token": Secret(NEW)}, world, Journal(world.host))
    assert outcome.result is Result.NOTHING_CHANGED
    assert twice.keyring_get("github_token") == OLD
    assert NEW not in {each.secret.reveal() for each in world.keychain.entries({}) if each.secret}


_KILLED = """
import json, os, signal, sys
from diagnostics.host import this_host
from diagnostics.secret import Secret
from recovery.journal import Journal
from recovery.model import Ask, AskKind, Remedy
from recovery.runner import carry_out
from recovery.steps import read_step
from recovery.world import LocalWorld

world = LocalWorld(this_host())
journal = Journal(world.host)
append = journal.append
def killing(what, operation, **fields):
    append(what, operation, **fields)
    if f"{what.value} {fields.get('step', '')}".strip() == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)
journal.append = killing
steps = tuple(read_step("rotate-entry", each) for each in json.loads(sys.argv[2]))
ask = Ask("token", AskKind.TOKEN, "New token")
carry_out(Remedy("rotate-token", "Rotate", "", "", steps, (ask,)), {"token": Secret(sys.stdin.read())}, world, journal)
"""


@pytest.mark.parametrize("finish", [False, True])
@pytest.mark.parametrize(
    "after", ["intent 0", "applied 0", "verified 0", "intent 1", "applied 1", "verified 1"]
)
def test_killed_midway_it_is_finished_or_taken_back(
    twice: Lab, github: ProviderServer, after: str, finish: bool
) -> None:
    from recovery.steps import step_data

    context = context_of(twice, github)
    _, remedy = rotation_of(context)
    data = json.dumps([step_data(each) for each in remedy.steps])
    child = twice.run([sys.executable, "-c", _KILLED, after, data], env={"PYTHONPATH": str(REPO)}, given=NEW)
    assert child.returncode == -signal.SIGKILL, child.stderr
    world = LocalWorld(twice.host())
    (half,) = Journal(world.host).interrupted()
    left = remainder(half, world)
    wrong = remarks_on_finishing(left, Secret(tokens.github("other") if left.done else OLD), world)
    assert [each.status for each in wrong] == [Status.FAIL]
    assert Status.FAIL not in [each.status for each in remarks_on_finishing(left, Secret(NEW), world)]
    given = {"token": Secret(NEW)} if finish else None
    outcome = resume(half.id, world, Journal(world.host), finish=finish, answers=given)
    assert outcome.ok, outcome
    assert values(twice)[:2] == ((NEW, NEW) if finish else (OLD, OLD))


def beside_old(context: Context, github: ProviderServer) -> dict[str, Status]:
    """What is said of the new token, by its status."""
    old = predecessor(found_by(context), context)
    assert old is not None
    assert OLD not in repr(old)
    server = context.servers[0]
    return words(
        ask_in_place_of(Secret(NEW), "github_pat_classic", server, context.host, context.options, old)
    )


def test_another_account_fewer_scopes_and_a_near_end_are_told(twice: Lab, github: ProviderServer) -> None:
    context = context_of(twice, github)
    found_by(context)
    says(github, login="somebody", scopes="read:org", expires=SOON)
    said = beside_old(context, github)
    assert said["It is of another account (somebody); the old one is of octo."] is Status.WARN
    assert said["It lacks repo, which the old one has."] is Status.WARN
    assert any(each.startswith("It ends in 2 days (") for each in said)


def test_the_same_scopes_of_the_same_account_are_told(twice: Lab, github: ProviderServer) -> None:
    context = context_of(twice, github)
    found_by(context)
    says(github, scopes="repo, admin:org")  # the wider one brings the narrower one with it
    assert beside_old(context, github) == {
        "The provider accepts it: account octo; scopes repo, admin:org.": Status.OK,
        "It may do all that the old one may.": Status.OK,
    }


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_outage_is_no_reason_to_give_up_a_token_that_works(
    twice: Lab, github: ProviderServer, status: int
) -> None:
    context = context_of(twice, github)
    found_by(context)
    github.answers(status, {})
    said = beside_old(context, github)
    assert Status.FAIL in said.values()
    assert any("Keep the old one" in each for each in said)


def test_where_nobody_knows_of_either_token_the_old_one_stays(twice: Lab, github: ProviderServer) -> None:
    github.answers(503, {})
    context = context_of(twice, github)
    found_by(context)
    said = beside_old(context, github)
    assert any("Wait until the provider answers" in each for each in said)
    assert Status.FAIL in said.values()


def test_a_refused_token_may_be_replaced_although_nobody_answers_now(
    twice: Lab, github: ProviderServer
) -> None:
    github.answers(401, {"message": "Bad credentials"})
    context = context_of(twice, github)
    assert found_by(context).status is Status.FAIL
    github.answers(503, {})
    assert Status.FAIL not in beside_old(context, github).values()


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_outage_offers_no_rotation(twice: Lab, github: ProviderServer, status: int) -> None:
    github.answers(status, {})
    context = context_of(twice, github)
    finding = found_by(context)
    assert finding.status is Status.UNKNOWN
    assert remedies_for(finding, context) == []


def test_the_same_token_again_is_refused_without_asking(twice: Lab, github: ProviderServer) -> None:
    context = context_of(twice, github)
    old = predecessor(found_by(context), context)
    assert old is not None
    again = same_again(Secret(OLD), old)
    assert again is not None
    assert again.status is Status.FAIL
    assert same_again(Secret(NEW), old) is None


def test_a_web_token_that_ends_soon_is_rotated_offline(unlocked: Lab) -> None:
    unlocked.keyring_set("weather", tokens.jwt(int(time.time()) + 3 * 86_400))
    path = unlocked.home / "desktop.json"
    path.write_text("{}")
    server = a_server("claude-desktop", "sky", path, "weather", "WEATHER_TOKEN")
    files = [ClientFile("claude-desktop", path, "user", Status.OK, servers=(server,))]
    host = unlocked.host()
    context = Context(host, Options(offline=True), files, [server], SecretService(host))
    finding = found_by(context, "format.token")
    assert finding.outcome == "ends-soon"
    (remedy,) = remedies_for(finding, context)
    assert remedy.id == "rotate-token"


def test_a_file_whose_client_cant_be_told_is_named_itself(tmp_path: Path) -> None:
    one, other = (a_server("generic", name, tmp_path / f"{name}.json", "x") for name in ("hub", "code"))
    _, *lines = restarts([one, other, a_server("cursor", "c", tmp_path / "mcp.json", "x")])
    assert [each.partition(":")[0] for each in lines] == [
        "- the client of hub.json (hub)",
        "- the client of code.json (code)",
        "- Cursor (c)",
    ]
