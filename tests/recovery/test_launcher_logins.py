"""`mcp-doctor run` with `${OAUTH:provider}`: a good token reaches the server, an old one never does."""

import json
import sys
import time
from typing import Any

from diagnostics.oauth.login import account_of
from tests.recovery.test_launcher import _SHOW, doctor_run, failed
from tests.support.lab import Lab

TOKEN = "access-" * 4


def keep(lab: Lab, **more: Any) -> None:
    row = {
        "access_token": TOKEN,
        "issuer": "https://login.example",
        "token_endpoint": "https://login.example/token",
        "client_id": "c",
        "refresh_token": "refresh-" * 4,
        **more,
    }
    lab.add_entry(account_of("example"), json.dumps(row))


def test_a_good_token_reaches_the_server(unlocked: Lab) -> None:
    keep(unlocked, expires_at=time.time() + 3600)
    done = doctor_run(unlocked, "--", sys.executable, "-c", _SHOW, TOKEN="${OAUTH:example}")
    assert TOKEN in done.stdout


def test_an_old_token_never_does(unlocked: Lab) -> None:
    keep(unlocked, expires_at=time.time() - 60)
    said = failed(doctor_run(unlocked, "--", sys.executable, "-c", _SHOW, TOKEN="${OAUTH:example}"), 78)
    assert "expired" in said
    assert TOKEN not in said


def test_without_a_login_the_line_says_so(unlocked: Lab) -> None:
    said = failed(doctor_run(unlocked, "--", "true", TOKEN="${OAUTH:example}"), 78)
    assert "No login for example is kept" in said
