"""An IDE's options file: both layouts, places, and what is refused."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.configs.document import SyntaxProblem
from diagnostics.configs.xml_document import XmlDocument

OLDER = """<project>
  <component name="McpProjectServerCommands">
    <McpServerCommand>
      <option name="name" value="one" />
      <option name="programPath" value="npx" />
      <option name="arguments" value="-y &quot;a b&quot;" />
      <option name="enabled" value="false" />
      <envs><env name="TOKEN" value="v" /></envs>
    </McpServerCommand>
  </component>
</project>"""
NEWER = """<application>
  <component name="Unrelated"><option name="name" value="x"/></component>
  <component name="McpApplicationServerCommands">
    <commands />
    <urls>
      <Properties>
        <option name="name" value="two" />
        <option name="url" value="https://x.example/mcp" />
        <option name="headers"><map><entry key="Authorization" value="Bearer ${T}" /></map></option>
      </Properties>
    </urls>
  </component>
</application>"""


def test_entries_right_below_the_component() -> None:
    document = XmlDocument(OLDER)
    assert document.data == {
        "mcpServers": {
            "one": {"command": "npx", "args": ["-y", "a b"], "disabled": True, "env": {"TOKEN": "v"}}
        }
    }
    assert document.line_of(("mcpServers", "one")) == 3
    assert document.line_of(("mcpServers", "none")) == 0


def test_entries_below_commands_and_urls() -> None:
    document = XmlDocument(NEWER)
    assert document.data["mcpServers"] == {
        "two": {"url": "https://x.example/mcp", "headers": {"Authorization": "Bearer ${T}"}}
    }


def test_a_name_that_stands_twice() -> None:
    entry = '<e><option name="name" value="a"/><option name="command" value="c"/></e>\n'
    text = f'<x><component name="McpApplicationServerCommands">\n{entry}{entry}</component></x>'
    assert XmlDocument(text).repeated(("mcpServers",)) == [("a", 2, 3)]


def test_a_file_without_the_component_holds_no_servers() -> None:
    assert XmlDocument("<application/>").data == {}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "xml-doctype"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "xml-doctype"),
        ("", "empty"),
        ("<a>", "truncated"),
        ("<a/><b/>", "extra-text"),
        ("<a></b>", "syntax"),
        ("<a>&x;</a>", "syntax"),
        ("text", "syntax"),
        ("<a>" * 500, "too-deep"),
        ('<?xml version="1.0" encoding="odd"?><a/>', "syntax"),
    ],
)
def test_what_is_refused(text: str, outcome: str) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        XmlDocument(text)
    assert caught.value.problem.outcome == outcome


@given(st.text(alphabet="<>/=\"' abcomponentxMcp&;!?[]\n\0é\ud800", max_size=80))
@settings(max_examples=300)
def test_any_text_is_data_or_a_problem(text: str) -> None:
    with contextlib.suppress(SyntaxProblem):
        assert isinstance(XmlDocument(text).data, dict)
