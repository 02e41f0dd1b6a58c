"""Scenes that tests and pictures share."""

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
