"""Credentials in plain text, stand-ins for them, and the ordinary values that are neither."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.model import Syntax
from diagnostics.tokens.plain_text import Guess, address, argument, is_placeholder, named_value
from diagnostics.tokens.secret_name import names_secret

GITHUB = "ghp_" + "A1b2C3d4E5" * 3 + "f6G7h8"
LONG = "Zx9" * 10
JWT = ".".join(("eyJhbGciOiJIUzI1NiJ9", "eyJ" + "c3ViIjoiYWRhIn0", "c2lnbmF0dXJl"))


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN", "GITHUB_PERSONAL_ACCESS_TOKEN", "API_KEY", "apiKey", "OPENAI_KEY", "DB_PASSWORD", "Authorization",
        "X-Api-Key", "--api-key", "--access-token", "--key", "CLIENT_SECRET", "GITLAB_PAT", "clientSecret", "PGPASSWORD",
        "SUPABASE_SERVICE_ROLE_KEY", "AWS_SECRET_ACCESS_KEY", "NOTION_AUTH", "token",
    ],
)  # fmt: skip
def test_names_that_speak_of_credentials(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "MAX_TOKENS", "TOKEN_LIMIT", "KEYBOARD", "KEY_ID", "API_KEY_FILE", "SECRET_NAME", "TOKEN_URL", "PATH", "MONKEY",
        "AUTHOR", "PUBLIC_KEY", "AUTH_ENABLED", "PASSWORD_FILE", "", "--", "DISABLE_AUTH", "MODEL",
    ],
)  # fmt: skip
def test_names_that_do_not(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize(
    ("name", "value", "credential"),
    [
        ("GITHUB_TOKEN", GITHUB, GITHUB),
        ("Authorization", f"Bearer {LONG}", LONG),
        ("Authorization", "Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA=="),
        ("DB_PASSWORD", "correct horse", "correct horse"),
        ("ANYTHING", GITHUB, GITHUB),
        ("SESSION", f"x {JWT}", JWT),
        ("DATABASE_URL", "postgres://me:s3cr3tpw@db/x", "s3cr3tpw"),
        ("SERVER_URL", "https://x.example.org/?api_key=" + LONG, LONG),
    ],
)
def test_credentials_by_name_or_shape(name: str, value: str, credential: str) -> None:
    assert named_value(name, value) == Guess(Syntax.LITERAL, credential)


@pytest.mark.parametrize(
    "value",
    [
        "YOUR_TOKEN_HERE", "<token>", "<your-api-key>", "xxx", "xxxxxxxx", "changeme", "change-me", "your-api-key",
        "REPLACE_ME", "replace_with_token", "ghp_xxxxxxxxxxxx", "ghp_...", "sk-...", "[REDACTED_API_KEY]", "REDACTED",
        "my_api_key", "insert-your-token", "***", "{{token}}", "your_github_pat", "YourApiKey", "api_key", "TODO",
        "AKIAIOSFODNN7EXAMPLE", "paste_token_here", "••••••",
    ],
)  # fmt: skip
def test_stand_ins(value: str) -> None:
    assert is_placeholder(value)
    assert named_value("API_KEY", value) == Guess(Syntax.PLACEHOLDER, value)


@pytest.mark.parametrize(
    "value", [GITHUB, LONG, JWT, "hunter2", "FAKE" * 4, "deadbeef" * 4, "yourself9k2", "my-pw"]
)
def test_credentials_are_no_stand_ins(value: str) -> None:
    assert not is_placeholder(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN", ""), ("TOKEN", "  "), ("AUTH", "true"), ("AUTH", "none"), ("KEY", "1"), ("PRIVATE_KEY", "/home/a/key.pem"),
        ("SSH_KEY", "~/.ssh/id_ed25519"), ("CERT_KEY", "C:\\keys\\a.pem"), ("API_KEY", "https://keys.example.org"),
        ("MODEL", "gpt-4o-mini-2024-07-18"), ("MODEL", "claude-sonnet-4-20250514"), ("PORT", "8080"), ("DEBUG", "false"),
        ("URL", "https://api.example.org/v1/things"), ("DATABASE_URL", "postgres://localhost:5432/db"),
        ("REGION", "eu-central-1"), ("PATH", "/usr/local/bin:/usr/bin"), ("ID", "123e4567-e89b-12d3-a456-426614174000"),
        ("PACKAGE", "@modelcontextprotocol/server-github"), ("QUEUE_ROOT", "/x/" + "0a" * 16 + "/y"),
    ],
)  # fmt: skip
def test_ordinary_values(name: str, value: str) -> None:
    assert named_value(name, value) is None


@pytest.mark.parametrize(
    ("before", "value", "credential"),
    [
        ("--api-key", LONG, LONG),
        ("--key", "abcd1234", "abcd1234"),
        ("", f"--figma-api-key={LONG}", LONG),
        ("-e", f"GITHUB_TOKEN={LONG}", LONG),
        ("", f"--env=GITHUB_TOKEN={LONG}", LONG),
        ("", f"GITHUB_TOKEN={LONG}", LONG),
        ("--header", f"Authorization: Bearer {LONG}", LONG),
        ("--header", f"Authorization:{LONG}", LONG),
        ("-H", f"X-API-Key: {LONG}", LONG),
        ("", f"--header=X-Api-Key: {LONG}", LONG),
        ("--config", f'{{"apiKey": "{LONG}", "a": "b"}}', LONG),
        ("", GITHUB, GITHUB),
        ("", "postgresql://u:p4ssw0rd@localhost/x", "p4ssw0rd"),
    ],
)
def test_credentials_in_arguments(before: str, value: str, credential: str) -> None:
    assert argument(value, before) == Guess(Syntax.LITERAL, credential)


@pytest.mark.parametrize(
    ("before", "value"),
    [
        ("", "-y"), ("-y", "@upstash/context7-mcp@latest"), ("run", "-i"), ("--rm", "-e"), ("-e", "LOG_LEVEL=debug"),
        ("--api-key", "--verbose"), ("", "https://mcp.example.org/sse"), ("--header", "Accept: text/html"),
        ("--profile", "shy-hamster-abc123"), ("", "src/index.js"), ("--max-tokens", "4096"), ("--project-ref", "a" * 20),
        ("--config", '{"url": "x"}'), ("", "--no-auth"), ("--auth", "oauth"),
    ],
)  # fmt: skip
def test_ordinary_arguments(before: str, value: str) -> None:
    assert argument(value, before) is None


def test_addresses() -> None:
    assert address("https://u:" + LONG + "@x.example.org/") == Guess(Syntax.LITERAL, LONG)
    assert address("https://x.example.org/mcp?token=" + LONG) == Guess(Syntax.LITERAL, LONG)
    assert address("https://x.example.org/s/" + "0f" * 16 + "/mcp") == Guess(Syntax.LITERAL, "0f" * 16)
    assert address("https://u:YOUR_PASSWORD@x.example.org/") == Guess(Syntax.PLACEHOLDER, "YOUR_PASSWORD")
    for plain in (
        "https://mcp.example.org/mcp?project_ref=" + "a" * 20,
        "http://localhost:3000/sse",
        "https://u@x/",
        "",
    ):
        assert address(plain) is None


@given(st.text(), st.text())
def test_nothing_raises_and_a_guess_is_part_of_the_value(name: str, value: str) -> None:
    for guess in (named_value(name, value), argument(value, name), address(value)):
        assert guess is None or guess.credential in value


@pytest.mark.parametrize(
    "value", ["a" * 1_000_000, "/" * 300_000, "a://" * 100_000, '{"a":' * 100_000, "eyJ" * 200_000]
)
def test_values_made_to_be_slow_are_not(value: str) -> None:
    import time

    began = time.monotonic()
    named_value("TOKEN", value)
    argument(value, "--token")
    address(value)
    assert time.monotonic() - began < 10
