"""What the doctor says of itself, decided by facts alone: every outcome has its facts, its status and its words."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.catalog.wording import filled, wording
from diagnostics.check import Verdict
from diagnostics.itself import (
    clock,
    folders,
    keyring_library,
    keyring_settings,
    language,
    launcher,
    libraries,
    terminal,
)
from diagnostics.itself import python as its_python
from diagnostics.itself.requirement import Requirement, requirement
from diagnostics.model import Platform, Status
from diagnostics.stores.keyring_backend import KeyringChoice


def told(check: str, verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Outcome -> status of all verdicts; each must be told in words without a gap."""
    found = {}
    for each in verdicts:
        words = wording()[f"itself.{check}.{each.outcome}"]
        facts = {name: str(value) for name, value in each.facts.items()}
        for text in (words.title, words.detail, *words.fix):
            filled(text, facts)
        assert (
            bool(each.cause) is (each.status in {Status.WARN, Status.FAIL}) or each.status is Status.UNKNOWN
        )
        found[each.outcome] = each.status.value
    return found


# ── Python ──────────────────────────────────────────────────────────────────────────────────────────────────

PYTHON = its_python.PythonFacts(
    Platform.LINUX, (3, 12, 4), "/opt/doctor/bin/python", "/opt/doctor", "/usr", machine="x86_64"
)


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, "sound"),
        ({"made_for": "3.12"}, "sound"),
        ({"release": "candidate"}, "prerelease"),
        ({"implementation": "PyPy"}, "another-implementation"),
        ({"made_for": "3.11"}, "environment-of-another"),
        ({"translated": True}, "translated"),
        ({"executable": "/private/var/x/AppTranslocation/1/d/P.app/python"}, "translocated"),
        ({"executable": "/home/WindowsApps/python"}, "sound"),
        (
            {
                "platform": Platform.WINDOWS,
                "executable": r"C:\U\AppData\Local\Microsoft\WindowsApps\python.exe",
            },
            "store-package",
        ),
        ({"module_path": "/opt/ros/lib"}, "module-path"),
        ({"home_variable": "/usr"}, "home-variable"),
    ],
)
def test_python(change: dict[str, object], outcome: str) -> None:
    status = "ok" if outcome == "sound" else "warn"
    assert told("python", its_python.judge(replace(PYTHON, **change))) == {outcome: status}  # type: ignore[arg-type]


def test_several_troubles_of_python_are_all_told() -> None:
    facts = replace(PYTHON, module_path="/a", translated=True)
    assert set(told("python", its_python.judge(facts))) == {"module-path", "translated"}


def test_the_python_of_an_environment_is_read() -> None:
    assert its_python.made_for("home = /usr/bin\nversion = 3.11.9\n") == "3.11"
    assert its_python.made_for("version_info = 3.13.0.final.0\n") == "3.13"
    assert its_python.made_for("home = /usr/bin\n") == ""


# ── libraries ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("keyring>=25.7", Requirement("keyring", ((">=", "25.7"),))),
        ("textual<9,>=8.2", Requirement("textual", (("<", "9"), (">=", "8.2")))),
        ("PyYAML (>=6.0.2)", Requirement("pyyaml", ((">=", "6.0.2"),))),
        ("jeepney<1,>=0.9; sys_platform == 'linux'", Requirement("jeepney", (("<", "1"), (">=", "0.9")))),
        ('pywin32-ctypes; sys_platform == "win32"', None),
        ("hvac>=2.3; extra == 'vault'", Requirement("hvac", ((">=", "2.3"),), "vault")),
        ("!", None),
    ],
)
def test_a_requirement_is_read(line: str, wanted: Requirement | None) -> None:
    assert requirement(line, "linux") == wanted


