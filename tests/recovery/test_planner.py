"""From findings to remedies: each serves outcomes that exist, and each state of a real session has its own."""

import dataclasses

import pytest

from diagnostics.catalog.wording import wording
from diagnostics.check import all_checks
from diagnostics.context import Context, Options
from diagnostics.model import ClientFile, Finding, Reference, Server, Stage, Status, Syntax
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores.secret_service import SecretService
from recovery.entries import new_undo_id
from recovery.journal import Journal
from recovery.model import Remedy
from recovery.planner import all_remedies, best_for, names_for, remedies_for
from recovery.runner import carry_out
from recovery.world import LocalWorld
from tests.recovery.conftest import PASSWORD
from tests.support.lab import Lab


def a_reference(name: str = "github_token", field: str = "env.GITHUB_TOKEN") -> Reference:
    spelling = f"${{SECRET:{name}}}"
    return Reference("c:s", field, Syntax.SECRET, name, Secret(spelling), spelling=spelling)


def context_of(lab: Lab, *references: Reference, **env: str | None) -> Context:
    from pathlib import Path

    merged = {name: value for name, value in {**lab.env, **env}.items() if value is not None}
    host = dataclasses.replace(lab.host(), env=merged)
    server = Server("c:s", "s", "c", Path("/c"), "stdio", "true", references=references)
    files = [ClientFile("c", Path("/c"), "named", Status.OK, servers=(server,))]
    return Context(host, Options(offline=True), files, [server] if references else [], SecretService(host))


def broken(context: Context, stages: tuple[Stage, ...] = (Stage.BACKEND, Stage.PERMISSION)) -> list[Finding]:
    checks = [each for each in all_checks() if each.stage in stages and each.id != "backend.keyring-library"]
    return [each for each in diagnose(context, checks) if each.status in {Status.FAIL, Status.WARN}]


def ids(context: Context) -> list[str]:
    found = []
    for finding in broken(context):
        built = [each.id for each in remedies_for(finding, context)]
        assert set(built) <= set(names_for(finding)), finding.id
        found += built
    return found


def test_each_remedy_serves_outcomes_that_are_worded() -> None:
    known = set(wording())
    for each in all_remedies():
        for served in each.serves:
            check, _, outcome = served.rpartition(".")
            assert served in known or (
                outcome == "*" and any(key.startswith(f"{check}.") for key in known)
            ), served


@pytest.mark.parametrize("outcome", sorted(wording()))
def test_only_what_is_broken_has_remedies(outcome: str) -> None:
    check, _, name = outcome.rpartition(".")
    fine = Finding(outcome, check, Stage.BACKEND, Status.OK, name, "t")
    assert names_for(fine) == []


def test_the_states_of_a_session_and_their_first_remedies(lab: Lab) -> None:
    assert ids(context_of(lab))[0] == "start-bus"
    assert "one-command" in ids(context_of(lab))
    lab.start_bus()
    assert ids(context_of(lab)) == ["start-provider"]
    assert ids(context_of(lab, DBUS_SESSION_BUS_ADDRESS=None)) == ["use-live-bus"]
    assert ids(context_of(lab, DBUS_SESSION_BUS_ADDRESS=""))[0] == "use-live-bus"
    lab.activate()
    assert ids(context_of(lab)) == ["create-keychain"]
    other = lab.create_collection(PASSWORD, "Work")
    assert ids(context_of(lab)) == ["set-default-alias"]
    lab.set_alias(other)
    assert ids(context_of(lab)) == []
    lab.lock(other)
    assert ids(context_of(lab)) == ["unlock-keychain"]
    lab.suspend_daemon()
    assert ids(context_of(lab)) == ["revive-provider"]


