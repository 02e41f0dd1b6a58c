"""A healthy value is never changed: whatever the formats of all providers allow, and whatever else there is."""

import re
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnostics.catalog.providers import catalogue
from diagnostics.context import SERVICE, Context, Options
from diagnostics.secret import Secret
from diagnostics.stores import Entry, open_store
from diagnostics.survey import survey
from diagnostics.tokens.hygiene import is_certain, problems, repaired
from recovery.cleanup import items_of, look, together
from recovery.world import LocalWorld
from tests.recovery.conftest import a_host
from tests.recovery.test_cleanup import context, everything
from tests.support.lab import Lab
from tests.support.tokens import EVERY

FORMATS = [
    (each.id, each.env[0] if each.env else "", regex)
    for each in catalogue().providers
    for regex in (each.format.regex, each.format.also)
    if regex
]
LOOKING_AHEAD = {
    "(?=.{76}AZDO)[A-Za-z0-9]{84}": "[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}",
    "(?!.{76}AZDO)(?=[A-Za-z0-9+/]{60,}={0,2}$)(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?": (
        "(?:[A-Za-z0-9+/]{4}){15,18}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
    ),
}
"""The same in a form that can be made up from."""
HURT: tuple[Callable[[str], str], ...] = (
    lambda text: f"{text}\n",
    lambda text: f"{text}\r\n",
    lambda text: f"\ufeff{text}",
    lambda text: f"{text}\0",
)


def certain(name: str, value: str) -> bool:
    """Whether a cleanup would change it without a question."""
    host = a_host(Path("/nowhere"))
    seen = Context(host, Options(offline=True), [], [], open_store(host))
    entry = Entry("/e/1", "/e", "", {"service": SERVICE, "username": name}, Secret(value))
    return any(each.certain is not None for each in items_of(survey([entry], seen)))


def is_subsequence(part: str, whole: str) -> bool:
    letters = iter(whole)
    return all(each in letters for each in part)


@pytest.mark.parametrize(("provider", "variable", "regex"), FORMATS, ids=[f"{each[0]}" for each in FORMATS])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_no_provider_s_format_is_changed(
    provider: str, variable: str, regex: str, data: st.DataObject
) -> None:
    """And what surely does not belong to it goes away and leaves exactly it."""
    value = data.draw(st.from_regex(LOOKING_AHEAD.get(regex, regex), fullmatch=True))
    assert re.fullmatch(regex, value)
    for name in (variable, "some_name"):
        assert not certain(name, value), (name, value)
    if not problems(Secret(value), variable or None):
        assert repaired(Secret(value), variable or None) is None
        hurt = data.draw(st.sampled_from(HURT))(value)
        mended = repaired(Secret(hurt), variable or None)
        assert mended == Secret(value), hurt
        assert is_certain(Secret(hurt), mended)


@settings(max_examples=300, deadline=None, database=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.binary(max_size=60).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
        st.text(string.printable, max_size=60),
        st.sampled_from(sorted(make("h") for make in EVERY.values())),
    )
)
def test_whatever_it_is_only_what_can_not_belong_to_it_goes(value: str) -> None:
    """What is certain takes something away and makes nothing up: base64 of a whole token is the one exception, unasked."""
    if not problems(Secret(value)):
        assert not certain("some_name", value)
        return
    mended = repaired(Secret(value))
    if mended is not None and is_certain(Secret(value), mended):
        assert is_subsequence(mended.reveal(), value)
        assert not problems(mended)


def test_a_cleanup_leaves_every_healthy_value_as_it_is(unlocked: Lab) -> None:
    """On the real daemon, byte for byte, beside one that is mended."""
    from recovery.journal import Journal
    from recovery.runner import carry_out

    for provider, make in EVERY.items():
        unlocked.add_entry(provider, make("healthy"))
    for number, raw in enumerate((bytes(range(1, 256)), b"pass word", b"\xf0\x9f\x94\x91 key", b"a" * 4096)):
        unlocked.add({"service": "another program", "username": str(number)}, raw)
    unlocked.add_entry("hurt", EVERY["github_pat_classic"]("hurt") + "\n")
    before = everything(unlocked)
    world = LocalWorld(unlocked.host())
    (remedy,) = together(items_of(look(world, context(unlocked))))
    assert len(remedy.steps) == 1
    assert carry_out(remedy, {}, world, Journal(world.host)).ok
    after = everything(unlocked)
    changed = [key for key in before if before[key] != after.get(key)]
    assert [dict(key)["username"] for key in changed] == ["hurt"]
    assert after.keys() == before.keys()
