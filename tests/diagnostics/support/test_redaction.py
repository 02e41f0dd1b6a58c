"""What redaction takes out, what it leaves, and that the same stays the same."""

import json

import pytest

from diagnostics.secret import MASK, Scrubber, Secret
from diagnostics.support.redaction import Redactor
from tests.support import tokens


def redactor(**more: list[str]) -> Redactor:
    given = {
        "home": ["/home/alice"],
        "people": ["alice", "Alice Example"],
        "computers": ["buildbox7", "buildbox7.acme.corp"],
        "entries": ["acme_pat", "token"],
        "servers": ["acme-billing", "github"],
    }
    return Redactor(Scrubber([Secret("the-only-secret-value")]), **(given | more))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("/home/alice/.cursor/mcp.json", "~/.cursor/mcp.json"),
        ("/home/alicette/x", "/home/user-3/x"),
        ("/Users/bob/x and /home/bob", "/Users/user-3/x and /home/user-3"),
        (r"C:\Users\bob\AppData", r"C:\Users\user-3\AppData"),
        (r"C:\Users\Public\x", r"C:\Users\Public\x"),
        ("alice asked Alice", "user-1 asked user-1"),
        ("malice, alices", "malice, alices"),
        ("by Alice Example", "by user-2"),
        ("on buildbox7 (buildbox7.acme.corp)", "on host-1 (host-2)"),
        ("mail alice@acme.example or bob@b.co", "mail email-1 or email-2"),
        ("npx @acme/thing@1.2.3 pkg@latest", "npx @acme/thing@1.2.3 pkg@latest"),
        ("ssh deploy@stage9 ls", "ssh deploy@host-3 ls"),
        ("https://git.acme.io/a https://GIT.acme.io/b", "https://host-3/a https://host-3/b"),
        (
            "https://api.github.com/user http://localhost:80/x",
            "https://api.github.com/user http://localhost:80/x",
        ),
        ("http://[2001:db8::7]:80/ and 2001:db8::7", "http://ip-1:80/ and ip-1"),
        ("at 10.1.2.3, not 127.0.0.1 or ::1", "at ip-1, not 127.0.0.1 or ::1"),
        ("db.prod.internal does not resolve", "host-3 does not resolve"),
        ("${SECRET:acme_pat} of acme-billing", "${SECRET:entry-1} of server-1"),
        ("the token of github", "the token of github"),
        ("the variable ACME_PAT", "the variable ACME_PAT"),
        ("at 12:30:45, version 1.2", "at 12:30:45, version 1.2"),
        ("it said the-only-secret-value", f"it said {MASK}"),
        ("id 0123456789abcdef0123456789abcdef", "id id-1"),
    ],
)
def test_what_is_taken_out(said: str, told: str) -> None:
    assert redactor().text(said) == told


def test_tokens_are_taken_out_by_their_shape_alone() -> None:
    token = tokens.github("nobody told the scrubber")
    assert token[8:20] not in redactor().text(f"401 with {token}.")
    run = "aB3dE6gH9jK2mN5pQ8sT1vW4"
    assert run not in redactor().text(f"x {run} y")


def test_the_same_is_called_the_same_throughout_and_counted() -> None:
    one = redactor()
    assert one.text("10.9.9.9 10.8.8.8") == "ip-1 ip-2"
    assert one.text("10.8.8.8") == "ip-2"
    assert one.replaced["ip"] == 3


def test_data_keeps_the_doctors_own_words_and_the_identity_of_findings() -> None:
    one = Redactor(Scrubber(), people=["cursor"], entries=["acme_pat"], servers=["acme"])
    given = {
        "client": "cursor",
        "check": "lookup.entry",
        "id": "lookup.entry:cursor:acme:env.GITHUB_TOKEN:acme_pat",
        "evidence": ["cursor said acme"],
        "acme": 1,
        "n": None,
    }
    assert json.dumps(one.data(given)) == json.dumps(
        {
            "client": "cursor",
            "check": "lookup.entry",
            "id": "lookup.entry:cursor:server-1:env.GITHUB_TOKEN:entry-1",
            "evidence": ["cursor said server-1"],
            "server-1": 1,
            "n": None,
        }
    )
