"""The device flow: a real authorization server and a real yes or no; then all that a server can say meanwhile."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diagnostics.oauth.login import Login
from recovery.login.device import Code, DeviceFlow, Waiting
from recovery.login.endpoint import Client
from recovery.login.error import LoginError
from recovery.login.issuer import find_issuer
from recovery.login.refresh import issuer_of, refresh
from recovery.login.registration import register
from tests.recovery.login.test_refresh import host, trouble_of
from tests.support.oauth_server import OAuthServer
from tests.support.said_server import SaidServer, said_server

Start = Callable[..., OAuthServer]
__all__ = ["said_server"]
PENDING = (400, {"error": "authorization_pending"})
GIVEN = (200, {"access_token": "access-" * 4, "token_type": "bearer", "expires_in": 3600})


class Time:
    """A clock that only waiting moves. `then` is called at each pause, with its number."""

    def __init__(self, then: Callable[[int], bool | None] = lambda _number: None) -> None:
        self.now = 1000.0
        self.paused: list[float] = []
        self._then = then

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> bool:
        self.paused.append(seconds)
        self.now += seconds
        return bool(self._then(len(self.paused)))


def real_flow(server: OAuthServer, tmp_path: Path, time: Time, **more: Any) -> DeviceFlow:
    at = host(tmp_path)
    issuer = find_issuer(server.issuer, at)
    values = {"scope": "openid offline_access", "resource": server.resource, **more}
    return DeviceFlow(issuer, register(issuer, at), at, pause=time.pause, clock=time.clock, **values)


def flow_at(server: SaidServer, tmp_path: Path, time: Time) -> tuple[DeviceFlow, Code]:
    at = host(tmp_path)
    flow = DeviceFlow(
        find_issuer(server.url, at), Client("c"), at, pause=time.pause, clock=time.clock, seconds=5.0
    )
    return flow, flow.begin()


def test_a_yes_after_some_waiting_gives_a_login_that_works_and_renews(
    oauth_server: Start, tmp_path: Path
) -> None:
    server = oauth_server()
    begun: list[Code] = []

    def then(number: int) -> None:
        if number == 3:
            server.person(begun[0].user_code)

    time = Time(then)
    flow = real_flow(server, tmp_path, time)
    begun.append(flow.begin())
    assert begun[0].address.startswith(server.issuer)
    assert begun[0].user_code in begun[0].whole_address
    assert begun[0].ends == time.now + 600
    told: list[Waiting] = []
    login = flow.wait(begun[0], told.append)
    assert time.paused == [5.0, 5.0, 5.0]
    assert [each.next_at for each in told] == [1005.0, 1010.0, 1015.0]
    assert server.takes(login.access_token.reveal())
    assert login.issuer == server.issuer
    assert login.resource == server.resource
    again = refresh(login, issuer_of(login, host(tmp_path)), host(tmp_path))
    assert server.takes(again.access_token.reveal())


def test_a_no_is_a_no(oauth_server: Start, tmp_path: Path) -> None:
    server = oauth_server()
    codes: list[Code] = []
    time = Time(lambda _number: server.person(codes[0].user_code, "no"))
    flow = real_flow(server, tmp_path, time)
    codes.append(flow.begin())
    error = trouble_of(lambda: flow.wait(codes[0]))
    assert error.trouble == "denied"
    assert "nothing was changed" in str(error)


def test_a_code_used_twice_gives_nothing(oauth_server: Start, tmp_path: Path) -> None:
    server = oauth_server()
    codes: list[Code] = []
    flow = real_flow(server, tmp_path, Time(lambda _number: server.person(codes[0].user_code)))
    codes.append(flow.begin())
    assert isinstance(flow.wait(codes[0]), Login)
    once_more = real_flow(server, tmp_path, Time())
    assert trouble_of(lambda: once_more.wait(codes[0])).trouble in {"expired", "refused"}


def test_a_server_without_the_flow_or_without_registration(oauth_server: Start, tmp_path: Path) -> None:
    server = oauth_server(device=False)
    flow = DeviceFlow(find_issuer(server.issuer, host(tmp_path)), Client("c"), host(tmp_path))
    assert trouble_of(flow.begin).trouble == "no-device-flow"
    closed = oauth_server(registration=False)
    issuer = find_issuer(closed.issuer, host(tmp_path))
    assert trouble_of(lambda: register(issuer, host(tmp_path))).trouble == "no-client"
    stranger = DeviceFlow(issuer, Client("nobody"), host(tmp_path))
    assert trouble_of(stranger.begin).trouble == "invalid-client"


def test_over_tls(oauth_server: Start, tmp_path: Path) -> None:
    server = oauth_server(tls=True)
    at = host(tmp_path, **server.env)
    issuer = find_issuer(server.issuer, at)
    assert DeviceFlow(issuer, register(issuer, at), at).begin().address.startswith("https://")
    assert trouble_of(lambda: find_issuer(server.issuer, host(tmp_path))).trouble == "outage"


def test_slow_down_makes_every_later_pause_longer(said_server: SaidServer, tmp_path: Path) -> None:
    slower = (400, {"error": "slow_down"})
    said_server.answers["/token"] = [PENDING, slower, PENDING, slower, PENDING, GIVEN]
    time = Time()
    flow, code = flow_at(said_server, tmp_path, time)
    assert flow.wait(code).expires_at
    assert time.paused == [5, 5, 10, 10, 15, 15]


def test_a_server_that_is_away_is_asked_less_often_and_then_as_before(
    said_server: SaidServer, tmp_path: Path
) -> None:
    said_server.answers["/token"] = [(0, {}), (503, {}), PENDING, GIVEN]
    time = Time()
    flow, code = flow_at(said_server, tmp_path, time)
    told: list[str] = []
    assert flow.wait(code, lambda waiting: told.append(waiting.trouble)).access_token
    assert time.paused == [5, 10, 20, 5]
    assert told == ["", "closed", "HTTP 503", ""]


def test_a_server_that_stays_away_never_makes_the_code_wrong(said_server: SaidServer, tmp_path: Path) -> None:
    time = Time()
    flow, code = flow_at(said_server, tmp_path, time)
    said_server.close()
    error = trouble_of(lambda: flow.wait(code))
    assert error.trouble == "expired"
    assert sum(time.paused) == pytest.approx(600)
    assert max(time.paused) == 60


def test_without_an_answer_the_code_runs_out(said_server: SaidServer, tmp_path: Path) -> None:
    said_server.answers["/token"] = [PENDING]
    time = Time()
    flow, code = flow_at(said_server, tmp_path, time)
    assert trouble_of(lambda: flow.wait(code)).trouble == "expired"
    assert time.now == code.ends
    assert len([each for each in said_server.seen if each[0] == "/token"]) == 119


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        ((400, {"error": "expired_token"}), "expired"),
        ((400, {"error": "invalid_grant"}), "expired"),
        ((400, {"error": "access_denied"}), "denied"),
        ((401, {"error": "invalid_client"}), "invalid-client"),
        ((400, {"error": "unsupported_grant_type"}), "refused"),
        ((200, {"token_type": "bearer"}), "unclear"),
        ((200, {"access_token": "x" * 20, "token_type": "DPoP"}), "unclear"),
        ((200, "no JSON"), "unclear"),
        ((302, {}), "refused"),
    ],
)
def test_what_ends_the_waiting(said_server: SaidServer, tmp_path: Path, answer: Any, trouble: str) -> None:
    said_server.answers["/token"] = [answer]
    flow, code = flow_at(said_server, tmp_path, Time())
    assert trouble_of(lambda: flow.wait(code)).trouble == trouble
    assert "/elsewhere" not in [path for path, _ in said_server.seen]


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"verification_uri": "http://login.example/enter"}, "unsafe"),
        ({"verification_uri": "javascript:alert(1)"}, "unsafe"),
        ({"verification_uri": None}, "unsafe"),
        ({"verification_uri": "https://github.com@login.example/device"}, "unsafe"),
        ({"verification_uri": "https://github.com\\@login.example/device"}, "unsafe"),
        ({"verification_uri": "https://login.example/\x1b]8;;x"}, "unsafe"),
        ({"user_code": "A\x1b[2JB"}, "unclear"),
        ({"user_code": "A" * 65}, "unclear"),
        ({"user_code": ""}, "unclear"),
        ({"device_code": 7}, "unclear"),
    ],
)
def test_what_is_never_shown(
    said_server: SaidServer, tmp_path: Path, change: dict[str, Any], trouble: str
) -> None:
    status, usual = said_server.answers["/device"][0]  # type: ignore[misc]
    said_server.answers["/device"] = [(status, usual | change)]
    assert trouble_of(lambda: flow_at(said_server, tmp_path, Time())).trouble == trouble


@pytest.mark.parametrize(
    ("change", "lasts", "interval"),
    [
        ({"interval": 0}, 600, 1),
        ({"interval": -4}, 600, 5),
        ({"interval": "soon", "expires_in": True}, 600, 5),
        ({"interval": 1e6, "expires_in": 1e8}, 3600, 60),
        ({"interval": None, "expires_in": 0}, 1, 5),
    ],
)
def test_numbers_that_make_no_sense_have_limits(
    said_server: SaidServer, tmp_path: Path, change: dict[str, Any], lasts: float, interval: float
) -> None:
    status, usual = said_server.answers["/device"][0]  # type: ignore[misc]
    said_server.answers["/device"] = [(status, usual | change)]
    _, code = flow_at(said_server, tmp_path, Time())
    assert (code.ends - 1000, code.interval) == (lasts, interval)


def test_a_whole_address_of_another_host_is_not_offered(said_server: SaidServer, tmp_path: Path) -> None:
    status, usual = said_server.answers["/device"][0]  # type: ignore[misc]
    whole = {"verification_uri_complete": "https://elsewhere.example/?user_code=1"}
    said_server.answers["/device"] = [(status, usual | whole)]
    assert flow_at(said_server, tmp_path, Time())[1].whole_address == ""


def test_leaving_ends_the_waiting_at_once_and_asks_no_more(said_server: SaidServer, tmp_path: Path) -> None:
    at = host(tmp_path)
    flow = DeviceFlow(find_issuer(said_server.url, at), Client("c"), at)
    code = flow.begin()
    waits = threading.Event()
    errors: list[LoginError] = []

    def work() -> None:
        errors.append(trouble_of(lambda: flow.wait(code, lambda _waiting: waits.set())))

    thread = threading.Thread(target=work)
    thread.start()
    assert waits.wait(5)
    flow.cancel()
    thread.join(2)
    assert not thread.is_alive()
    assert errors[0].trouble == "cancelled"
    assert [path for path, _ in said_server.seen] == ["/device"]


def test_a_yes_that_comes_while_leaving_is_dropped(said_server: SaidServer, tmp_path: Path) -> None:
    flows: list[DeviceFlow] = []

    def late(_form: dict[str, str]) -> tuple[int, Any]:
        flows[0].cancel()
        return GIVEN

    said_server.answers["/token"] = [late]
    flow, code = flow_at(said_server, tmp_path, Time())
    flows.append(flow)
    assert trouble_of(lambda: flow.wait(code)).trouble == "cancelled"


def test_no_code_of_ours_is_ever_shown(said_server: SaidServer, tmp_path: Path) -> None:
    said_server.answers["/token"] = [
        lambda form: (400, {"error": "odd", "error_description": f"not {form['device_code']}"})
    ]
    flow, code = flow_at(said_server, tmp_path, Time())
    assert code.device_code.reveal() not in repr(code)
    error = trouble_of(lambda: flow.wait(code))
    assert code.device_code.reveal() not in str(error)
    assert "not •••" in str(error)
