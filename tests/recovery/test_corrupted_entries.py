"""Every kind of corrupted entry on the real daemon: found by the checks, repaired where certain, else replaced or set aside."""

from pathlib import Path

import pytest

from diagnostics.context import SERVICE, Context, Options
from diagnostics.model import ClientFile, Finding, Reference, Server, Stage, Status, Syntax
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import open_store
from diagnostics.stores.similar import QUARANTINE_SERVICE
from recovery.cleanup import items_of, look, together
from recovery.journal import Journal
from recovery.runner import carry_out, undo
from recovery.world import LocalWorld
from tests.recovery.test_cleanup import everything
from tests.support.lab import Lab
from tests.support.tokens import github

TOKEN = github("corrupted")
VARIABLE = "GITHUB_PERSONAL_ACCESS_TOKEN"
CERTAIN: dict[str, tuple[bytes, str]] = {
    "newline": (f"{TOKEN}\n".encode(), "trailing-newline"),
    "crlf": (f"{TOKEN}\r\n".encode(), "trailing-newline"),
    "space": (f"{TOKEN} ".encode(), "surrounding-blanks"),
    "tab_before": (f"\t{TOKEN}".encode(), "surrounding-blanks"),
    "double_quotes": (f'"{TOKEN}"'.encode(), "quotes"),
    "single_quotes": (f"'{TOKEN}'".encode(), "quotes"),
    "curly_quotes": (f"“{TOKEN}”".encode(), "quotes"),
    "bearer": (f"Bearer {TOKEN}".encode(), "scheme-word"),
    "token_word": (f"token {TOKEN}".encode(), "scheme-word"),
    "export": (f"export {VARIABLE}={TOKEN}".encode(), "shell-line"),
    "export_quoted": (f'export {VARIABLE}="{TOKEN}"'.encode(), "shell-line"),
    "mark": (b"\xef\xbb\xbf" + TOKEN.encode(), "byte-order-mark"),
    "zero_width": (f"{TOKEN[:7]}\u200b{TOKEN[7:]}".encode(), "invisible"),
    "nul": (TOKEN.encode() + b"\0", "nul"),
    "utf_16_le": (TOKEN.encode("utf-16-le"), "utf-16"),
    "utf_16_be": (TOKEN.encode("utf-16-be"), "utf-16"),
    "utf_16_with_mark": (TOKEN.encode("utf-16"), "utf-16"),
    "layers": (f"\ufeff'Bearer {TOKEN}'\r\n".encode(), "byte-order-mark"),
}
"""Stored bytes, and what the check calls it."""
NOT_CERTAIN: dict[str, tuple[bytes, str]] = {
    "control": (TOKEN.encode() + b"\x07", "control"),
    "nul_inside": (f"{TOKEN[:9]}\0{TOKEN[10:]}".encode(), "nul"),
    "not_utf_8": (b"\xc3\x28" + TOKEN.encode(), "not-utf-8"),
    "empty": (b"", "empty"),
    "blank": (b" \n", "empty"),
    "placeholder": (b"YOUR_GITHUB_TOKEN_HERE", "placeholder"),
    "truncated": (TOKEN[:-9].encode(), "truncated"),
    "one_letter": ((TOKEN[:-1] + ("a" if TOKEN[-1] != "a" else "b")).encode(), "checksum-wrong"),
}


_STAGES = {Stage.LOOKUP, Stage.FORMAT}


def seen(lab: Lab, *names: str) -> Context:
    """One server a name, as `check` sees a config that names them all."""
    host = lab.host()
    servers = [
        Server(
            f"c:{name}", name, "c", Path("/c"), "stdio", "true",
            references=(
                Reference(
                    f"c:{name}", f"env.{VARIABLE}", Syntax.SECRET, name, Secret(f"${{SECRET:{name}}}"),
                    spelling=f"${{SECRET:{name}}}",
                ),
            ),
        )
        for name in names
    ]  # fmt: skip
    files = [ClientFile("c", Path("/c"), "named", Status.OK, servers=tuple(servers))]
    return Context(host, Options(offline=True), files, servers, open_store(host))


