"""What is known of well-known servers, and how a command line tells them."""

import pytest

from diagnostics.catalog.servers import known_server, known_servers


@pytest.mark.parametrize(
    ("command", "args", "known"),
    [
        ("npx", ["-y", "@notionhq/notion-mcp-server"], "notion"),
        ("npx.cmd", ["-y", "@notionhq/notion-mcp-server@latest", "--transport", "stdio"], "notion"),
        ("cmd", ["/c", "npx", "-y", "@notionhq/notion-mcp-server"], "notion"),
        ("bunx", ["exa-mcp-server"], "exa"),
        ("uvx", ["mcp-atlassian==0.23.1"], "atlassian"),
        ("uvx", ["mcp-atlassian@latest"], "atlassian"),
        ("uvx", ["--from", "mcp-atlassian", "mcp-atlassian"], "atlassian"),
        ("pipx", ["run", "elevenlabs-mcp"], "elevenlabs"),
        ("python", ["-m", "mcp_atlassian"], "atlassian"),
        ("env", ["DEBUG=1", "npx", "-y", "tavily-mcp"], "tavily"),
        ("docker", ["run", "ghcr.io/sooperset/mcp-atlassian:latest"], "atlassian"),
        ("docker", ["run", "-i", "--rm", "-e", "A", "ghcr.io/github/github-mcp-server", "stdio"], "github"),
        ("/opt/bin/github-mcp-server", ["stdio"], "github"),
        ("node", ["/x/node_modules/@modelcontextprotocol/server-slack/dist/index.js"], "slack-reference"),
        ("npx", ["-y", "@modelcontextprotocol/server-slack-more"], None),
        ("npx", ["-y", "acme", "--like", "exa-mcp-server"], None),
    ],
)
def test_servers_are_told_by_package_image_program_and_script(
    command: str, args: list[str], known: str | None
) -> None:
    found = known_server(command, args)
    assert (found.id if found else None) == known


def test_choices_that_go_together_are_kept_together() -> None:
    needs = known_servers()["slack-mcp-server"].needs
    assert needs == (
        (
            ("SLACK_MCP_XOXP_TOKEN",),
            ("SLACK_MCP_XOXB_TOKEN",),
            ("SLACK_MCP_XOXC_TOKEN", "SLACK_MCP_XOXD_TOKEN"),
        ),
    )


def test_no_package_stands_in_two_entries() -> None:
    every = [
        package
        for each in {one.id: one for one in known_servers().values()}.values()
        for package in each.packages
    ]
    assert sorted(every) == sorted(set(every))
    assert len(every) > 57


def test_what_a_server_needs_is_not_called_optional_as_well() -> None:
    for each in known_servers().values():
        needed = {name for need in each.needs for choice in need for name in choice}
        assert not needed & set(each.optional), each.id
