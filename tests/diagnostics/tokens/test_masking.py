"""Credentials that nobody told us about are masked; names, paths and commands stay what they are."""

import pytest

from diagnostics.catalog.providers import catalogue
from diagnostics.tokens.masking import mask_pasted, mask_tokens, pasted_token
from tests.support import tokens

RANDOM = "Zq1aB2cD3eF4gH5iJ6kL7m"


@pytest.mark.parametrize(
    "text",
    [
        f"${{{tokens.github()}}}",
        f"/home/me/{tokens.github_fine_grained()}/index.js",
        f"{tokens.gitlab()} npx server",
        f"No configured server is called {RANDOM}",
    ],
)
def test_a_credential_in_a_names_place_is_masked(text: str) -> None:
    masked = mask_pasted(text)
    assert "•••" in masked
    assert not [token for token in (tokens.github(), tokens.gitlab(), RANDOM) if token[8:] in masked]


@pytest.mark.parametrize(
    "text",
    [
        "npm_config_registry",
        "/home/me/sk-learn-tools-server2/bin/pypi-query-mcp-server",
        "GITHUB_PERSONAL_ACCESS_TOKEN",
        "githubPersonalAccessToken2024",
        "/nix/store/0c3f8a7b6d5e4f3a2b1c0d9e8f7a6b5c-node/bin/npx",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:MyDatabase-AbC123",
        "/org/freedesktop/secrets/collection/login/12",
        "unix:path=/run/user/1000/bus,guid=0123456789abcdef0123456789abcdef",
        "@modelcontextprotocol/server-github@2025.4.8",
    ],
)
def test_names_paths_and_commands_stay_as_they_are(text: str) -> None:
    assert mask_pasted(text) == text
    assert pasted_token(text) is None


def test_a_reference_stays_readable() -> None:
    assert mask_tokens("env.T ${SECRET:github_token} is not set") == "env.T ${SECRET:github_token} is not set"
    assert "hunter2" not in mask_tokens("GITHUB_TOKEN=hunter2hunter npx server")


def _example(prefix: str) -> list[str]:
    """What a token with this beginning may look like: letters and digits, hexadecimal, capitals."""
    mixed, small, big = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7d", "0a1b2c3d" * 6, "A2B3C4D5" * 6
    return [prefix + body for body in (mixed, small, big)]


@pytest.mark.parametrize(
    ("provider_id", "prefix"),
    [
        (each.id, prefix)
        for each in catalogue().providers
        if each.format.telling
        for prefix in each.format.prefixes
        if len(prefix) >= 4 and prefix not in {"api-", "sdk-", "pat-"} and each.use != "publishable"
    ],
)
def test_every_kind_that_is_told_by_its_beginning_is_masked(provider_id: str, prefix: str) -> None:
    masked = [text for text in _example(prefix) if text[-20:] not in mask_tokens(f"using {text} now")]
    special = {
        "FlyV1 ": "FlyV1 fm2_" + "aB3d" * 30,
        "secret_": "secret_" + "aB3d" * 10,
        "lsv2_": "lsv2_pt_" + "aB3d" * 10,
    }
    if prefix in special:
        masked += [text for text in [special[prefix]] if text[-20:] not in mask_tokens(f"using {text}")]
    assert masked, provider_id