@pytest.mark.parametrize(
    ("bounds", "version", "holds"),
    [
        (">=1.4,<2", "1.4.0", True),
        (">=1.4,<2", "1.10", True),
        (">=1.4,<2", "2.0", False),
        (">=1.4,<2", "1.3.9", False),
        ("==1.4", "1.4.0", True),
        ("~=1.4.2", "1.5", False),
        ("!=1.5", "1.5.0", False),
        (">=8.2", "8.2.0rc1", True),
    ],
)
def test_a_version_is_held_against_it(bounds: str, version: str, holds: bool) -> None:
    wanted = requirement(f"some{bounds}", "linux")
    assert wanted is not None
    assert wanted.admits(version) is holds


def test_our_own_requirements_are_all_understood() -> None:
    from packaging.requirements import Requirement as Reference

    lines = libraries.required()
    assert lines
    for line in lines:
        ours, right = requirement(line, "linux"), Reference(line)
        if right.marker is None or "extra" in line or right.marker.evaluate({"sys_platform": "linux"}):
            assert ours is not None
            assert {f"{sign}{version}" for sign, version in ours.bounds} == {
                str(each) for each in right.specifier
            }


WANTED = Requirement("keyring", ((">=", "25.7"), ("<", "27")))


@pytest.mark.parametrize(
    ("version", "trouble", "outcome", "status"),
    [
        ("25.7.0", "", "sound", "ok"),
        ("", None, "missing", "fail"),
        ("24.0", "", "too-old", "fail"),
        ("27.1", "", "too-new", "fail"),
        ("25.7.0", "ImportError: wrong ELF class", "broken", "fail"),
        ("25.7.0", None, "untried", "unknown"),
    ],
)
def test_libraries(version: str, trouble: str | None, outcome: str, status: str) -> None:
    facts = libraries.LibraryFacts(
        [libraries.Library(WANTED, version, trouble)], "pip", "/opt/my python/bin/python"
    )
    verdicts = list(libraries.judge(facts))
    assert told("libraries", verdicts) == {outcome: status}
    if outcome == "missing":
        mend = "'/opt/my python/bin/python' -m pip install --force-reinstall 'keyring>=25.7,<27'"
        assert str(verdicts[0].facts["mend"]) == mend


def test_a_copy_without_a_description_is_unknown() -> None:
    facts = libraries.LibraryFacts([], "pip", "python", described=False)
    assert told("libraries", libraries.judge(facts)) == {"undescribed": "unknown"}


def test_who_installed_it() -> None:
    assert libraries.installed_by("/home/a/.local/share/uv/tools/mcp-credential-doctor") == "uv"
    assert libraries.installed_by(r"C:\Users\a\pipx\venvs\mcp-credential-doctor") == "pipx"
    assert libraries.installed_by("/work/.venv") == "pip"


def test_an_import_that_ends_the_process_is_known_by_name() -> None:
    lines = '["a", null]\n["a", ""]\nnoise\n["b", null]\n'
    assert libraries.answers(lines, -11) == {"a": "", "b": "loading it ended the whole process (code -11)"}
    assert libraries.answers('["a", null]\n["a", "ImportError: x"]\n', 0) == {"a": "ImportError: x"}


# ── keyring ─────────────────────────────────────────────────────────────────────────────────────────────────

RC = "/home/a/.config/python_keyring/keyringrc.cfg"
NAMED = "[backend]\ndefault-keyring=keyring.backends.SecretService.Keyring\n"


@pytest.mark.parametrize(
    ("facts", "outcomes"),
    [
        (keyring_settings.SettingsFacts(RC), {"none": "ok"}),
        (keyring_settings.SettingsFacts(RC, "a.B"), {"by-variable": "ok"}),
        (keyring_settings.SettingsFacts(RC, text=NAMED), {"named": "ok"}),
        (keyring_settings.SettingsFacts(RC, "a.B", NAMED), {"two-settings": "warn"}),
        (keyring_settings.SettingsFacts(RC, text=NAMED, open_to_others=True), {"open-to-others": "warn"}),
        (keyring_settings.SettingsFacts(RC, text=NAMED + "keyring-path=/tmp\n"), {"loads-code": "warn"}),
        (
            keyring_settings.SettingsFacts(RC, text="[backends]\ndefault-keyring=a\n"),
            {"names-nothing": "warn"},
        ),
        (keyring_settings.SettingsFacts(RC, text="\ufeff[backend]\n"), {"malformed": "fail"}),
        (keyring_settings.SettingsFacts(RC, text="default-keyring=a"), {"malformed": "fail"}),
        (keyring_settings.SettingsFacts(RC, unreadable="Permission denied"), {"unreadable": "unknown"}),
    ],
)
def test_keyring_settings(facts: keyring_settings.SettingsFacts, outcomes: dict[str, str]) -> None:
    assert told("keyring-settings", keyring_settings.judge(facts)) == outcomes


