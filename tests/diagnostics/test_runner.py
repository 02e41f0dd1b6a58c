"""The runner: order, isolation, deadlines, skipping, and what it makes of a check's answer."""

import dataclasses
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from diagnostics.catalog import wording
from diagnostics.check import Check, Verdict, all_checks, fail, ok, unknown, warn
from diagnostics.context import Context, Options
from diagnostics.deadline import DeadlineError, call_within
from diagnostics.host import Host
from diagnostics.model import (
    Finding,
    Platform,
    Reference,
    Server,
    Session,
    Stage,
    Status,
    Store,
    Subject,
    Syntax,
)
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import BusState, Entry, StoreState

HOST = Host(Platform.LINUX, Session.SSH, Path("/home/u"), Path("/home/u"), {})


class EmptyStore:
    subject = Store("secret-service")

    def state(self) -> StoreState:
        return StoreState(BusState(None, "none", "unset"))

    def entries(self) -> Sequence[Entry]:
        return ()


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    real = wording.wording()

    class Anything(dict[str, wording.Wording]):
        def __missing__(self, key: str) -> wording.Wording:
            return real.get(key) or wording.Wording(f"words of {key}", "{said}" if "hostile" in key else "")

    monkeypatch.setattr("diagnostics.runner.wording", lambda: Anything())


def server(name: str, syntax: Syntax = Syntax.SECRET) -> Server:
    reference = Reference(f"c:{name}", "env.T", syntax, "n", Secret("x"))
    return Server(f"c:{name}", name, "c", Path("/c"), "stdio", "x", references=(reference,))


def context(*servers: Server, **options: Any) -> Context:
    return Context(HOST, Options(**options), [], servers or (server("one"),), EmptyStore())


def made(
    name: str, of: type[Subject], answer: Any, *needs: str, within: float | None = None, asks: str = ""
) -> Check:
    def run(context: Context, subject: Any) -> Any:
        return answer(subject) if callable(answer) else answer

    return Check(name, Stage(name.partition(".")[0]), of, needs, within, asks, run, "Does it hold?")


def states(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(each.check, each.status.value) for each in findings]


def test_findings_come_in_the_order_of_the_path() -> None:
    checks = [
        made("start.b", Server, ok("x")),
        made("config.a", Server, ok("x")),
        made("lookup.c", Reference, ok("x")),
    ]
    assert [each.check for each in diagnose(context(), checks)] == ["config.a", "lookup.c", "start.b"]


def test_what_rests_on_a_broken_link_is_skipped_with_the_reason_all_the_way_up() -> None:
    checks = [
        made("permission.a", Store, fail("broken", "keyring_locked")),
        made("lookup.b", Reference, ok("x"), "permission.a"),
        made("start.c", Server, ok("x"), "lookup.b"),
    ]
    found = list(diagnose(context(), checks))
    assert states(found) == [("permission.a", "fail"), ("lookup.b", "skip"), ("start.c", "skip")]
    assert "words of permission.a.broken" in found[1].detail


def test_only_a_fail_blocks() -> None:
    checks = [made("permission.a", Store, unknown("x")), made("lookup.b", Reference, ok("x"), "permission.a")]
    assert states(list(diagnose(context(), checks)))[1] == ("lookup.b", "ok")


def test_a_broken_store_does_not_block_who_does_not_use_it() -> None:
    checks = [
        made("permission.a", Store, fail("x", "c")),
        made("lookup.b", Reference, ok("x"), "permission.a"),
    ]
    found = list(diagnose(context(server("one"), server("two", Syntax.ENV)), checks))
    assert {each.server: each.status for each in found[1:]} == {"c:one": Status.SKIP, "c:two": Status.OK}


def test_one_servers_trouble_does_not_block_another() -> None:
    checks = [
        made("config.a", Server, lambda subject: fail("x", "c") if subject.name == "one" else ok("x")),
        made("lookup.b", Reference, ok("x"), "config.a"),
    ]
    found = list(diagnose(context(server("one"), server("two")), checks))
    assert [each.status.value for each in found if each.check == "lookup.b"] == ["skip", "ok"]


def test_earlier_findings_still_block_when_only_some_checks_are_asked_again() -> None:
    checks = [
        made("permission.a", Store, fail("x", "c")),
        made("lookup.b", Reference, ok("x"), "permission.a"),
    ]
    earlier = list(diagnose(context(), checks[:1]))
    assert states(list(diagnose(context(), checks[1:], earlier))) == [("lookup.b", "skip")]


def test_what_is_broken_about_a_server_that_is_switched_off_does_not_count() -> None:
    off = dataclasses.replace(server("one"), disabled=True)
    checks = [
        made("config.a", Server, fail("x", "c")),
        made("reference.b", Reference, fail("x", "c")),
        made("reference.c", Server, warn("x", "c")),
        made("start.d", Server, unknown("x")),
    ]
    found = list(diagnose(context(off), checks))
    assert states(found) == [
        ("config.a", "fail"),
        ("reference.b", "skip"),
        ("reference.c", "warn"),
        ("start.d", "skip"),
    ]
    assert found[1].title == "Not counted: words of reference.b.x"
    assert [each.status for each in diagnose(context(), checks)] == ["fail", "fail", "warn", "unknown"]


