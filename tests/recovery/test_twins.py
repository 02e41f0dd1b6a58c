"""Which of two entries of one name is right: asked of the provider over real HTTPS, and of the person where it is silent."""

import dataclasses
from pathlib import Path

import pytest

from diagnostics.context import SERVICE, Options
from diagnostics.host import Host
from diagnostics.model import Status
from diagnostics.secret import Secret
from diagnostics.stores import Entry
from diagnostics.tokens.new_token import ask_about
from diagnostics.tokens.remark import Remark
from recovery.journal import Journal
from recovery.model import Ask
from recovery.remedies.keep_one_twin import keep_one_twin
from recovery.runner import carry_out, undo
from recovery.steps.entry import TWIN
from recovery.twins import accepted_alone, answers, judged, which_one, with_answers
from recovery.world import LocalWorld
from tests.recovery.conftest import a_host
from tests.recovery.test_cleanup import context, everything, reference
from tests.support.lab import Lab
from tests.support.provider_server import Conversation, ProviderServer, provider_server
from tests.support.tokens import github

GOOD, BAD = github("good"), github("bad")
ACCEPTED = b'{"login": "octocat", "id": 1, "type": "User"}'
REFUSED = (
    b'{"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"}'
)


def entry(number: int, value: str, modified: int) -> Entry:
    attributes = {"service": SERVICE, "username": "github_token", "target": str(number)}
    return Entry(f"/e/{number}", "/e", "", attributes, Secret(value), modified=modified)


TWINS = [entry(1, GOOD, 1_000_000_000), entry(2, BAD, 2_000_000_000)]


def as_recorded(talk: Conversation) -> None:
    """What the provider's own server answers to a token that it knows, and to one that it does not."""
    known = GOOD in talk.headers.get("authorization", "")
    talk.send_response(200 if known else 401)
    body = ACCEPTED if known else REFUSED
    for name, value in (
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("X-OAuth-Scopes", "repo" if known else ""),
    ):
        talk.send_header(name, value)
    talk.end_headers()
    talk.wfile.write(body)


def asked_over_https(server: ProviderServer, host: Host) -> Ask:
    host = dataclasses.replace(host, env={**host.env, **server.env})
    options = Options(provider_urls={"github": server.url}, timeout=5)

    def ask(value: Secret, provider: str) -> Remark:
        return ask_about(value, provider, None, host, options)

    return judged(
        which_one(TWIN, "github_token", TWINS, "GITHUB_TOKEN"), TWINS, answers(TWINS, "GITHUB_TOKEN", ask)
    )


def test_the_one_that_the_provider_accepts_stands_first(tmp_path: Path) -> None:
    with provider_server(tmp_path) as server:
        server.script = as_recorded
        question = asked_over_https(server, a_host(tmp_path))
        assert len(server.seen) == 2
    assert [path for path, _ in question.choices] == ["/e/1", "/e/2"]
    assert "octocat" in question.choices[0][1]
    assert "accepts only one of them" in question.hint
    assert all(
        mark in words for _, words in question.choices for mark in ("changed ", "written by ", "value #")
    )
    assert GOOD not in str(question)
    assert BAD not in str(question)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (503, {}, b"<html>down</html>"),
        (429, {"Retry-After": "60"}, b'{"message": "rate limited"}'),
        (403, {"X-RateLimit-Remaining": "0"}, b'{"message": "API rate limit exceeded"}'),
        (200, {}, b"<html>Please log in to this network</html>"),
    ],
    ids=["outage", "rate limit", "secondary limit", "login page"],
)
def test_an_outage_decides_nothing(tmp_path: Path, status: int, headers: dict[str, str], body: bytes) -> None:
    with provider_server(tmp_path) as server:
        server.answers(status, body, headers)
        question = asked_over_https(server, a_host(tmp_path))
    assert [path for path, _ in question.choices] == ["/e/2", "/e/1"], (
        "the newest first, as without an answer"
    )
    assert "did not say which one is right" in question.hint


def test_nothing_is_decided_where_both_work_or_one_is_not_known() -> None:
    def said(*statuses: Status) -> dict[str, Remark]:
        return {f"/e/{number}": Remark(status, "") for number, status in enumerate(statuses, 1)}

    assert accepted_alone(TWINS, said(Status.OK, Status.FAIL)) == Secret(GOOD)
    assert accepted_alone(TWINS, said(Status.FAIL, Status.WARN)) == Secret(BAD)
    for undecided in (
        said(Status.OK, Status.OK),
        said(Status.OK, Status.UNKNOWN),
        said(Status.FAIL, Status.FAIL),
        said(Status.FAIL, Status.UNKNOWN),
        said(Status.OK),
        {},
    ):
        assert accepted_alone(TWINS, undecided) is None


def test_found_by_the_check_resolved_by_the_person_and_taken_back(unlocked: Lab, tmp_path: Path) -> None:
    """The way of `fix`: the check finds twins, the provider is asked, one stays; undo brings both back."""
    from diagnostics.runner import diagnose

    unlocked.add_entry("github_token", BAD)
    right = unlocked.add({"service": SERVICE, "username": "github_token", "target": "default"}, GOOD.encode())
    before = everything(unlocked)
    seen = context(unlocked, reference("github_token"))
    finding = next(each for each in diagnose(seen) if each.check == "lookup.twins")
    assert finding.outcome == "different"
    remedy = keep_one_twin(finding, seen)
    assert remedy is not None
    world = LocalWorld(unlocked.host())
    with provider_server(tmp_path) as server:
        server.script = as_recorded
        host = dataclasses.replace(world.host, env={**world.host.env, **server.env})
        options = Options(provider_urls={"github": server.url}, timeout=5)
        question = with_answers(
            remedy.asks[0], world, lambda value, whose: ask_about(value, whose, None, host, options)
        )
    assert question.choices[0][0] == right
    assert carry_out(remedy, {TWIN: Secret(question.choices[0][0])}, world, Journal(world.host)).ok
    assert unlocked.keyring_get("github_token") == GOOD
    assert len(world.keychain.entries({"service": SERVICE})) == 1
    assert undo(None, world, Journal(world.host)).ok
    assert everything(unlocked) == before
