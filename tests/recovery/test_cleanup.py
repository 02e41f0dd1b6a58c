"""Every entry of the service, damaged in every way, on the real daemon: mended where certain, else left or set aside."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.context import SERVICE, Context, Options
from diagnostics.model import Reference, Status, Syntax
from diagnostics.secret import Secret
from diagnostics.stores import Entry, open_store
from diagnostics.stores.similar import QUARANTINE_SERVICE, UNDO_SERVICE
from diagnostics.survey import survey
from diagnostics.tokens.remark import Remark
from recovery.cleanup import Item, items_of, look, together
from recovery.journal import Journal
from recovery.model import RecoveryError, Remedy
from recovery.runner import Outcome, carry_out, preview, undo
from recovery.world import LocalWorld
from tests.recovery.conftest import a_host
from tests.support.lab import Lab
from tests.support.tokens import github

TOKEN = github("cleanup")
CERTAIN = {
    "newline": f"{TOKEN}\n",
    "crlf": f"{TOKEN}\r\n",
    "space": f"{TOKEN} ",
    "quotes": f'"{TOKEN}"',
    "bearer": f"Bearer {TOKEN}",
    "scheme": f"token {TOKEN}",
    "shell": f"export GITHUB_TOKEN={TOKEN}",
    "mark": f"\ufeff{TOKEN}",
    "zero_width": f"{TOKEN[:9]}\u200b{TOKEN[9:]}",
    "nul": f"{TOKEN}\0",
    "layers": f"\ufeff'Bearer {TOKEN}'\r\n",
}
HOPELESS = {
    "empty": b"",
    "example": b"YOUR_TOKEN_HERE",
    "not_text": b"\xff\xfe\xc3abc",
    "control": f"{TOKEN}\x07".encode(),
    "truncated": TOKEN[:-7].encode(),
    "checksum": (TOKEN[:-1] + ("a" if TOKEN[-1] != "a" else "b")).encode(),
}
HEALTHY = {
    "whole": TOKEN,
    "password": "correct horse battery staple",
    "pem": "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n",
    "json": '{\n  "type": "service_account"\n}\n',
    "base64ish": "YWJjZGVmZ2hpamtsbW5vcA==",
}


def context(lab: Lab, *references: Reference) -> Context:
    from diagnostics.model import ClientFile, Server

    host = lab.host()
    server = Server("c:s", "s", "c", Path("/c"), "stdio", "true", references=references)
    files = [ClientFile("c", Path("/c"), "named", Status.OK, servers=(server,))]
    return Context(host, Options(offline=True), files, [server] if references else [], open_store(host))


def items(lab: Lab, *references: Reference) -> list[Item]:
    return items_of(look(LocalWorld(lab.host()), context(lab, *references)))


def reference(name: str) -> Reference:
    text = f"${{SECRET:{name}}}"
    return Reference("c:s", f"env.{name.upper()}", Syntax.SECRET, name, Secret(text), spelling=text)


def do(lab: Lab, remedy: Remedy, **answers: str) -> Outcome:
    world = LocalWorld(lab.host())
    preview(remedy, world)
    given = {name: Secret(value) for name, value in answers.items()}
    return carry_out(remedy, given, world, Journal(world.host))


def everything(lab: Lab) -> dict[tuple[tuple[str, str], ...], list[bytes]]:
    found: dict[tuple[tuple[str, str], ...], list[bytes]] = {}
    for each in LocalWorld(lab.host()).keychain.entries({}):
        if each.service != UNDO_SERVICE and each.secret is not None:
            key = tuple(sorted((k, v) for k, v in each.attributes.items() if k != "xdg:schema"))
            found.setdefault(key, []).append(each.secret.reveal().encode("utf-8", "surrogateescape"))
    return {key: sorted(values) for key, values in found.items()}


def test_what_is_certain_is_mended_in_place_and_taken_back(unlocked: Lab) -> None:
    for name, value in CERTAIN.items():
        unlocked.add_entry(name, value)
    unlocked.add_entry("utf_16", TOKEN.encode("utf-16-le"))
    odd = {"service": SERVICE, "account": "keytar_style", "xdg:schema": "org.freedesktop.Secret.Generic"}
    path = unlocked.add(odd, f"{TOKEN}\n".encode(), label="mcp-secrets/keytar_style")
    before = everything(unlocked)
    (remedy,) = together(items(unlocked))
    outcome = do(unlocked, remedy)
    assert outcome.ok, outcome
    for name in [*CERTAIN, "utf_16"]:
        assert unlocked.keyring_get(name) == TOKEN, name
    (kept,) = [each for each in LocalWorld(unlocked.host()).keychain.entries(odd) if each.path == path]
    assert (kept.label, kept.secret) == ("mcp-secrets/keytar_style", Secret(TOKEN))
    assert items(unlocked) == []
    world = LocalWorld(unlocked.host())
    assert undo(None, world, Journal(world.host)).ok
    assert everything(unlocked) == before


def test_what_is_healthy_is_not_touched(unlocked: Lab) -> None:
    for name, value in HEALTHY.items():
        unlocked.add_entry(name, value)
    assert items(unlocked) == []


@pytest.mark.parametrize("value", ["pass word ", " secret", '"quoted password"', "Bearer of bad news"])
def test_what_may_belong_to_a_password_is_only_asked_about(unlocked: Lab, value: str) -> None:
    unlocked.add_entry("password", value)
    found = items(unlocked)
    assert not list(together(found))
    assert len(found) == 1


def test_what_can_not_be_repaired_is_named_and_set_aside_and_comes_back(unlocked: Lab) -> None:
    for name, value in HOPELESS.items():
        unlocked.add_entry(name, value)
    before = everything(unlocked)
    found = items(unlocked)
    assert {each.name for each in found} == set(HOPELESS)
    assert not list(together(found))
    for each in found:
        aside = next(one for one in each.remedies if one.id == "quarantine-entry")
        assert do(unlocked, aside).ok, each.name
    assert all(unlocked.keyring_get(name) is None for name in HOPELESS)
    kept = LocalWorld(unlocked.host()).keychain.entries({"service": QUARANTINE_SERVICE})
    assert len(kept) == len(HOPELESS)
    assert all(each.attributes["why"] and each.attributes["when"] for each in kept)
    world = LocalWorld(unlocked.host())
    for _ in found:
        assert undo(None, world, Journal(world.host)).ok
    assert everything(unlocked) == before


def test_a_new_value_takes_the_place_of_one_that_is_set_aside(unlocked: Lab) -> None:
    unlocked.add_entry("example", "YOUR_TOKEN_HERE")
    before = everything(unlocked)
    (found,) = items(unlocked)
    replace = next(one for one in found.remedies if one.id == "replace-entry")
    assert do(unlocked, replace, token=TOKEN).ok
    assert unlocked.keyring_get("example") == TOKEN
    world = LocalWorld(unlocked.host())
    assert undo(None, world, Journal(world.host)).ok
    assert everything(unlocked) == before


def twins(lab: Lab, *values: str) -> None:
    for number, value in enumerate(values):
        extra = {"target": f"t{number}"} if number else {"application": "Python keyring library"}
        lab.add({"service": SERVICE, "username": "twin", **extra}, value.encode(), label=f"twin {number}")


def test_twins_that_are_alike_become_one(unlocked: Lab) -> None:
    twins(unlocked, TOKEN, TOKEN, TOKEN)
    before = everything(unlocked)
    (remedy,) = together(items(unlocked))
    assert do(unlocked, remedy).ok
    assert len(LocalWorld(unlocked.host()).keychain.entries({"service": SERVICE, "username": "twin"})) == 1
    world = LocalWorld(unlocked.host())
    assert undo(None, world, Journal(world.host)).ok
    assert everything(unlocked) == before


def test_twins_that_differ_are_for_the_person_to_decide(unlocked: Lab) -> None:
    twins(unlocked, "old value", "new value")
    before = everything(unlocked)
    (found,) = items(unlocked)
    assert found.certain is None
    (keep,) = found.remedies
    chosen = next(path for path, words in keep.asks[0].choices if "secret-tool" in words)
    assert do(unlocked, keep, twin=chosen).ok
    assert unlocked.keyring_get("twin") == "new value"
    world = LocalWorld(unlocked.host())
    assert undo(None, world, Journal(world.host)).ok
    assert everything(unlocked) == before


def test_the_provider_is_asked_which_twin_is_right_and_each_value_once(unlocked: Lab) -> None:
    twins(unlocked, TOKEN, github("other"), TOKEN)
    asked: list[Secret] = []

    def ask(value: Secret, provider: str) -> Remark:
        assert provider.startswith("github")
        asked.append(value)
        return Remark(
            Status.OK if value == Secret(TOKEN) else Status.FAIL,
            "accepted" if value == Secret(TOKEN) else "refused",
        )

    found = look(LocalWorld(unlocked.host()), context(unlocked))
    (item,) = items_of(found, ask)
    assert sorted(map(len, asked)) == [40, 40]
    assert sum("accepted" in words for _, words in item.remedies[0].asks[0].choices) == 2


def test_the_same_name_under_another_attribute_and_in_another_collection(unlocked: Lab) -> None:
    unlocked.add_entry("split", "one value")
    unlocked.add({"service": SERVICE, "account": "split"}, b"another value", label="keytar")
    work = unlocked.create_collection("pw", "Work")
    unlocked.add_entry("both", "first")
    unlocked.add({"service": SERVICE, "username": "both"}, b"second", collection=work)
    found = {each.name: each for each in items(unlocked)}
    assert set(found) == {"split", "both"}
    before = everything(unlocked)
    (keep,) = found["both"].remedies
    second = next(path for path, _ in keep.asks[0].choices if path.startswith(work))
    assert do(unlocked, keep, twin=second).ok
    assert unlocked.keyring_get("both") == "second"
    world = LocalWorld(unlocked.host())
    assert undo(None, world, Journal(world.host)).ok
    assert everything(unlocked) == before


def test_spellings_that_a_config_does_not_find_are_copied_never_moved(unlocked: Lab) -> None:
    unlocked.add_entry("github-token", TOKEN)
    unlocked.add({"service": "gitlab", "username": "token"}, b"gitlab's", label="gitlab")
    before = everything(unlocked)
    found = items(unlocked, reference("github_token"), reference("gitlab_token"))
    assert [each.certain for each in found] == [None, None]
    for each in found:
        assert do(unlocked, each.remedies[0]).ok
    assert unlocked.keyring_get("github_token") == TOKEN
    assert unlocked.keyring_get("gitlab_token") == "gitlab's"
    assert before.items() <= everything(unlocked).items()


def test_an_orphan_is_only_mentioned(unlocked: Lab) -> None:
    unlocked.add_entry("orphan", TOKEN)
    found = look(LocalWorld(unlocked.host()), context(unlocked))
    assert found.is_clean
    assert "No config" in found.entries[0].notes[0]


def test_a_value_that_someone_changes_meanwhile_is_left_alone(unlocked: Lab) -> None:
    unlocked.add_entry("newline", f"{TOKEN}\n")
    (remedy,) = together(items(unlocked))
    unlocked.keyring_set("newline", "changed by someone")
    world = LocalWorld(unlocked.host())
    with pytest.raises(RecoveryError, match="not certain any more"):
        preview(remedy, world)
    assert not carry_out(remedy, {}, world, Journal(world.host)).ok
    assert unlocked.keyring_get("newline") == "changed by someone"


def test_a_twin_that_comes_meanwhile_stops_it(unlocked: Lab) -> None:
    unlocked.add_entry("twin", f"{TOKEN}\n")
    (remedy,) = together(items(unlocked))
    unlocked.add({"service": SERVICE, "username": "twin", "target": "default"}, b"other")
    world = LocalWorld(unlocked.host())
    before = everything(unlocked)
    assert "2 entries" in carry_out(remedy, {}, world, Journal(world.host)).error
    assert everything(unlocked) == before


def _entry(value: str) -> Entry:
    return Entry("/e/1", "/e", "", {"service": SERVICE, "username": "some_name"}, Secret(value))


@settings(max_examples=400, deadline=None)
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=80),
    st.sampled_from(["", "\n", "\r\n", "\ufeff"]),
)
def test_a_healthy_value_is_never_changed(text: str, added: str) -> None:
    """Whatever is certain gives back the very text that stood in the damage; a text without damage is left alone."""
    from diagnostics.tokens.hygiene import is_certain, problems, repaired

    host = a_host(Path("/nowhere"))
    seen = Context(host, Options(offline=True), [], [], open_store(host))
    healthy = not problems(Secret(text))
    value = added + text if added == "\ufeff" else text + added
    found = items_of(survey([_entry(value)], seen))
    mended = repaired(Secret(value))
    if healthy and not added:
        assert all(each.certain is None for each in found)
        assert mended is None
    elif healthy:
        assert mended == Secret(text)
        assert is_certain(Secret(value), mended)
    else:
        assert mended is None or not is_certain(Secret(value), mended) or mended.reveal() in text


def test_no_value_is_in_what_is_shown(unlocked: Lab) -> None:
    for name, value in CERTAIN.items():
        unlocked.add_entry(name, value)
    shown = json.dumps(
        [[each.faults, [one.why + one.title for one in each.remedies]] for each in items(unlocked)]
    )
    assert TOKEN[:12] not in shown
    assert TOKEN[-8:] not in shown