def findings(lab: Lab, *names: str) -> dict[str, list[Finding]]:
    """What the checks of entries and their values find wrong, by the entry's name."""
    found: dict[str, list[Finding]] = {name: [] for name in names}
    for each in diagnose(seen(lab, *names)):
        if each.status in {Status.FAIL, Status.WARN} and each.server and each.stage in _STAGES:
            found[each.server.partition(":")[2]].append(each)
    return found


def test_every_kind_is_found_by_the_checks_and_mended_in_place_where_certain(unlocked: Lab) -> None:
    kinds = {**CERTAIN, **NOT_CERTAIN}
    for name, (raw, _) in kinds.items():
        unlocked.add_entry(name, raw)
    before = everything(unlocked)
    found = findings(unlocked, *kinds)
    for name, (_, outcome) in kinds.items():
        outcomes = {each.outcome for each in found[name] if each.check.startswith("format.")}
        assert outcome in outcomes, (name, found[name])
    world = LocalWorld(unlocked.host())
    items = items_of(look(world, seen(unlocked, *kinds)))
    assert {each.name for each in items if each.certain is not None} == set(CERTAIN)
    assert {each.name for each in items if each.certain is None} == set(NOT_CERTAIN)
    for remedy in together(items):
        assert carry_out(remedy, {}, world, Journal(world.host)).ok
    assert all(unlocked.keyring_get(name) == TOKEN for name in CERTAIN)
    assert not any(each for name, each in findings(unlocked, *CERTAIN).items()), "all of them are green now"
    assert undo(None, world, Journal(world.host)).ok
    assert everything(unlocked) == before


@pytest.mark.parametrize("name", NOT_CERTAIN)
def test_what_is_not_certain_is_set_aside_and_the_value_asked(unlocked: Lab, name: str) -> None:
    raw, _ = NOT_CERTAIN[name]
    unlocked.add_entry(name, raw)
    before = everything(unlocked)
    world = LocalWorld(unlocked.host())
    (item,) = items_of(look(world, seen(unlocked, name)))
    replace = next(each for each in item.remedies if each.id == "replace-entry")
    assert [each.kind.value for each in replace.asks] == ["token"]
    assert carry_out(replace, {"token": Secret(TOKEN)}, world, Journal(world.host)).ok
    assert unlocked.keyring_get(name) == TOKEN
    (aside,) = world.keychain.entries({"service": QUARANTINE_SERVICE})
    assert aside.secret is not None
    assert aside.secret.reveal().encode("utf-8", "surrogateescape") == raw
    assert findings(unlocked, name) == {name: []}
    assert undo(None, world, Journal(world.host)).ok
    assert everything(unlocked) == before


def test_names_that_are_not_the_one_asked_for_are_found_by_the_checks(unlocked: Lab) -> None:
    """Duplicates, another collection, another attribute, legacy spellings; an orphan is information only."""
    work = unlocked.create_collection("pw", "Work")
    unlocked.add({"service": SERVICE, "username": "elsewhere"}, TOKEN.encode(), collection=work)
    unlocked.add({"service": SERVICE, "account": "as_account"}, TOKEN.encode(), label="keytar")
    unlocked.add_entry("Legacy-Spelling", TOKEN)
    for extra in ({"application": "a"}, {"target": "default"}):
        unlocked.add({"service": SERVICE, "username": "twin", **extra}, github(str(extra)).encode())
    unlocked.add_entry("orphan", TOKEN)
    found = findings(unlocked, "elsewhere", "as_account", "legacy_spelling", "twin")
    outcomes = {name: {f"{each.check}.{each.outcome}" for each in several} for name, several in found.items()}
    assert "lookup.entry.in-another-collection" in outcomes["elsewhere"]
    assert "lookup.entry.other-attribute" in outcomes["as_account"]
    assert "lookup.entry.spelling" in outcomes["legacy_spelling"]
    assert "lookup.twins.different" in outcomes["twin"]
    survey = look(LocalWorld(unlocked.host()), seen(unlocked, "twin"))
    (orphan,) = (each for each in survey.entries if each.name == "orphan")
    assert orphan.notes
    assert not orphan.faults
