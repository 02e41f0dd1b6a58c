"""Scenes that tests and pictures share."""

import dataclasses
from pathlib import Path

from diagnostics.model import Finding, Server, Stage, Status, Syntax
from tests.support.fake_session import FakeSession, finding, server, session

GITHUB = server("github")
LINEAR = server("linear", "cursor")
WEATHER = server("weather", "vscode", Syntax.ENV)
SERVERS = (GITHUB, LINEAR, WEATHER)

LOCKED = finding(
    Stage.PERMISSION,
    Status.FAIL,
    "The default keychain is locked",
    check="permission.example",
    cause="keychain_locked",
    detail="You are logged in over SSH. The keychain opens by itself only when you log in at the screen, so until "
    "it is unlocked no program of this session can read a token from it.",
    fix=("Unlock it here (press m), or type:", "$ mcp-doctor unlock"),
    evidence=(
        "/org/freedesktop/secrets/collection/login: Locked = true",
        "owner: gnome-keyring-daemon, pid 4711",
    ),
)


def ward(tmp: Path) -> FakeSession:
    """Many servers in every state: github, behind a locked keychain, comes first."""
    secret = [GITHUB, LINEAR, server("sentry", "vscode")]
    rest = [server(name, client, Syntax.ENV) for name, client in (
        ("brave-search", "claude-code"), ("figma", "cursor"), ("gitlab", "codex"), ("notion", "vscode"),
        ("slack", "gemini-cli"), ("stripe", "claude-code"))]  # fmt: skip
    found = [
        finding(Stage.BACKEND, Status.OK, "gnome-keyring-daemon answers"),
        dataclasses.replace(
            LOCKED,
            title="The keychain login is locked",
            detail="It holds 3 entries that nobody can read before it is unlocked with its password. Many programs "
            "then say that no token was found.",
            fix=("Unlock it; the password goes to gnome-keyring-daemon alone:", "$ mcp-doctor unlock"),
            evidence=(
                "/org/freedesktop/secrets/collection/login is locked, with 3 entries",
                "3 of the 3 entries that the configs name are in it",
            ),
        ),
    ]
    found += [finding(Stage.CONFIG, Status.OK, "The entry is complete", each) for each in (*secret, *rest)]
    for each in secret:
        found.append(finding(Stage.REFERENCE, Status.OK, "The launcher fills in 1 reference", each))
        found += [
            finding(stage, Status.SKIP, "Not asked", each, outcome="runner.waits")
            for stage in (Stage.LOOKUP, Stage.FORMAT, Stage.VALIDITY, Stage.START)
        ]
    states = {"figma": Status.WARN, "gitlab": Status.FAIL, "slack": Status.UNKNOWN}
    for each in rest:
        found.append(finding(Stage.FORMAT, Status.OK, "The value is whole and clean", each))
        found.append(
            finding(Stage.VALIDITY, states.get(each.name, Status.OK), "What its provider says", each)
        )
    return session(tmp, (*secret, *rest), found)


def good(of: Server, *stages: Stage) -> list[Finding]:
    """This server's links hold."""
    words = {
        Stage.CONFIG: "The config file is in order",
        Stage.REFERENCE: "The reference is written as it should be",
        Stage.LOOKUP: "The entry is there",
        Stage.FORMAT: "The value has the shape of a token",
        Stage.VALIDITY: "The provider accepts the token (ada, repo)",
    }
    return [finding(stage, Status.OK, words[stage], of, evidence=(str(of.path),)) for stage in stages]


def locked_out(tmp: Path, **more: object) -> FakeSession:
    """Two servers behind a locked keychain, one with a variable that warns."""
    found = [
        *good(GITHUB, Stage.CONFIG, Stage.REFERENCE),
        *good(LINEAR, Stage.CONFIG, Stage.REFERENCE),
        *good(WEATHER, Stage.CONFIG, Stage.FORMAT),
        finding(Stage.BACKEND, Status.OK, "gnome-keyring answers on the session bus"),
        LOCKED,
        *(
            finding(
                stage,
                Status.SKIP,
                f"Not asked: {words}",
                of,
                detail="It rests on a broken link: The default keychain is locked",
                outcome="runner.waits",
            )
            for of in (GITHUB, LINEAR)
            for stage, words in (
                (Stage.LOOKUP, "Is there an entry of this name?"),
                (Stage.FORMAT, "Does it look like a token?"),
                (Stage.VALIDITY, "Does the provider accept it?"),
            )
        ),
        finding(
            Stage.REFERENCE,
            Status.WARN,
            "The token stands in a variable of your shell",
            WEATHER,
            detail="A client that is started from the desktop does not see it.",
            fix=("Store it in the keychain:", "$ mcp-secrets set weather_token"),
            cause="env_shadow",
        ),
    ]
    return session(tmp, SERVERS, found, **more)
