"""The device flow (RFC 8628): a code here, a browser anywhere, and patient questions in between."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostics.host import Host
from diagnostics.oauth.judge import DEVICE_GRANT
from diagnostics.oauth.login import Login, NotALoginError
from diagnostics.oauth.well_known import is_secure, origin
from diagnostics.providers.http import HttpError
from diagnostics.secret import Secret
from diagnostics.text import clean
from recovery.login.endpoint import SECONDS, Answer, Client, host_of, post
from recovery.login.error import OUTAGE, LoginError
from recovery.login.issuer import Issuer

_INTERVAL = 5.0
"""Seconds between two questions where the server names none (RFC 8628 section 3.2)."""
_SLOWER = 5.0
"""Seconds more after each `slow_down` (section 3.5)."""
_LONGEST_PAUSE = 60.0
_LONGEST = 3600.0
_USUAL = 600.0

Pause = Callable[[float], bool]
"""Waits so many seconds; True = the person gave up meanwhile."""


@dataclass(frozen=True, slots=True)
class Code:
    """What the person needs, safe to show, and what only we need."""

    user_code: str
    address: str
    """Where it is entered."""
    whole_address: str
    """The same with the code in it, "" = not offered."""
    ends: float
    """When it is over, on the clock of `DeviceFlow`."""
    interval: float
    device_code: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Where the waiting stands: `trouble` is why the last question brought no answer, "" = it brought one."""

    next_at: float
    """When it is asked again, on the clock of `DeviceFlow`."""
    trouble: str = ""


