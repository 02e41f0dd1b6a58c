"""How a server is configured, as the screen tells it."""

import dataclasses

import pytest

from diagnostics.model import Reference, Server, Syntax
from diagnostics.secret import Secret
from tests.support.fake_session import server
from tui.board import Row
from tui.screens.about import about

ROW = Row("cursor:it", "it", "cursor", "/home/u/.cursor/mcp.json")


def remote(url: str, *references: Reference) -> Server:
    return dataclasses.replace(
        server("it", "cursor"), command=None, transport="http", url=Secret(url), references=references
    )


def test_an_address_is_told_by_its_host_alone() -> None:
    key = "k" + "9f8e7d6c" * 3
    said = about(ROW, remote(f"https://user:{key}@mcp.example.com:8443/{key}/mcp?key={key}")).plain
    assert "https://mcp.example.com:8443 (http)" in said
    assert key not in said


@pytest.mark.parametrize("url", ["https://${HOST}/mcp", "${URL}", "https://", "nonsense"])
def test_an_address_that_is_open_is_only_called_one(url: str) -> None:
    assert "an address (http)" in about(ROW, remote(url)).plain


def test_it_is_told_whose_store_a_reference_leads_to() -> None:
    it = Reference("cursor:it", "headers.X", Syntax.VAULT, "secret/data/mcp#key", Secret("x"))
    assert "Vault's secret/data/mcp#key" in about(ROW, remote("https://mcp.example.com", it)).plain
