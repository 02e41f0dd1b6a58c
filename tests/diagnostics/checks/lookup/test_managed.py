"""References to other stores as findings: in a whole run, from config to words."""

from pathlib import Path

from diagnostics.model import Status
from diagnostics.runner import diagnose
from tests.support.configured import ask, context_of
from tests.support.vault_server import ROOT_TOKEN, vault_server

VALUE = "the-" + "value" * 4


def test_vault_is_asked_once_for_all_who_want_the_same(tmp_path: Path) -> None:
    with vault_server(tmp_path) as vault:
        vault.one["kv1/mcp"] = {"token": VALUE}
        entry = {"command": "x", "env": {"A": "${VAULT:kv1/mcp#token}", "B": "${VAULT:kv1/mcp#token}"}}
        env = {**vault.env, "VAULT_TOKEN": ROOT_TOKEN, "VAULT_SKIP_VERIFY": "1"}
        context = context_of(tmp_path, {"one": entry, "two": entry}, env=env)
        found = list(diagnose(context))
        reads = [each for each in vault.seen if each.path == "/v1/kv1/mcp"]
    mine = [each for each in found if each.check == "lookup.vault"]
    assert len(reads) == 1
    assert [each.outcome for each in mine].count("found") == 4
    assert [each.outcome for each in mine].count("skip-verify") == 4
    assert {context.value_of(each) for each in context.references} != {None}
    assert VALUE not in repr(found)
    assert ROOT_TOKEN not in repr(found)
    assert not [each for each in found if each.outcome == "runner.broke"]


def test_what_another_store_gives_is_scrubbed_everywhere(tmp_path: Path) -> None:
    with vault_server(tmp_path) as vault:
        vault.one["kv1/mcp"] = {"token": VALUE}
        env = {**vault.env, "VAULT_TOKEN": ROOT_TOKEN}
        context = context_of(tmp_path, {"a": {"command": "x", "env": {"A": "${VAULT:kv1/mcp}"}}}, env=env)
        ask(context, "lookup.vault")
    assert VALUE not in context.scrubber.scrub(f"the server said {VALUE} today")


def test_offline_nobody_is_asked(tmp_path: Path) -> None:
    with vault_server(tmp_path) as vault:
        env = {**vault.env, "VAULT_TOKEN": ROOT_TOKEN, "AWS_REGION": "eu-west-1"}
        entry = {"command": "x", "env": {"A": "${VAULT:kv1/mcp}", "B": "${AWS_SECRET:mcp/github}"}}
        context = context_of(tmp_path, {"a": entry}, env=env, offline=True)
        found = list(diagnose(context))
        assert not vault.seen
    mine = {each.check: each for each in found if each.check in {"lookup.vault", "lookup.aws"}}
    assert {(each.status, each.outcome) for each in mine.values()} == {(Status.SKIP, "offline")}
    assert len(mine) == 2


def test_hostile_text_from_vault(tmp_path: Path) -> None:
    with vault_server(tmp_path) as vault:
        vault.fails_with = (500, {"errors": ["\x1b]0;owned\x07 \u202egood"]}, {})
        env = {**vault.env, "VAULT_TOKEN": ROOT_TOKEN}
        context = context_of(tmp_path, {"a": {"command": "x", "env": {"A": "${VAULT:kv1/mcp}"}}}, env=env)
        finding = ask(context, "lookup.vault")["lookup.vault env.A"]
    assert finding.outcome == "server-error"
    assert "\x1b" not in repr(finding.evidence)
    assert "\u202e" not in "".join(finding.evidence)
