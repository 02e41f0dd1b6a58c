"""Who wrote which entry: told of what the real libraries write on a real daemon, and the one list of all of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnostics.catalog.writers import writers
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.secret import Secret
from diagnostics.stores import Entry, open_store
from diagnostics.stores.kernel_keys import kernel_keys, only_there
from diagnostics.stores.writers import OTHER, Written, is_seen_by, reconciled, writer_of
from tests.support.keytar import Keytar, Napi
from tests.support.lab import LOGIN, Lab, require
from tests.support.looking import look_at

SERVICE = "mcp-secrets"
VALUE = "the-" + "value" * 4
SCHEMA = "org.freedesktop.Secret.Generic"


def listed(lab: Lab) -> dict[str, Written]:
    return {each.account: each for each in reconciled(open_store(lab.host()).entries(), LOGIN)}


def test_what_five_programs_write_is_one_list(
    unlocked: Lab, keytar_in: Callable[[Lab], Keytar], napi_in: Callable[[Lab], Napi]
) -> None:
    """Each real library writes an entry; the list says who wrote it and who finds it, and each library agrees."""
    require("secret-tool")
    keytar, napi = keytar_in(unlocked), napi_in(unlocked)
    keytar.set(SERVICE, "by-keytar", VALUE)
    napi.set(SERVICE, "by-napi", VALUE)
    unlocked.keyring_set("by-keyring", VALUE)
    stored = unlocked.run(
        ["secret-tool", "store", "--label=mine", "service", SERVICE, "username", "by-hand"], given=VALUE
    )
    assert stored.returncode == 0, stored.stderr
    unlocked.add(
        writers()["go-keyring"].attributes(SERVICE, "by-go"),
        VALUE.encode(),
        label="Password for 'by-go' on 'mcp-secrets'",
    )
    rows = listed(unlocked)
    assert {name: row.writer for name, row in rows.items()} == {
        "by-keytar": "keytar",
        "by-napi": "@napi-rs/keyring",
        "by-keyring": "Python keyring library",
        "by-hand": OTHER,
        "by-go": "go-keyring",
    }
    for name, row in rows.items():
        assert ("keytar" in row.seen_by) == (keytar.get(SERVICE, name) is not None), name
        assert ("Python keyring library" in row.seen_by) == (unlocked.keyring_get(name) is not None), name
    assert "@napi-rs/keyring" in rows["by-keyring"].seen_by
    assert napi.get(SERVICE, "by-keyring") == VALUE
    finding = look_at(unlocked, "by-keyring").finding("lookup.writers")
    assert finding.outcome == "several"
    assert any("by-keytar: written by keytar; found by keytar" in each for each in finding.evidence)
    assert VALUE not in repr(finding)


def test_a_keychain_that_one_program_writes_is_not_worth_a_word(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", VALUE)
    assert "lookup.writers" not in {each.check for each in look_at(unlocked).findings}


def test_locked_entries_are_told_by_digests(unlocked: Lab, keytar_in: Callable[[Lab], Keytar]) -> None:
    keytar_in(unlocked).set("svc", "acc", VALUE)
    unlocked.keyring_set("mine", VALUE)
    unlocked.restart_daemon()
    found = {writer_of(each) for each in open_store(unlocked.host()).entries()}
    assert found == {"keytar", "Python keyring library"}


@pytest.mark.parametrize(
    ("attributes", "label", "writer"),
    [
        ({"application": "rust-keyring", "target": "default"}, "keyring:u@s", "keyring-rs"),
        ({"application": "another"}, "", "another"),
        ({"target": "t"}, "keyring:u@s", OTHER),
        ({}, "Password for 'u' on 's'", "go-keyring"),
        ({}, "", OTHER),
    ],
)
def test_a_writer_is_told_by_marks_and_label(attributes: dict[str, str], label: str, writer: str) -> None:
    entry = Entry(f"{LOGIN}/1", LOGIN, label, {"service": "s", "username": "u", **attributes}, Secret("x"))
    assert writer_of(entry) == writer


def test_twins_and_other_forms_are_counted() -> None:
    def entry(path: str, **attributes: str) -> Entry:
        return Entry(path, LOGIN, "", {"service": "s", **attributes}, Secret("x"))

    rows = reconciled(
        [
            entry("/1", username="u", application="Python keyring library"),
            entry("/2", username="u"),
            entry("/3", account="u", **{"xdg:schema": SCHEMA}),
            entry("/4", username="undo", service="mcp-doctor-undo"),
            entry("/5", url="https://example.com"),
        ],
        LOGIN,
    )
    assert {each.entry.path: (each.twins, each.other_form) for each in rows} == {
        "/1": (1, True),
        "/2": (1, True),
        "/3": (0, True),
    }


@pytest.mark.parametrize(
    ("target", "seen_by"),
    [
        ("svc", ("keyring",)),
        ("acc@svc", ("keyring",)),
        ("SVC/acc", ("keytar",)),
        ("svc:acc", ("go-keyring",)),
        ("acc.svc", ("keyring-rs", "napi")),
    ],
)
def test_who_finds_which_name_on_windows(target: str, seen_by: tuple[str, ...]) -> None:
    from diagnostics.stores.windows.credential import Credential
    from diagnostics.stores.windows.entry import entry_of

    one = entry_of(Credential(target, "acc", b"x"))
    assert tuple(each.id for each in writers().values() if is_seen_by(one, each, "windows")) == seen_by


def test_on_windows_each_library_finds_its_own_and_on_macos_all_find_all() -> None:
    from diagnostics.stores.windows.credential import Credential
    from diagnostics.stores.windows.entry import entry_of

    theirs = entry_of(Credential("svc/acc", "acc", b"x"))
    (row,) = reconciled([theirs], "windows")
    assert (row.writer, row.seen_by) == ("keytar", ("keytar",))
    keychain = "/Users/me/Library/Keychains/login.keychain-db"
    shared = Entry(f"{keychain}#1", keychain, "svc", {"service": "svc", "username": "acc"}, Secret("x"))
    (row,) = reconciled([shared], keychain)
    assert row.seen_by == tuple(each.name for each in writers().values())


def test_a_service_may_look_like_a_field() -> None:
    assert writers()["keytar"].label_of("{account}", "me") == "{account}/me"
    assert writers()["keyring"].label_of("{account}", "me") == "Password for 'me' on '{account}'"


# ── the kernel's keyring ────────────────────────────────────────────────────────────────────────────────────

_KEYS = """\
10ae99c1 I--Q---     1 perm 3f030000  1000  1000 keyring   _ses: 1
2d31ba77 I--Q---     1 perm 3f010000  1000  1000 user      keyring:me@example.com@auth0-mcp: 6
2d31ba78 I--Q---     3   3d 3f010000  1000  1000 user      keyring-rs:secrets@goose: 900
2d31ba79 I--Q---     1 expd 3f010000  1000  1000 user      keyring:old@svc: 6
2d31ba7a I-DQ---     1 perm 3f010000  1000  1000 user      keyring:dead@svc: 6
2d31ba7b I--Q---     1 perm 3f010000  1001  1001 user      keyring:not-mine@svc: 6
2d31ba7c I--Q---     1  10m 3f0b0000  1000  1000 user      mcp-doctor:1bca51a8: 46
2d31ba7d I--Q---     1 perm 3f010000  1000  1000 user      keyring:without-service: 6
2d31ba7e I--Q---     1 perm 3f010000  1000  1000 user      keyring:a: b@x: 6: 12
"""


def test_the_kernels_list_is_read(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/keys").write_text(_KEYS + "nonsense\n\x1b[31m\n")
    host = Host(Platform.LINUX, Session.SSH, tmp_path, tmp_path, {}, uid=1000, root=tmp_path)
    found = kernel_keys(host)
    assert [(each.service, each.account, each.writer.id, each.left) for each in found] == [
        ("auth0-mcp", "me@example.com", "napi", "perm"),
        ("goose", "secrets", "keyring-rs", "3d"),
        ("x: 6", "a: b", "napi", "perm"),
    ]
    there = Entry("/e", LOGIN, "", {"service": "goose", "username": "secrets"}, Secret("x"))
    assert [each.service for each in only_there(found, [there])] == ["auth0-mcp", "x: 6"]
    assert json.dumps([each.name for each in found])
    assert kernel_keys(Host(Platform.LINUX, Session.SSH, tmp_path, tmp_path, {}, uid=1000)) == []
