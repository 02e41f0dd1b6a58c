"""No line that says what to do names another system's command: every wording, as Linux, macOS and Windows show it."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from diagnostics.catalog.signatures import signatures
from diagnostics.catalog.wording import wording
from diagnostics.check import all_checks
from diagnostics.command_lines import on, quoting
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.fix_lines import fix_on
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.runner import diagnose
from diagnostics.stores import open_store

LINUX, MACOS, WINDOWS = Platform.LINUX, Platform.MACOS, Platform.WINDOWS
UNIX = {LINUX, MACOS}

SHOWN_ON: Mapping[str, set[Platform]] = {
    "backend.user": {LINUX},
    "backend.place": {LINUX},
    "backend.session-bus": {LINUX},
    "backend.provider": {LINUX},
    "backend.stray-daemons": {LINUX},
    "backend.encryption": {LINUX},
    "permission.keyring-files": {LINUX},
    "permission.collection-locked": {LINUX},
    "permission.default-collection": {LINUX},
    "lookup.kernel-keyring": {LINUX},
    "lookup.wallet-value": {LINUX},
    "lookup.confirmation": {LINUX},
    "lookup.keytar.twins": {LINUX},
    "lookup.keytar.no-schema": {LINUX, WINDOWS},
    "lookup.auth0-session.no-libsecret": {LINUX},
    "config.extension.sealed-with-fixed-password": {LINUX},
    "config.file-mode": UNIX,
    "start.command.wrong-format": {LINUX},
    "start.command.not-executable": UNIX,
    "start.command.windows-line-ends": UNIX,
    "itself.language.file-names": UNIX,
    "itself.language.output": UNIX,
    "itself.language.not-installed": UNIX,
    "itself.language.code-page": {WINDOWS},
    "itself.keyring-settings.open-to-others": UNIX,
    "backend.macos-keychains": {MACOS},
    "permission.macos-keychain": {MACOS},
    "lookup.macos-access": {MACOS},
    "backend.credential-manager": {WINDOWS},
    "lookup.windows-entry": {WINDOWS},
}
"""Checks and outcomes that one system alone can come to: their stores and files are nowhere else. All others are shown on all."""

_UNIX = {
    "chmod", "chown", "ls", "mv", "export", "unset", "kill", "ps", "python3", "printenv", "env", "date", "df", "sudo",
    "uname", "command", "read",
}  # fmt: skip
EVERYWHERE = {
    "mcp-doctor", "mcp-secrets", "uv", "pipx", "pip", "npx", "npm", "node", "claude", "amp", "git", "vault", "aws",
    "kubectl", "ssh", "docker", "tmux", "uvx", "pass", "curl",
}  # fmt: skip
OF: Mapping[Platform, set[str]] = {
    LINUX: _UNIX | {
        "sed", "su", "timedatectl", "loginctl", "apt", "dnf", "snap", "flatpak", "findmnt", "getent", "locale-gen", "sh",
        "secret-tool", "claude-desktop", "kwriteconfig{version}", "keepassxc", "systemctl", "python",
        "ss", "ip", "rm", "usermod", "control",
    },
    MACOS: _UNIX | {"security", "brew", "perl", "dscacheutil", "sntp", "lsof", "netstat", "open", "rm"},
    WINDOWS: {
        "dir", "move", "icacls", "takeown", "nslookup", "where.exe", "Get-Date", "w32tm", "Remove-Item", "schtasks",
        "sc.exe", "chcp", "python", "py", "netstat", "route", "winget", "control",
    },
}  # fmt: skip
FOREIGN = {
    LINUX: r"Keychain Access|PowerShell|winget|pywin32",
    MACOS: r"secretstorage|gnome-keyring|systemd|seahorse|libsecret|KWallet|D-Bus|PowerShell|winget|pywin32",
    WINDOWS: r"secretstorage|gnome-keyring|systemd|seahorse|libsecret|KWallet|D-Bus|Keychain Access|chmod|brew ",
}
"""What a line for another system would speak of."""


def shown_on(key: str) -> set[Platform]:
    check = ".".join(key.split(".")[:2])
    return SHOWN_ON.get(key) or SHOWN_ON.get(check) or set(Platform)


@pytest.mark.parametrize("platform", list(Platform))
def test_no_line_names_another_systems_command(platform: Platform) -> None:
    wrong = [
        f"{key}: {line}"
        for key, words in wording().items()
        if platform in shown_on(key)
        for line in words.fix_for(platform)
        if not _is_of(line, platform) or re.search(FOREIGN[platform], line)
    ]
    assert not wrong, "\n".join(wrong)


_OF_ONE_SYSTEM = re.compile(
    r"(dbus|keyring|secret_service|kwallet|snap|macos|windows|libsecret|credential_store)_"
)
"""Causes that name their system: whoever explains such a text elsewhere has it from there."""


@pytest.mark.parametrize("platform", list(Platform))
def test_neither_does_a_line_that_explains_an_error(platform: Platform, tmp_path: Path) -> None:
    host = Host(platform, Session.LOCAL, tmp_path, tmp_path, {}, 0, "ada")
    wrong = [
        f"{each.cause}: {line}"
        for each in signatures()
        if not _OF_ONE_SYSTEM.match(each.cause)
        for line in fix_on(each, "", host)
        if not _is_of(line, platform) or "{{" in line
    ]
    assert not wrong, "\n".join(wrong)


def test_what_is_said_to_be_shown_on_one_system_is_there() -> None:
    keys = list(wording())
    assert [
        each for each in SHOWN_ON if not any(key == each or key.startswith(f"{each}.") for key in keys)
    ] == []


def _is_of(line: str, platform: Platform) -> bool:
    if not line.startswith("$ "):
        return True
    first, *rest = line.removeprefix("$ ").split()
    word = next((each for each in rest if not each.startswith("-")), first) if first == "sudo" else first
    known = OF[platform] | EVERYWHERE
    return first.startswith(("{", "$env:")) or (first in known and (word in known or word.startswith("{")))


@pytest.mark.parametrize(
    ("line", "windows"),
    [
        ("$ export A=1 B=/path/to/x", ['$ $env:A = "1"', '$ $env:B = "C:\\path\\to\\x"']),
        ("$ unset A B", ["$ Remove-Item Env:A", "$ Remove-Item Env:B"]),
        ("$ env -u A mcp-doctor", ["$ Remove-Item Env:A", "$ mcp-doctor"]),
        ("$ mv {file} {file}.aside", ["$ move {file} {file}.aside"]),
        ("$ chmod 600 {file}", ['$ icacls {file} /inheritance:r /grant:r "${{env:USERNAME}}:F"']),
        ("Words. $ not a command", ["Words. $ not a command"]),
    ],
)
def test_in_the_words_of_windows(line: str, windows: list[str]) -> None:
    assert list(on([line], WINDOWS)) == windows
    assert list(on([line], LINUX)) == [line]


HOSTILE = (
    "a b",
    "a;b",
    "a'b",
    'a"b',
    "$(calc)",
    "%PATH%",
    "a&calc",
    "a|b",
    "`x`",
    "!x!",
    "a\nb",
    "",
    "-x",
    "ä b",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_is_one_word_whatever_it_holds(text: str) -> None:
    quoted = quoting(WINDOWS)(text)
    assert quoted[0] == quoted[-1] == '"' or re.fullmatch(r"[\w./\\:+=-]+", quoted)
    assert not set(quoted[1:-1]) & set('"%!^&|<>$`\n')
    assert shlex.split(quoting(LINUX)(text)) == [text]


def test_what_is_plain_stays_as_it_is() -> None:
    assert quoting(WINDOWS)(r"C:\Users\ada\mcp.json") == r"C:\Users\ada\mcp.json"
    assert quoting(WINDOWS)(r"C:\Program Files\x") == r'"C:\Program Files\x"'


@pytest.mark.parametrize(
    ("platform", "command"),
    [
        (LINUX, "$ command -v 'no such & tool'"),
        (MACOS, "$ command -v 'no such & tool'"),
        (WINDOWS, '$ where.exe "no such ? tool"'),
    ],
)
def test_a_finding_shows_the_systems_own_command(tmp_path: Path, platform: Platform, command: str) -> None:
    config = tmp_path / "mcp.json"
    config.write_text('{"mcpServers": {"gh": {"command": "no such & tool"}}}')
    host = Host(platform, Session.LOCAL, tmp_path, tmp_path, {"PATH": "/nowhere"}, 0, "ada", tmp_path)
    asked = Options(config=(config,), client="claude-desktop", offline=True)
    files = discover(host, asked)
    servers = [each for file in files for each in file.servers]
    context = Context(host, asked, files, servers, open_store(host))
    checks = [each for each in all_checks() if each.id == "start.command"]
    (finding,) = diagnose(context, checks)
    assert (finding.outcome, finding.fix[-1]) == ("not-found", command)
