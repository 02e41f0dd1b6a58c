"""Edits of configs: everything but the edited values stays byte for byte, whatever the file is like."""

import json
import tomllib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.catalog.clients import client
from diagnostics.configs.client_file import document_of
from diagnostics.configs.edit import EditError, Planned, edited, plan
from diagnostics.configs.toml_places import places
from diagnostics.secret import Secret

VALUE = "".join(("tok", "-", "made-up-", "0123456789"))
REFERENCE = "${SECRET:github_token}"
LAUNCHER = ('/opt/it\'s "here"/mcp-doctor', "run", "--")

_texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co", "Cf", "Zl", "Zp")), max_size=12)
_blank = st.sampled_from(["", " ", "  ", "\t", "\n", "\r\n", "\n    "])
_json_blank = st.sampled_from(["", " ", "\n  ", "\r\n", "/* c */", "// c\n", ' /* "x": 1, } */ '])


def planned(text: str, notation: str, client_id: str, way: Sequence[str], *, wrap: bool = True) -> Planned:
    launcher = LAUNCHER if wrap else ()
    return plan(text, notation, client(client_id), tuple(way), Secret(VALUE), REFERENCE, launcher)


def check_bytes(text: str, done: Planned) -> None:
    """What lies between the edits is as it was, and the edits undone give the old text."""
    at, rest = 0, done.text
    for each in sorted(done.edits, key=lambda edit: (edit.start, edit.end)):
        between = text[at : each.start] + each.new
        assert rest.startswith(between)
        rest = rest[len(between) :]
        at = each.end
    assert rest == text[at:]
    assert edited(text, done.edits) == done.text
    assert VALUE not in done.text


@st.composite
def json_configs(draw: st.DrawFn) -> tuple[str, str, bool]:
    """A config with comments, trailing commas and odd layout; the server's name; whether it has arguments."""

    def b() -> str:
        return draw(_json_blank)

    def obj(pairs: Sequence[tuple[str, str]]) -> str:
        inner = ",".join(f"{b()}{json.dumps(key)}{b()}:{b()}{value}{b()}" for key, value in pairs)
        return "{" + inner + draw(st.sampled_from(["", ","] if pairs else [""])) + b() + "}"

    ascii_only = draw(st.booleans())

    def text(value: str) -> str:
        return json.dumps(value, ensure_ascii=ascii_only)

    args = draw(st.none() | st.lists(_texts, max_size=3))
    env = [(f"V{number}", text(value)) for number, value in enumerate(draw(st.lists(_texts, max_size=3)))]
    env.insert(
        draw(st.integers(0, len(env))), ("TOKEN", text(draw(st.sampled_from(["", "Bearer "])) + VALUE))
    )
    entry = [("command", text(draw(_texts.filter(bool)))), ("env", obj(env))]
    if args is not None:
        listed = "[" + b() + ",".join(f"{b()}{text(each)}{b()}" for each in args) + "]"
        entry.insert(draw(st.integers(0, 2)), ("args", listed))
    name = draw(_texts.filter(bool))
    others = [
        (other, obj([("command", '"x"')]))
        for other in draw(st.lists(_texts, max_size=2, unique=True))
        if other != name
    ]
    return (
        b() + obj([("before", "[1, {}]"), ("mcpServers", obj([*others, (name, obj(entry))]))]) + b(),
        name,
        args is not None,
    )


@given(json_configs(), st.booleans())
def test_json_keeps_all_else(config: tuple[str, str, bool], wrap: bool) -> None:
    text, name, has_args = config
    done = planned(text, "json", "claude-desktop", ("mcpServers", name), wrap=wrap)
    check_bytes(text, done)
    assert len(done.edits) == (3 if wrap else 1)
    before = document_of(text, "json").data["mcpServers"][name]
    after = document_of(done.text, "json").data["mcpServers"][name]
    assert after["env"] == {key: value.replace(VALUE, REFERENCE) for key, value in before["env"].items()}
    if wrap:
        assert after["command"] == LAUNCHER[0]
        assert after["args"] == ["run", "--", before["command"], *before.get("args", [])]
    assert has_args == ("args" in before)