@pytest.mark.parametrize(
    ("choice", "outcome", "status"),
    [
        (KeyringChoice("keyring.backends.SecretService.Keyring"), "sound", "ok"),
        (KeyringChoice("keyring.backends.fail.Keyring"), "reaches-none", "ok"),
        (KeyringChoice("keyring.backends.null.Keyring", variable="x"), "null", "fail"),
        (KeyringChoice("keyrings.alt.file.PlaintextKeyring"), "plaintext", "fail"),
        (
            KeyringChoice("keyring.backends.chainer.ChainerBackend", ("keyrings.alt.file.PlaintextKeyring",)),
            "plaintext",
            "fail",
        ),
        (KeyringChoice(error="No module named 'x'", config_file=RC, configured="x.Y"), "unloadable", "fail"),
    ],
)
def test_keyring_choice(choice: KeyringChoice, outcome: str, status: str) -> None:
    assert told("keyring-library", keyring_library.judge(choice)) == {outcome: status}


# ── folders ─────────────────────────────────────────────────────────────────────────────────────────────────

STATE = folders.FolderFacts(
    "state", "/home/a/.local/state/mcp-doctor", owner=7, uid=7, mode=0o700, free=10**9
)


@pytest.mark.parametrize(
    ("change", "outcome", "status"),
    [
        ({}, "sound", "ok"),
        ({"exists": False, "nearest": "/home/a", "owner": None, "mode": None}, "sound", "ok"),
        ({"exists": False, "nearest": "/", "owner": None, "writable": False}, "not-makeable", "fail"),
        ({"is_folder": False}, "no-folder", "fail"),
        ({"owner": 0}, "foreign", "fail"),
        ({"writable": False}, "not-writable", "fail"),
        ({"read_only": True, "writable": False}, "read-only", "fail"),
        ({"free": 1000}, "full", "fail"),
        ({"free": 5 << 20}, "nearly-full", "warn"),
        ({"mode": 0o755}, "open-to-others", "warn"),
        ({"role": "settings", "mode": 0o755}, "sound", "ok"),
        ({"role": "settings", "mode": 0o775}, "settings-open", "warn"),
        ({"file_system": "nfs4"}, "shared-disk", "warn"),
        ({"trouble": "Permission denied"}, "no-look", "unknown"),
        ({"owner": None, "uid": None, "mode": None}, "sound", "ok"),
        ({"no_programs": True}, "sound", "ok"),
    ],
)
def test_folders(change: dict[str, object], outcome: str, status: str) -> None:
    assert told("folders", folders.judge([replace(STATE, **change)])) == {outcome: status}  # type: ignore[arg-type]


def test_the_file_system_is_that_of_the_deepest_mount() -> None:
    mounts = ["/dev/a / ext4 rw 0 0", r"srv:/x /home/my\040home nfs4 rw 0 0", "tmpfs /home tmpfs rw 0 0"]
    assert folders.file_system(Path("/home/my home/.local"), mounts) == "nfs4"
    assert folders.file_system(Path("/home/b"), mounts) == "tmpfs"
    assert folders.file_system(Path("/homely"), mounts) == "ext4"


# ── language and terminal ───────────────────────────────────────────────────────────────────────────────────