def test_a_check_that_raises_is_unknown_and_tells_nothing_of_the_error() -> None:
    def breaks(subject: Any) -> Verdict:
        raise RuntimeError("token swordfish-4711")

    found = list(diagnose(context(), [made("lookup.a", Reference, breaks), made("start.b", Server, ok("x"))]))
    assert states(found) == [("lookup.a", "unknown"), ("start.b", "ok")]
    assert "swordfish" not in repr(found)


def test_a_check_that_hangs_is_unknown_in_time() -> None:
    release = threading.Event()
    began = time.monotonic()
    found = list(diagnose(context(), [made("validity.a", Reference, lambda _: release.wait(30), within=0.2)]))
    assert time.monotonic() - began < 5
    assert states(found) == [("validity.a", "unknown")]
    release.set()


def test_outside_questions_are_asked_at_once() -> None:
    everyone = threading.Barrier(8, timeout=20)

    def meets(subject: Any) -> Verdict:
        everyone.wait()
        return ok("x")

    servers = [server(str(number)) for number in range(8)]
    found = list(diagnose(context(*servers), [made("validity.a", Reference, meets, within=30)]))
    assert [each.status for each in found] == [Status.OK] * 8


def test_offline_asks_nothing_of_the_network() -> None:
    check = made("validity.a", Reference, lambda _: pytest.fail("it was asked"), within=1, asks="network")
    assert states(list(diagnose(context(offline=True), [check]))) == [("validity.a", "skip")]


def test_text_of_the_host_is_cleaned_and_scrubbed() -> None:
    seen = context()
    seen.scrubber.learn(Secret("swordfish-4711"))
    said = "\x1b[31m401 for swordfish-4711"
    check = made("lookup.a", Reference, fail("hostile", "c", evidence=[said], said=said))
    found = next(iter(diagnose(seen, [check])))
    assert found.evidence == ("401 for •••",)
    assert found.detail == "401 for •••"


def test_a_fact_with_braces_is_only_text() -> None:
    check = made("lookup.a", Reference, fail("hostile", "c", said="{server.__class__} {0}"))
    assert next(iter(diagnose(context(), [check]))).detail == "{server.__class__} {0}"


def test_a_check_may_have_nothing_or_several_things_to_say() -> None:
    checks = [made("lookup.a", Reference, None), made("format.b", Reference, [ok("x"), fail("y", "c")])]
    found = list(diagnose(context(), checks))
    assert states(found) == [("format.b", "ok"), ("format.b", "fail")]
    assert [each.id for each in found] == ["format.b:c:one:env.T:n", "format.b:c:one:env.T:n:2"]


def test_progress_is_told_before_each_check() -> None:
    told: list[tuple[str, int]] = []
    checks = [made("lookup.a", Reference, ok("x")), made("start.b", Server, ok("x"))]
    list(
        diagnose(
            context(server("1"), server("2")),
            checks,
            progress=lambda each, count: told.append((each.id, count)),
        )
    )
    assert told == [("lookup.a", 2), ("start.b", 2)]


def test_every_id_in_a_run_is_unique() -> None:
    servers = [server(str(number)) for number in range(3)]
    checks = [
        made("lookup.a", Reference, ok("x")),
        made("start.b", Server, ok("x")),
        made("backend.c", Store, ok("x")),
    ]
    ids = [each.id for each in diagnose(context(*servers), checks)]
    assert len(ids) == len(set(ids)) == 7


def test_the_real_checks_follow_what_they_need() -> None:
    order = [each.id for each in all_checks()]
    for check in all_checks():
        assert all(order.index(need) < order.index(check.id) for need in check.needs)


def test_a_deadline_leaves_the_call_behind_and_hands_errors_on() -> None:
    release = threading.Event()
    with pytest.raises(DeadlineError):
        call_within(0.05, lambda: release.wait(30))
    release.set()
    with pytest.raises(KeyError):
        call_within(5, lambda: {"a": 1}["missing"])
    assert call_within(5, lambda: None) is None


def test_an_answer_without_words_or_a_dying_thread_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = wording.wording()
    monkeypatch.setattr("diagnostics.runner.wording", lambda: real)

    def answer(subject: Any) -> Verdict:
        if subject.server_id == "c:one":
            raise SystemExit(3)
        return ok("an outcome that the catalogue has no words for")

    check = made("validity.a", Reference, answer, within=5)
    found = call_within(20, lambda: list(diagnose(context(server("one"), server("two")), [check])))
    assert states(found) == [("validity.a", "unknown")] * 2
    assert capsys.readouterr().err == ""
