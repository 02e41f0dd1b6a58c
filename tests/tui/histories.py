"""A history in a test's home, as the monitor leaves it, and the time that it is read at."""

from datetime import datetime, timedelta, timezone

import pytest

from diagnostics.history import Condition, Credential, History, Round
from diagnostics.host import Host
from diagnostics.model import Status
from recovery.monitor.history import NewRound, _rewrite, append_round, open_history
from tests.support.histories import LOCKED, NOON, OK, UNCLEAR, WARN, States

GITHUB = "claude-desktop:github#env.GITHUB_TOKEN#github_token"
LINEAR = "cursor:linear#env.LINEAR_TOKEN#linear_token"
WEATHER = "vscode:weather#env.WEATHER_TOKEN#weather_token"
STORE = "store:secret-service"
CREDENTIALS = {
    GITHUB: Credential(GITHUB, "claude-desktop:github", "env.GITHUB_TOKEN", "github_token"),
    LINEAR: Credential(LINEAR, "cursor:linear", "env.LINEAR_TOKEN", "linear_token"),
    WEATHER: Credential(WEATHER, "vscode:weather", "env.WEATHER_TOKEN", "weather_token"),
    STORE: Credential(STORE, "", "", ""),
}
OPEN = Condition(
    Status.OK, check="permission.collection-locked", outcome="open", title="The keychain is open"
)
STEP = timedelta(hours=1)


def stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noon of that Tuesday, an hour later in this zone."""
    monkeypatch.setattr("tui.screens.history._now", lambda: NOON)
    monkeypatch.setattr("tui.screens.history.HistoryScreen.ZONE", timezone(timedelta(hours=1), "CET"))


def leave_history(host: Host) -> None:
    """Ten days: a night that the computer was off, a provider that was down, a restart that left the keychain locked."""
    began = NOON - timedelta(days=10)
    rounds = []
    for number in range(241):
        if number not in range(150, 160):
            boot, since = ("first", number * 3600) if number < 222 else ("second", (number - 222) * 3600 + 90)
            rounds.append(Round(number + 1, began + STEP * number, boot, since, 2.0, _states(number)))
    open_history(host)
    _rewrite(host, History(tuple(rounds), CREDENTIALS), tuple(rounds))


def _states(number: int) -> States:
    locked = number >= 222
    github = LOCKED if locked else UNCLEAR if number in range(100, 106) else OK
    weather = WARN if number >= 180 else OK
    return {
        GITHUB: github,
        LINEAR: LOCKED if locked else OK,
        STORE: LOCKED if locked else OPEN,
        **({WEATHER: weather} if number >= 60 else {}),
    }


def leave_round(host: Host, at: datetime, states: States, boot: str = "b", since: float = 1.0) -> None:
    """One more round behind those that there are."""
    there, _ = open_history(host)
    append_round(host, there, NewRound(at, boot, since, 2.0, CREDENTIALS, states))
