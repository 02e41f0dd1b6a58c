"""What the config checks say about files and entries, and that every outcome has its words."""

import json
import tempfile
from pathlib import Path

import pytest

from diagnostics.catalog.causes import causes
from diagnostics.catalog.clients import clients
from diagnostics.catalog.wording import wording
from diagnostics.context import Options
from diagnostics.discovery import discover
from diagnostics.model import Platform, Status
from tests.support.configs import a_context, a_host, ask, one_file, worded, write

LONG = "Zx9" * 10
PARSER = Path(__file__).parents[4] / "diagnostics"


def outcomes_in(folder: Path) -> set[tuple[str, str, str]]:
    """(check, outcome, cause) of every `Problem(...)` and `_note(...)` in the sources of reading."""
    import ast

    found = set()
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name == "Problem":
                cause = node.args[1]
                found.add(("readable", str(node.args[0].value), str(getattr(cause, "value", ""))))
            elif name == "_note":
                found.add(("entries", str(node.args[0].value), ""))
            elif name == "_forgiven":
                for end in ("", "-perhaps"):
                    found.add(
                        ("readable", f"{node.args[0].value!s}{end}", str(getattr(node.args[1], "value", "")))
                    )
    return found


def test_every_problem_has_words_and_a_cause() -> None:
    found = outcomes_in(PARSER / "configs") | outcomes_in(PARSER)
    assert len(found) > 40
    for check, outcome, cause in found:
        here = [key for key in (f"config.{check}.{outcome}", f"config.entries.{outcome}") if key in wording()]
        assert here, f"{check}.{outcome} has no words"
        assert not cause or cause in causes()