class DeviceFlow:
    """One login of one client at one authorization server.

    In: `scope` with blanks between, `resource` as of RFC 8707 ("" = none); `pause` waits (by default until `cancel`),
    `clock` tells the time in seconds.
    """

    def __init__(
        self,
        issuer: Issuer,
        client: Client,
        host: Host,
        *,
        scope: str = "",
        resource: str = "",
        pause: Pause | None = None,
        clock: Callable[[], float] = time.monotonic,
        seconds: float = SECONDS,
    ) -> None:
        self._issuer = issuer
        self._client = client
        self._host = host
        self._scope = scope
        self._resource = resource
        self._cancelled = threading.Event()
        self._pause = pause or self._cancelled.wait
        self._clock = clock
        self._seconds = seconds
        self._method = issuer.secret_methods[0]

    def cancel(self) -> None:
        """The person gave up: `wait` ends at its next breath, whatever the answer would be. From any thread."""
        self._cancelled.set()

    def begin(self) -> Code:
        """Asks for a code.

        Raises:
            LoginError: `no-device-flow`, `invalid-client`, `refused`, `outage`, `unsafe`, `unclear`.
        """
        place = host_of(self._issuer.name)
        if not self._issuer.device_endpoint:
            raise LoginError("no-device-flow", f"{place} offers no login by code (device flow)")
        form = self._with_resource({"scope": self._scope} if self._scope else {})
        try:
            answer = self._post(self._issuer.device_endpoint, form)
            if answer.error == "invalid_client" and self._other_method():
                answer = self._post(self._issuer.device_endpoint, form)
        except HttpError as error:
            why = f"{error.trouble}: {error.said}" if error.said else error.trouble
            raise LoginError(OUTAGE, f"{place} can't be reached ({why})") from None
        if answer.is_outage:
            raise LoginError(OUTAGE, f"{place} gives no code right now: {answer.named}. Try again later")
        if answer.error in {"invalid_client", "unauthorized_client"}:
            raise LoginError(
                "invalid-client", f"{place} does not take this client for a login by code: {answer.named}"
            )
        if answer.error or not 200 <= answer.status < 300:
            raise LoginError("refused", f"{place} gave no code: {answer.named}")
        return self._code(answer.content, place)

    def wait(self, code: Code, tell: Callable[[Waiting], None] = lambda _waiting: None) -> Login:
        """Asks again and again until the person has answered in the browser.

        In: `tell` is called, in this thread, before each pause.

        Raises:
            LoginError: `denied`, `expired`, `cancelled`, `refused`, `invalid-client`, `unclear`, `outage`.
        """
        interval, extra, trouble = code.interval, 0.0, ""
        while True:
            now = self._clock()
            rest = min(max(interval, extra), code.ends - now)
            if rest <= 0:
                raise _over()
            tell(Waiting(now + rest, trouble))
            if self._pause(rest) or self._cancelled.is_set():
                raise LoginError("cancelled", "the login was left; nothing was changed")
            if self._clock() >= code.ends:
                raise _over()
            answer = self._asked(code)
            if self._cancelled.is_set():
                raise LoginError("cancelled", "the login was left; nothing was changed")
            if isinstance(answer, str) or answer.is_outage:
                trouble = answer if isinstance(answer, str) else answer.named
                told = 0.0 if isinstance(answer, str) else answer.retry_after
                extra = min(max(2 * max(interval, extra), told), _LONGEST_PAUSE)
                continue
            extra, trouble = 0.0, ""
            match answer.error:
                case "authorization_pending":
                    continue
                case "slow_down":
                    interval = min(interval + _SLOWER, _LONGEST_PAUSE)
                case _:
                    return self._judged(answer)

    def _asked(self, code: Code) -> Answer | str:
        """The token endpoint's answer, or why there is none."""
        form: dict[str, str | Secret] = {"grant_type": DEVICE_GRANT, "device_code": code.device_code}
        try:
            return self._post(self._issuer.token_endpoint, self._with_resource(form))
        except HttpError as error:
            return error.trouble

    def _judged(self, answer: Answer) -> Login:
        place = host_of(self._issuer.token_endpoint)
        match answer.error:
            case "access_denied" | "authorization_declined":
                raise LoginError("denied", "the answer in the browser was no; nothing was changed")
            case "expired_token" | "invalid_grant" | "code_expired":
                raise _over()
            case "invalid_client" | "unauthorized_client":
                raise LoginError("invalid-client", f"{place} does not take this client: {answer.named}")
        if answer.error or not 200 <= answer.status < 300:
            raise LoginError("refused", f"{place} gave no login: {answer.named}")
        kind = answer.content.get("token_type", "Bearer")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise LoginError(
                "unclear",
                f"{place} gave a token of the kind {clean(str(kind), 40)}, which servers can't be given",
            )
        empty = Login(
            access_token=Secret(""),
            issuer=self._issuer.name,
            token_endpoint=self._issuer.token_endpoint,
            client_id=self._client.id,
            client_secret=self._client.secret,
            scope=self._scope,
            resource=self._resource,
        )
        try:
            return empty.renewed(dict(answer.content), time.time())
        except NotALoginError:
            raise LoginError("unclear", f"{place} said yes and gave no token") from None

    def _code(self, content: Mapping[str, Any], place: str) -> Code:
        user_code = _shown(content.get("user_code"), 64)
        address = _shown(content.get("verification_uri") or content.get("verification_url"), 300)
        device_code = content.get("device_code")
        if not user_code or not isinstance(device_code, str) or not device_code:
            raise LoginError("unclear", f"{place} gave an answer without a code")
        if not address or set(address) & set(" @\\") or not is_secure(address):  # `https://known@unknown`
            raise LoginError("unsafe", f"{place} names no safe address to enter the code at")
        whole = _shown(content.get("verification_uri_complete"), 300)
        lasts = _number(content.get("expires_in"), _USUAL)
        return Code(
            user_code,
            address,
            whole if not set(whole) & set(" @\\") and origin(whole) == origin(address) else "",
            self._clock() + min(max(lasts, 1.0), _LONGEST),
            min(max(_number(content.get("interval"), _INTERVAL), 1.0), _LONGEST_PAUSE),
            Secret(device_code),
        )

    def _post(self, url: str, form: Mapping[str, str | Secret]) -> Answer:
        return post(
            url,
            form,
            self._client,
            self._method,
            self._host,
            seconds=self._seconds,
            reach=self._issuer.reach,
        )

    def _other_method(self) -> bool:
        methods = self._issuer.secret_methods
        if self._client.secret is None or len(methods) < 2:
            return False
        self._method = methods[1]
        return True

    def _with_resource(self, form: Mapping[str, str | Secret]) -> Mapping[str, str | Secret]:
        return {**form, "resource": self._resource} if self._resource else form


def _over() -> LoginError:
    return LoginError("expired", "the code is over, and nobody entered it in time; nothing was changed")


def _shown(value: object, limit: int) -> str:
    """A text for the person to type or open, "" for one with anything in it that can't be typed."""
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        return ""
    return value.strip() if value.isascii() and value.isprintable() else ""


def _number(value: object, usual: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        return usual
    return float(value)