def test_what_the_one_remedy_of_a_broken_session_mends_is_green_afterwards(lab: Lab) -> None:
    context = context_of(lab)
    (remedy,) = best_for(broken(context), context)
    answers = {ask.name: Secret(PASSWORD) for ask in remedy.asks}
    outcome = carry_out(remedy, answers, LocalWorld(context.host), Journal(context.host))
    assert outcome.ok
    assert outcome.host is not None
    again = Context(outcome.host, Options(), [], [], SecretService(outcome.host))
    assert broken(again) == []
    assert {each.id for each in all_checks()} >= set(remedy.recheck) > {"permission.collection-locked"}


def test_a_bus_started_where_there_is_no_runtime_directory_is_found_by_the_next_login(lab: Lab) -> None:
    context = context_of(lab, XDG_RUNTIME_DIR=str(lab.home / "none"))
    (remedy,) = best_for(broken(context), context)
    outcome = carry_out(
        remedy, {"password": Secret(PASSWORD)}, LocalWorld(context.host), Journal(context.host)
    )
    assert outcome.ok, outcome
    next_login = context_of(lab, XDG_RUNTIME_DIR=str(lab.home / "none"))
    assert ids(next_login) == ["use-live-bus"]
    (remedy,) = best_for(broken(next_login), next_login)
    assert [step.kind for step in remedy.steps] == ["use-bus"]


def test_root_by_sudo_gets_no_bus_of_its_own(lab: Lab) -> None:
    context = context_of(lab, SUDO_UID="1000", SUDO_USER="someone")
    context.host = dataclasses.replace(context.host, uid=0)
    assert ids(context) == []


def entry_remedies(lab: Lab, reference: Reference) -> tuple[Context, list[Remedy]]:
    context = context_of(lab, reference)
    found: list[Remedy] = []
    for finding in broken(context, (Stage.LOOKUP, Stage.FORMAT)):
        found += remedies_for(finding, context)
    return context, found


def test_a_missing_entry_is_asked_for_with_its_provider(unlocked: Lab) -> None:
    _, (remedy,) = entry_remedies(unlocked, a_reference())
    assert remedy.id == "store-credential"
    assert remedy.title == "Store github_token in the keychain"
    assert remedy.asks[0].provider is not None
    assert "github" in remedy.asks[0].provider


def test_a_near_miss_offers_the_copy_first(unlocked: Lab) -> None:
    unlocked.keyring_set("github-token", "some-value-of-mine")
    context, (first, second) = entry_remedies(unlocked, a_reference())
    assert (first.id, second.id) == ("rename-entry", "store-credential")
    assert carry_out(first, {}, LocalWorld(context.host), Journal(context.host)).ok
    assert unlocked.keyring_get("github_token") == "some-value-of-mine"


def test_a_mendable_value_offers_the_repair_first(unlocked: Lab) -> None:
    unlocked.add_entry("weather", "a-value-of-some-length\n")
    context, (first, second) = entry_remedies(unlocked, a_reference("weather", "env.WEATHER"))
    assert (first.id, second.id) == ("repair-entry", "store-credential")
    assert second.title == "Replace weather in the keychain"
    assert carry_out(first, {}, LocalWorld(context.host), Journal(context.host)).ok
    assert unlocked.keyring_get("weather") == "a-value-of-some-length"


def test_twins_offer_a_choice_that_shows_no_value(unlocked: Lab) -> None:
    unlocked.add({"service": "mcp-secrets", "username": "weather"}, b"first-canary-value")
    unlocked.keyring_set("weather", "second-canary-value")
    context, found = entry_remedies(unlocked, a_reference("weather", "env.WEATHER"))
    remedy = next(each for each in found if each.id == "keep-one-twin")
    assert len(remedy.asks[0].choices) == 2
    assert "canary" not in repr(remedy)
    chosen = remedy.asks[0].choices[0][0]
    assert carry_out(remedy, {"twin": Secret(chosen)}, LocalWorld(context.host), Journal(context.host)).ok
    assert len(LocalWorld(context.host).keychain.entries({"username": "weather"})) == 1


def test_each_undo_id_is_new() -> None:
    assert len({new_undo_id() for _ in range(100)}) == 100