@given(
    st.lists(_texts, max_size=3),
    st.sampled_from(["basic", "literal", "multi-basic", "multi-literal"]),
    st.sampled_from(["table", "inline", "dotted"]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_toml_keeps_all_else(
    args: list[str], quoting: str, layout: str, has_args: bool, newline: str, many_lines: bool
) -> None:
    value = {
        "basic": f'"{VALUE}"', "literal": f"'{VALUE}'",
        "multi-basic": f'"""{VALUE}"""', "multi-literal": f"'''\n{VALUE}'''",
    }[quoting]  # fmt: skip
    between = f",{newline}    # ] it's\n    " if many_lines else ", "
    listed = "[" + (f"{newline}    " if many_lines else "") + between.join(map(_toml, args)) + "]"
    line = [f"args = {listed}  # [x]"] if has_args else []
    env = {
        "table": ["", '[mcp_servers."a b".env] # t', f"TOKEN = {value}", 'X = """a', '[no] = "table"', '"""'],
        "inline": [f"env = {{ X = 1.5, TOKEN = {value} }}"],
        "dotted": [f"env.TOKEN = {value} # d", "env.X = 1979-05-27 07:32:00"],
    }[layout]
    lines = [
        "# top",
        "[other]",
        "[[list]]",
        "a = 1",
        "[[list]]",
        "",
        '[mcp_servers."a b"]',
        "command = 'np x'",
        *line,
        *env,
    ]
    text = newline.join([*lines, "", "[end]", "b = [[1, 2], [{ c = 'd' }]]"])
    done = planned(text, "toml", "codex", ("mcp_servers", "a b"))
    check_bytes(text, done)
    after = tomllib.loads(done.text)["mcp_servers"]["a b"]
    assert after["args"] == ["run", "--", "np x", *(args if has_args else [])]
    assert after["command"] == LAUNCHER[0]
    assert after["env"]["TOKEN"].strip() == REFERENCE


def _toml(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


@given(
    st.lists(_texts, max_size=3),
    st.sampled_from(["plain", "single", "double", "block"]),
    st.sampled_from(["list", "flow", "none"]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
def test_yaml_keeps_all_else(args: list[str], quoting: str, layout: str, first: bool, newline: str) -> None:
    value = {
        "plain": f"{VALUE}   # secret", "single": f"'{VALUE}'", "double": f'"{VALUE}"  # s', "block": f"|-{newline}        {VALUE}",
    }[quoting]  # fmt: skip
    listed = {
        "list": ["    args: # a", *(f"    - {_toml(each)} # ]" for each in args)] if args else [],
        "flow": [f"    args: [{', '.join(map(_toml, args))}]"],
        "none": [],
    }[layout]
    head = ["  - command: np x   # c", "    name: it"] if first else ["  - name: it", "    command: 'np x'"]
    lines = [
        "# top",
        "a: {b: [1, 2]}",
        "mcpServers:",
        *head,
        *listed,
        "    env:",
        "      X: é",
        f"      TOKEN: {value}",
    ]
    text = newline.join([*lines, "z: 1", ""])
    done = planned(text, "yaml", "continue", ("mcpServers", "0"))
    check_bytes(text, done)
    after = document_of(done.text, "yaml").data["mcpServers"][0]
    assert after["args"] == ["run", "--", "np x", *(args if layout != "none" else [])]
    assert after["env"] == {"X": "é", "TOKEN": REFERENCE}


@given(
    st.recursive(
        st.integers() | _texts | st.booleans(), lambda inner: st.lists(inner, max_size=3), max_leaves=8
    ),
    _blank,
)
def test_every_value_of_a_toml_text_is_where_its_place_says(value: object, blank: str) -> None:
    written = _written(value)
    text = f"{blank}[a.'b c']{blank.strip(' ')}\n x . \"y\" = {written} # z\n[[t]]\n[[t]]\nq = 1"
    found = places(text)
    place = found[("a", "b c", "x", "y")]
    assert text[place.start : place.end] == written
    assert found[("t", "1", "q")].end == len(text)


def _written(value: object) -> str:
    if isinstance(value, list):
        return "[" + ",\n # ]\n".join(map(_written, value)) + "]"
    return _toml(value) if isinstance(value, str) else json.dumps(value)


def test_a_list_that_holds_the_command_gets_the_words_before_it() -> None:
    text = (
        '{"mcp": {"it": {"command": [\r\n\t"npx",\r\n\t"'
        + VALUE
        + '"], "environment": {"T": "'
        + VALUE
        + '"}}}}'
    )
    done = planned(text, "json", "opencode", ("mcp", "it"))
    check_bytes(text, done)
    assert json.loads(done.text)["mcp"]["it"]["command"] == [*LAUNCHER, "npx", REFERENCE]
    assert done.fields == ("env.T", "args[0]")


def test_a_value_that_is_written_with_escapes_is_found() -> None:
    text = '{"mcpServers": {"it": {"command": "x", "env": {"T": "' + VALUE.replace("-", "\\u002d") + '"}}}}'
    done = planned(text, "json", "claude-desktop", ("mcpServers", "it"), wrap=False)
    assert done.text == text.replace(VALUE.replace("-", "\\u002d"), REFERENCE)


def test_other_entries_keep_the_same_value() -> None:
    entry = {"command": "x", "env": {"T": VALUE}}
    text = json.dumps({"mcpServers": {"a": entry, "b": entry}})
    done = planned(text, "json", "claude-desktop", ("mcpServers", "b"))
    assert json.loads(done.text)["mcpServers"]["a"] == entry


def test_what_the_launcher_starts_already_is_not_wrapped_again() -> None:
    entry = {"command": "mcp-doctor", "args": ["run", "--", "x"], "env": {"T": VALUE}}
    done = planned(json.dumps({"mcpServers": {"a": entry}}), "json", "claude-desktop", ("mcpServers", "a"))
    assert not done.wraps
    assert json.loads(done.text)["mcpServers"]["a"]["args"] == ["run", "--", "x"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"mcpServers": {"a": {"command": "x", "env": {"T": "V", "T": "V"}}}}', "stands twice"),
        ('{"mcpServers": {"a": {"command": "x", "args": "V", "env": {"T": "V"}}}}', "no list"),
        ('{"mcpServers": {"a": {"command": {"path": "x"}, "env": {"T": "V"}}}}', "no command"),
        ('{"mcpServers": {"a": {"command": "x", "env": {"T": "other"}}}}', "no longer stands"),
        ('{"mcpServers": {"b": {"command": "x"}}}', "no longer there"),
        ('{"mcpServers": {"a": ', "can't be parsed"),
    ],
)
def test_what_can_not_be_edited_is_said(text: str, said: str) -> None:
    with pytest.raises(EditError, match=said):
        planned(text.replace('"V"', f'"{VALUE}"'), "json", "claude-desktop", ("mcpServers", "a"))
