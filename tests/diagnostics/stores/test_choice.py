"""The choice of the encrypted store: by a variable, by a settings file, and never by a file that can't be understood."""

import dataclasses
import json
import os
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.stores import FILE_STORE_VARIABLE, open_store, uses_file_store
from diagnostics.stores.choice import choice_of, in_words_of_the_file, settings_path, settings_text
from diagnostics.stores.file_store import FileStoreError, identity_path, read_store
from diagnostics.stores.one_entry import Entries

GOOD = 'store = "file"\nidentity = "/keys/id"\n'


def host_with(folder: Path, text: str | bytes | None, **env: str) -> Host:
    host = Host(Platform.LINUX, Session.LOCAL, folder, folder, {"PATH": "", **env}, os.getuid(), "dev")
    if text is not None:
        settings_path(host).parent.mkdir(parents=True)
        settings_path(host).write_bytes(text.encode() if isinstance(text, str) else text)
    return host


def test_nobody_chose(tmp_path: Path) -> None:
    assert choice_of(host_with(tmp_path, None)) is None


def test_the_settings_file_chooses_without_any_variable(tmp_path: Path) -> None:
    host = host_with(tmp_path, GOOD)
    assert open_store(host).subject.kind == "file"
    assert identity_path(host) == Path("/keys/id")
    choice = choice_of(host)
    assert choice is not None
    assert choice.by == str(tmp_path / ".config/mcp-doctor/store.toml")


def test_the_settings_file_lies_where_the_variable_of_the_system_says(tmp_path: Path) -> None:
    host = host_with(tmp_path, GOOD, XDG_CONFIG_HOME=str(tmp_path / "elsewhere"))
    assert settings_path(host) == tmp_path / "elsewhere/mcp-doctor/store.toml"
    assert uses_file_store(host)


def test_the_variable_overrides_the_file_and_an_empty_one_does_not(tmp_path: Path) -> None:
    host = host_with(tmp_path, GOOD)
    other = dataclasses.replace(host, env={FILE_STORE_VARIABLE: "/other/key"})
    assert identity_path(other) == Path("/other/key")
    empty = dataclasses.replace(host, env={FILE_STORE_VARIABLE: ""})
    assert identity_path(empty) == Path("/keys/id")


def test_other_systems_never_use_it(tmp_path: Path) -> None:
    assert choice_of(dataclasses.replace(host_with(tmp_path, GOOD), platform=Platform.MACOS)) is None


def test_a_home_folder_is_filled_in(tmp_path: Path) -> None:
    assert identity_path(host_with(tmp_path, settings_text("~/k"))) == tmp_path / "k"


@pytest.mark.parametrize("path", ["/keys/id", '/with "quotes"/id', "/ümläut/\\id"])
def test_what_we_write_is_read_and_fits_the_schema(tmp_path: Path, path: str) -> None:
    import tomllib

    schema = json.loads(files("diagnostics.stores").joinpath("store.schema.json").read_text("utf-8"))
    jsonschema.validate(tomllib.loads(settings_text(path)), schema)
    assert identity_path(host_with(tmp_path, settings_text(path))) == Path(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "store is missing"),
        ("store = file", "line 1"),
        ('store = "file"\n', "identity is missing"),
        ('store = "file"\nidentity = 7\n', "line 2: identity is 7"),
        ('store = "keychain"\nidentity = "/k"\n', "line 1: store is 'keychain'"),
        ('store = "file"\nidentity = ""\n', "line 2"),
        ('store = "file"\nidentitty = "/k"\n', "line 2: there is no setting 'identitty'"),
        ('[store]\nkind = "file"\n', "line 1: store is"),
        (b'store = "\xff\xfe"\n', "not UTF-8"),
        ("a = " + "[" * 3000, "store.toml"),
        ("x" * 70_000, "more than"),
    ],
)
def test_a_settings_file_that_is_wrong_serves_nothing_from_anywhere(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    host = host_with(tmp_path, text)
    assert open_store(host).subject.kind == "file"
    with pytest.raises(FileStoreError, match=r"store\.toml") as caught:
        read_store(host)
    assert caught.value.outcome == "bad-settings"
    assert said in str(caught.value)
    with Entries(host) as entries, pytest.raises(FileStoreError):
        entries.read("one")


def test_a_path_that_is_not_absolute(tmp_path: Path) -> None:
    with pytest.raises(FileStoreError, match="absolute") as caught:
        identity_path(host_with(tmp_path, settings_text("keys/id")))
    assert caught.value.outcome == "bad-path"


def test_whoever_else_can_write_it_does_not_choose(tmp_path: Path) -> None:
    host = host_with(tmp_path, GOOD)
    settings_path(host).chmod(0o666)
    with pytest.raises(FileStoreError, match="everybody can write it"):
        identity_path(host)
    settings_path(host).chmod(0o600)
    if os.getuid() == 0:
        os.chown(settings_path(host), 12345, -1)
        with pytest.raises(FileStoreError, match="another user"):
            identity_path(host)


@pytest.mark.parametrize("kind", ["folder", "pipe", "unreadable"])
def test_what_stands_there_and_is_no_file(tmp_path: Path, kind: str) -> None:
    host = host_with(tmp_path, None)
    path = settings_path(host)
    path.parent.mkdir(parents=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path)
    with pytest.raises(FileStoreError) as caught:
        identity_path(host)
    assert caught.value.outcome == "bad-settings"


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("No entry x in the keychain", "No entry x in the encrypted store"),
        ("The keychain's entries can be read", "The encrypted store's entries can be read"),
        ("Move it to a keychain.", "Move it to an encrypted store."),
        ("the default keychain", "the encrypted store"),
        ("keychains of other programs", "keychains of other programs"),
        ("keychain-token is in the keychain: good", "keychain-token is in the encrypted store: good"),
        (
            "the file /x/keychain and “keychain” and 'keychain'",
            "the file /x/keychain and “keychain” and 'keychain'",
        ),
        ("nothing of the kind", "nothing of the kind"),
    ],
)
def test_the_words_name_the_store(said: str, instead: str) -> None:
    assert in_words_of_the_file(said) == instead