SPOKEN = language.LanguageFacts(Platform.LINUX, "de_DE.UTF-8", "LANG", "de_DE.UTF-8", "utf-8", "utf-8")


@pytest.mark.parametrize(
    ("change", "outcomes"),
    [
        ({}, {"sound"}),
        ({"asked": "", "asked_by": "", "in_use": "C.UTF-8"}, {"sound"}),
        ({"asked": "C", "in_use": "C.UTF-8"}, {"sound"}),
        ({"in_use": "C.UTF-8"}, {"not-installed"}),
        ({"in_use": "C", "output": "ascii", "files": "ascii"}, {"output", "file-names"}),
        ({"platform": Platform.WINDOWS, "output": "cp1252"}, {"code-page"}),
        ({"platform": Platform.WINDOWS, "asked": "", "output": "cp437", "in_use": "C"}, {"code-page"}),
        ({"output": ""}, {"sound"}),
    ],
)
def test_language(change: dict[str, object], outcomes: set[str]) -> None:
    assert set(told("language", language.judge(replace(SPOKEN, **change)))) == outcomes  # type: ignore[arg-type]


SHOWN = terminal.TerminalFacts(Platform.LINUX, True, True, "xterm-256color", 120, 40)


@pytest.mark.parametrize(
    ("change", "outcomes"),
    [
        ({}, {"sound"}),
        ({"within": "tmux", "no_colour": True}, {"sound"}),
        ({"output_is_terminal": False}, {"none"}),
        ({"term": "dumb"}, {"dumb"}),
        ({"term": ""}, {"dumb"}),
        ({"term": "", "platform": Platform.WINDOWS}, {"sound"}),
        ({"platform": Platform.WINDOWS, "understands_sequences": False}, {"old-console"}),
        ({"input_is_terminal": False, "columns": 60}, {"no-keyboard", "small"}),
    ],
)
def test_terminal(change: dict[str, object], outcomes: set[str]) -> None:
    assert set(told("terminal", terminal.judge(replace(SHOWN, **change)))) == outcomes  # type: ignore[arg-type]


# ── launcher and clock ──────────────────────────────────────────────────────────────────────────────────────

MINE = launcher.Found("/home/a/.local/bin/mcp-doctor", ours=True, this=True)
OLDER = launcher.Found("/usr/bin/mcp-doctor", ours=True)
FOREIGN = launcher.Found("/usr/local/bin/mcp-doctor", ours=False)


@pytest.mark.parametrize(
    ("found", "of_a_desktop", "outcome", "status"),
    [
        ([MINE], None, "found", "ok"),
        ([MINE, FOREIGN], [MINE], "found", "ok"),
        ([FOREIGN, MINE], None, "another-program", "fail"),
        ([OLDER, MINE], None, "another-installation", "warn"),
        ([], None, "not-on-path", "warn"),
        ([MINE], [], "not-for-the-desktop", "warn"),
        ([MINE], [FOREIGN, MINE], "not-for-the-desktop", "warn"),
    ],
)
def test_launcher(
    found: list[launcher.Found], of_a_desktop: list[launcher.Found] | None, outcome: str, status: str
) -> None:
    facts = launcher.LauncherFacts(found, of_a_desktop, "/usr/bin:/bin", MINE.path)
    assert told("launcher", launcher.judge(facts)) == {outcome: status}


@pytest.mark.parametrize(
    ("facts", "outcome", "status"),
    [
        (clock.ClockFacts(2e9, 1.9e9, True), "kept", "ok"),
        (clock.ClockFacts(2e9, None, None), "plausible", "ok"),
        (clock.ClockFacts(0.0, None, True), "before-us", "fail"),
        (clock.ClockFacts(2e9, 2e9 + 3600, True), "before-our-records", "warn"),
        (clock.ClockFacts(2e9, 2e9 + 1, False), "plausible", "ok"),
    ],
)
def test_clock(facts: clock.ClockFacts, outcome: str, status: str) -> None:
    assert told("clock", clock.judge(facts)) == {outcome: status}
