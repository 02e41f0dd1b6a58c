"""Credentials in files of assignments and anywhere in a text; who can read a file; what git says of it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.plain.access import access_of, synced_by
from diagnostics.plain.assignment import assignments
from diagnostics.plain.held import held_at, held_by_assignments, tokens_in
from diagnostics.plain.repository import Tracked, ask_git, repository_of
from diagnostics.secret import Secret
from tests.support import tokens
from tests.support.platforms import IS_ROOT

TOKEN = tokens.github("plain")


# ── assignments ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "name", "value", "is_computed"),
    [
        ("A=b", "A", "b", False),
        ("export A=b # why", "A", "b", False),
        ("export A='b c'; export X=y", "A", "b c", False),
        ('A = "b c"', "A", "b c", False),
        ("set -gx A b", "A", "b", False),
        ("set -Ux A 'b c'", "A", "b c", False),
        ("set -x -g A b", "A", "b", False),
        ("setenv A b", "A", "b", False),
        ("declare -x A=b", "A", "b", False),
        ("export A=$(secret-tool lookup a b)", "A", "$(secret-tool lookup a b)", True),
        ('export A="`pass show x`"', "A", "`pass show x`", True),
        ("A=$OTHER", "A", "$OTHER", True),
        ("A='$b'", "A", "$b", False),
    ],
)
def test_a_line_that_sets_a_variable(line: str, name: str, value: str, is_computed: bool) -> None:
    (found,) = assignments("# A=comment\n\n" + line)
    assert (found.name, found.value.reveal(), found.line, found.is_computed) == (name, value, 3, is_computed)


@pytest.mark.parametrize(
    "line", ["# A=b", "if [ -f x ]; then", "A b", "export", "alias a=b", "echo A=b", "x" * 30_000]
)
def test_a_line_that_sets_none(line: str) -> None:
    assert not list(assignments(line))


# ── what is held ────────────────────────────────────────────────────────────────────────────────────────────


def test_credentials_are_told_from_other_values_by_name_and_shape() -> None:
    text = f"DEBUG=1\nGITHUB_TOKEN={TOKEN}\nANYTHING={TOKEN}\nDB_PASSWORD=hunter22x\nAPI_KEY=YOUR_KEY_HERE\nA_TOKEN=$(x)\n"
    found = held_by_assignments(text)
    assert [(each.line, each.name) for each in found] == [
        (2, "GITHUB_TOKEN"),
        (3, "ANYTHING"),
        (4, "DB_PASSWORD"),
    ]
    assert "GitHub" in found[0].provider
    assert found[0].shown.startswith("GITHUB_TOKEN=ghp_•••")
    assert found[2].shown == "DB_PASSWORD=•••"
    assert TOKEN[6:] not in repr(found) + " ".join(each.shown for each in found)


def test_only_the_named_variables_are_looked_at() -> None:
    assert not held_by_assignments(f"GITHUB_TOKEN={TOKEN}", {"OTHER"})


def test_tokens_anywhere_in_a_text() -> None:
    text = f'{{"a": 1,\n// "x": "{TOKEN}",\n"b": "Bearer {TOKEN}", "sum": "{"0a" * 20}"}}'
    (found,) = tokens_in(text)
    assert (found.line, found.prefix) == (2, "ghp_")
    assert TOKEN[6:] not in found.shown
    assert tokens_in(text, [Secret(TOKEN)]) == []


# ── who may read it ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can get to, so that a file's own mode decides."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("mode", "readers", "writers"),
    [(0o600, "", ""), (0o644, "all users", ""), (0o666, "all users", "all users"), (0o602, "", "all users")],
)
def test_others_by_mode(open_folder: Path, mode: int, readers: str, writers: str) -> None:
    path = open_folder / "x"
    path.touch()
    path.chmod(mode)
    access = access_of(path, "ada")
    assert access is not None
    assert (access.mode, access.readers, access.writers) == (mode, readers, writers)


def test_a_closed_folder_closes_what_is_in_it(open_folder: Path) -> None:
    path = open_folder / "in" / "x"
    path.parent.mkdir()
    path.touch()
    path.chmod(0o666)
    path.parent.chmod(0o700)
    access = access_of(path, "ada")
    assert access is not None
    assert not access.readers
    assert not access.writers


def test_a_folder_that_others_write_to(open_folder: Path) -> None:
    path = open_folder / "x"
    path.touch()
    path.chmod(0o600)
    open_folder.chmod(0o777)
    access = access_of(path, "ada")
    assert access is not None
    assert (access.writers, access.folder) == ("all users", open_folder)
    open_folder.chmod(0o1777)  # sticky: nobody removes what is another's
    access = access_of(path, "ada")
    assert access is not None
    assert not access.writers


@pytest.mark.skipif(not IS_ROOT, reason="gives a file to another group")
def test_a_group_that_others_are_in(open_folder: Path) -> None:
    import grp

    path = open_folder / "x"
    path.touch()
    try:
        os.chown(path, 0, grp.getgrnam("users").gr_gid)
    except KeyError:
        pytest.skip("no group `users` here")
    path.chmod(0o640)
    access = access_of(path, "ada")
    assert access is not None
    assert access.readers == "the group users"


def test_what_is_not_there() -> None:
    assert access_of(Path("/nonexistent/x"), "ada") is None


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/home/a/Dropbox/x/.mcp.json", "Dropbox"),
        ("/home/a/OneDrive - Firm/x", "OneDrive"),
        ("/Users/a/Library/Mobile Documents/x", "iCloud Drive"),
        ("/home/a/work/x", ""),
        ("/home/a/Dropbox", ""),
    ],
)
def test_synced_folders(path: str, service: str) -> None:
    assert synced_by(Path(path)) == service


# ── git ─────────────────────────────────────────────────────────────────────────────────────────────────────


def git(folder: Path, *words: str) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    name = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(("git", *name, *words), cwd=folder, env=env, check=True, capture_output=True, timeout=20)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/[x].json").write_text("{}")
    return tmp_path


def answer(repository: Path, path: str = "sub/[x].json") -> Tracked:
    found = repository_of(repository / path)
    assert found == repository.resolve()
    env = {"PATH": os.environ["PATH"], "HOME": str(repository), "GIT_DIR": "/nonexistent"}
    return ask_git(repository / path, found, env, 15).tracked


def test_what_git_says_of_a_file(repository: Path) -> None:
    assert answer(repository) is Tracked.LOOSE
    git(repository, "add", ":(literal)sub/[x].json")
    assert answer(repository) is Tracked.TRACKED  # staged is as good as committed
    git(repository, "commit", "-qm", "x")
    assert answer(repository) is Tracked.TRACKED
    git(repository, "rm", "-q", "--cached", ":(literal)sub/[x].json")
    git(repository, "commit", "-qm", "y")
    assert answer(repository) is Tracked.WAS_TRACKED


def test_an_ignored_file(repository: Path) -> None:
    (repository / ".gitignore").write_text("/sub/\n")
    assert answer(repository) is Tracked.IGNORED


def test_a_file_in_no_repository(tmp_path: Path) -> None:
    assert repository_of(tmp_path / "x") is None


def test_the_repository_runs_nothing(repository: Path) -> None:
    mark = repository / "ran"
    script = repository / "evil"
    script.write_text(f"#!/bin/sh\ntouch '{mark}'\n")
    script.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "diff.external",
        "gpg.program",
        "core.hooksPath",
    ):
        git(repository, "config", name, str(script) if name != "core.hooksPath" else str(repository))
    git(repository, "config", "log.showSignature", "true")
    assert answer(repository) is Tracked.LOOSE
    git(repository, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "add", ".")
    assert answer(repository) is Tracked.TRACKED
    assert not mark.exists()


def test_git_that_is_not_there_or_hangs(repository: Path) -> None:
    path = repository / "sub/[x].json"
    assert ask_git(path, repository, {"PATH": "/nonexistent"}).tracked is Tracked.UNKNOWN
    slow = repository / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    found = ask_git(path, repository, {"PATH": f"{slow.parent}:{os.environ['PATH']}"}, 0.3)
    assert (found.tracked, "did not answer" in found.said) == (Tracked.UNKNOWN, True)


def test_a_broken_repository_is_not_known(repository: Path) -> None:
    (repository / ".git/HEAD").write_text("nonsense")
    assert answer(repository) is Tracked.UNKNOWN


def test_a_credential_in_an_entry_says_whose_it_is() -> None:
    assert held_at("env.GITHUB_TOKEN", Secret(TOKEN)).shown.startswith("GITHUB_TOKEN=ghp_••• (GitHub")
    assert held_at("args[2]", Secret(TOKEN)).shown.endswith("ghp_•••")
    assert held_at("args[2]", Secret("Wq" * 8)).shown == "•••"


@pytest.mark.parametrize(
    "text", ["set -gx " + "-x " * 6000, "export " * 2800, "declare" + " -a" * 6000, "A=" + '"' * 19_000]
)
def test_hostile_lines_are_read_quickly(text: str) -> None:
    import time

    began = time.monotonic()
    list(assignments(f"{text}\n" * 20))
    assert time.monotonic() - began < 2