BROKEN = {
    "empty": "",
    "list": "[]",
    "truncated": "{",
    "extra": "{} {}",
    "syntax": '{"a" 1}',
    "backslash": '{"a": "C:\\work"}',
    "deep": "[" * 100_000,
    "comment": '{"mcpServers": {}} // x',
    "comma": '{"mcpServers": {},}',
    "form": '{"mcpServers": "x", "a": {"b": 1}}',
    "key": '{"servers": {"a": {"command": "x"}}}',
    "no key": '{"a": {"command": "x"}}',
    "twice": '{"mcpServers": {"a": {"command": "x"}, "a": {"command": "x"}}}',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("client", sorted(clients()))
def test_whatever_is_wrong_with_a_file_is_said_in_words(tmp_path: Path, text: str, client: str) -> None:
    path = write(tmp_path / "x.json", text)
    context = a_context([one_file(path, client)], a_host(tmp_path))
    for said in worded("config.readable", context):
        assert "{" not in said.replace("{ ", "").replace("{}", "")


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbf{}", b"\xff\xfe{\0", b"a\0b\x01\x02c", b'{"a": "\xe9"}'])
def test_whatever_is_wrong_with_the_bytes_is_said_in_words(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(raw)
    (said,) = worded("config.readable", a_context([one_file(path, "claude-code")], a_host(tmp_path)))
    assert "UTF-8" in said or "zero byte" in said


def test_a_good_file_is_ok_and_an_absent_one_says_nothing(tmp_path: Path) -> None:
    write(tmp_path / ".cursor/mcp.json", {"mcpServers": {"a": {"command": "x"}}})
    host = a_host(tmp_path)
    context = a_context(discover(host, Options()), host)
    said = {file.client: ask("config.readable", context, file) for file in context.files}
    assert [each.status for each in said.pop("cursor")] == [Status.OK]
    assert not any(said.values())


def test_places_are_in_the_evidence(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", '{\n "a" 1}')
    context = a_context([one_file(path)], a_host(tmp_path))
    (verdict,) = ask("config.readable", context, context.files[0])
    assert verdict.evidence == (f"{path}:2:6",)
    assert verdict.status is Status.FAIL


def test_nothing_of_a_broken_files_content_is_shown(tmp_path: Path) -> None:
    for text in (f'{{"env": {{"T": "{LONG}"', f'{{"T": "{LONG}" 1}}', f'T = "{LONG}', f"[{LONG}]\n[{LONG}]"):
        for name in ("x.json", "x.toml"):
            context = a_context([one_file(write(tmp_path / name, text))], a_host(tmp_path))
            assert LONG not in " ".join(worded("config.readable", context))


ENTRIES = [
    "x", {}, {"type": "stdio"}, {"type": "http"}, {"url": "https://x"}, {"command": "x", "url": "https://x"},
    {"command": ["x"]}, {"command": 1}, {"command": "npx -y x"}, {"command": "x", "args": "y"},
    {"command": "x", "args": [1]}, {"command": "x", "env": []}, {"command": "x", "env": {"A": 1}}, {"command": "x", "cwd": 1},
    {"command": "x", "type": "y"}, {"transport": {"type": "http", "url": "https://x"}}, {"command": "C:\temp"},
    {"url": "https://x", "bearer_token": "y"}, {"command": "x", "disabled": True}, {"command": "x"},
]  # fmt: skip


@pytest.mark.parametrize("row", ENTRIES, ids=[json.dumps(each)[:40] for each in ENTRIES])
@pytest.mark.parametrize(
    "client", ["claude-code", "claude-desktop", "cursor", "vscode", "generic", "opencode"]
)
def test_whatever_is_wrong_with_an_entry_is_said_in_words(tmp_path: Path, row: object, client: str) -> None:
    from diagnostics.catalog import clients as catalogue

    one = catalogue.client(client)
    content: object = {"it": row}
    for key in reversed(one.servers[-1]):
        content = {key: content}
    file = one_file(write(tmp_path / "x.json", content), client)
    if not file.servers:
        pytest.fail("an entry vanished")
    context = a_context([file], a_host(tmp_path))
    said = worded("config.entries", context)
    assert said
    assert all("{" not in each.replace("{ ", "") for each in said)


def test_an_entrys_problem_is_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", {"mcpServers": {"bad": {}, "good": {"command": "x"}}})
    context = a_context([one_file(path, "cursor")], a_host(tmp_path))
    bad, good = context.servers
    assert [each.status for each in ask("config.entries", context, bad)] == [Status.FAIL]
    assert [each.status for each in ask("config.entries", context, good)] == [Status.OK]
    assert [each.status for each in ask("config.readable", context, context.files[0])] == [Status.OK]


@pytest.mark.parametrize(
    ("mode", "value", "warned"),
    [(0o644, LONG, True), (0o600, LONG, False), (0o640, LONG, False), (0o644, "${SECRET:x}", False)],
)
def test_a_file_with_credentials_that_others_can_read(mode: int, value: str, warned: bool) -> None:
    # not below tmp_path: pytest closes the folders above it to others
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        folder = Path(made).resolve()
        folder.chmod(0o755)
        path = write(folder / "x.json", {"mcpServers": {"a": {"command": "x", "env": {"API_KEY": value}}}})
        path.chmod(mode)
        context = a_context([one_file(path)], a_host(folder))
        verdicts = ask("config.file-mode", context, context.files[0])
        assert [each.cause for each in verdicts] == (["config_readable_by_others"] if warned else [])
        folder.chmod(0o700)
        assert not ask("config.file-mode", context, context.files[0])  # nobody else gets to the file


def test_file_modes_mean_nothing_on_windows(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", {"mcpServers": {"a": {"command": "x", "env": {"API_KEY": LONG}}}})
    host = a_host(tmp_path, platform=Platform.WINDOWS)
    context = a_context([one_file(path, host=host)], host)
    assert not ask("config.file-mode", context, context.files[0])


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_files_problem_is_one_line_for_the_report(tmp_path: Path, text: str) -> None:
    from diagnostics.configs.problem_words import in_one_line

    file = one_file(write(tmp_path / "x.json", text), "claude-code")
    for problem in file.problems:
        said = in_one_line(problem, file)
        assert said.isprintable()
        assert "{" not in said
        assert not problem.column or f"line {problem.line}" in said


def test_checks_over_a_thousand_servers_are_quick(tmp_path: Path) -> None:
    import time

    rows = {f"s{number}": {"command": "x", "env": {"A": 1, "TOKEN": "${X}"}} for number in range(1000)}
    context = a_context(
        [one_file(write(tmp_path / "x.json", {"mcpServers": rows}), "claude-code")], a_host(tmp_path)
    )
    began = time.monotonic()
    assert len(worded("config.entries", context)) == 1000
    assert len(worded("reference.environment", context)) == 1000
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("command", "client", "platform", "expected"),
    [
        ("npx", "claude-code", Platform.WINDOWS, ["windows-wrapper"]),
        ("npx", "claude-code", Platform.LINUX, ["ok"]),
        ("cmd", "claude-code", Platform.WINDOWS, ["ok"]),
        ("npx", "cursor", Platform.WINDOWS, ["ok"]),
    ],
)
def test_scripts_on_windows(
    tmp_path: Path, command: str, client: str, platform: Platform, expected: list[str]
) -> None:
    path = write(tmp_path / "mcp.json", {"mcpServers": {"it": {"command": command}}})
    host = a_host(tmp_path, platform=platform)
    context = a_context([one_file(path, client, host)], host)
    worded("config.entries", context)
    assert [each.outcome for each in ask("config.entries", context, context.servers[0])] == expected


@pytest.mark.parametrize(
    "row", [{"envFile": "x"}, {"disabled": True}, {"timeout": 5}, {"args": ["run", "i"], "env": {"A": "b"}}]
)
def test_what_a_client_passes_over_has_its_words(tmp_path: Path, row: dict[str, object]) -> None:
    path = write(tmp_path / "mcp.json", {"mcpServers": {"it": {"command": "docker", **row}}})
    host = a_host(tmp_path)
    (words,) = worded("config.entries", a_context([one_file(path, "claude-code", host)], host))
    assert "{" not in words.replace("{{", "")


def test_broken_yaml_and_xml_have_their_words(tmp_path: Path) -> None:
    texts = {"a.yaml": "a: &x 1", "b.yaml": "a: !t 1", "c.yaml": "a:\n\tb: 1", "d.xml": "<!DOCTYPE a><a/>"}
    host = a_host(tmp_path)
    files = [one_file(write(tmp_path / name, text), "continue", host) for name, text in texts.items()]
    words = worded("config.readable", a_context(files, host))
    assert len(words) == 4
    assert len(set(words)) == 4
