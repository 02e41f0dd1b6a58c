"""The advice beside a real gnome-keyring-daemon: what it finds is so, and nothing of it is changed."""

from diagnostics.advice.fact import Fact, Said
from diagnostics.advice.gathering import facts_of
from diagnostics.advice.judgement import judge
from diagnostics.context import Context, Options
from diagnostics.stores import open_store
from tests.support.lab import Lab


def keychain_of(lab: Lab) -> Fact:
    host = lab.host()
    return facts_of(Context(host, Options(), (), (), open_store(host)), Said())["keychain"]


def test_each_state_is_found_and_left_as_it_is(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "not a real token")
    before, names = unlocked.snapshot(), unlocked.names()
    ready = keychain_of(unlocked)
    assert ready.values == frozenset({"ready"})
    assert ready.seen == ("gnome-keyring-daemon",)
    unlocked.lock()
    assert keychain_of(unlocked).values == frozenset({"locked"})
    assert unlocked.locked()
    unlocked.stop_daemon()
    assert keychain_of(unlocked).values == frozenset({"not-running"})
    assert keychain_of(unlocked).values == frozenset({"not-running"}), "looking has started it"
    assert unlocked.snapshot() == before
    assert set(unlocked.names()) <= set(names) | {each for each in unlocked.names() if each.startswith(":")}


def test_a_daemon_that_hangs_is_not_told_of(unlocked: Lab) -> None:
    unlocked.suspend_daemon()
    host = unlocked.host()
    context = Context(host, Options(), (), (), open_store(host))
    facts = facts_of(context, Said())
    assert facts["keychain"].values is None
    keychain = next(each for each in judge(facts).ranking if each.option.id == "keychain")
    assert keychain.missing == ("keychain",)
