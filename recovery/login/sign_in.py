"""Signing in with a code, from a plan to a login that can be stored. Writes nothing; may register a client."""

import time
from collections.abc import Callable
from dataclasses import replace

from diagnostics.context import SERVICE
from diagnostics.secret import Secret
from recovery.entry_writing import matches
from recovery.login.device import Code, DeviceFlow, Pause, Waiting
from recovery.login.endpoint import Client
from recovery.login.error import LoginError
from recovery.login.issuer import Issuer, find_issuer
from recovery.login.plan import LoginPlan, login_in, read_plan
from recovery.login.registration import register
from recovery.model import Answers, Ask
from recovery.ports import RecoveryWorld


class SignIn:
    """One login for one LOGIN question. `begin` gives the code, `wait` the login; both block, `cancel` does not.

    In: the answers so far; `pause` and `clock` as for `DeviceFlow`.
    """

    def __init__(
        self,
        ask: Ask,
        answers: Answers,
        world: RecoveryWorld,
        *,
        pause: Pause | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = read_plan(ask.about)
        self._answers = answers
        self._world = world
        self._pause = pause
        self._clock = clock
        self._flow: DeviceFlow | None = None
        self._cancelled = False

    def begin(self) -> Code:
        """Finds the authorization server and gets a code from it. Raises LoginError."""
        plan, client = self._plan.filled(self._answers)
        host = self._world.host
        issuer = find_issuer(plan.issuer, host, plan.named_by)
        if not issuer.device_endpoint:
            raise LoginError(
                "no-device-flow",
                f"{plan.where} offers no login by code (device flow): log in with the program that uses the server",
            )
        if client is None:
            client = self._registered(issuer, plan)
        elif client.secret is None:
            client = replace(client, secret=self._kept_secret(client))
        try:
            return self._begun(issuer, client, plan)
        except LoginError as error:
            # a registration that the server has let go of; the preview said that another one may be made
            if error.trouble != "invalid-client" or not plan.may_register or not issuer.registration_endpoint:
                raise
        return self._begun(issuer, self._registered(issuer, plan), plan)

    def wait(self, code: Code, tell: Callable[[Waiting], None] = lambda _waiting: None) -> Secret:
        """The login as it is stored. Raises LoginError, as `DeviceFlow.wait`."""
        if self._flow is None:
            raise LoginError("cancelled", "the login was not begun")
        return self._flow.wait(code, tell).to_secret()

    def cancel(self) -> None:
        """From any thread: `wait` ends with `cancelled`."""
        self._cancelled = True
        if self._flow is not None:
            self._flow.cancel()

    def _begun(self, issuer: Issuer, client: Client, plan: LoginPlan) -> Code:
        self._flow = DeviceFlow(
            issuer,
            client,
            self._world.host,
            scope=plan.scope,
            resource=plan.resource,
            pause=self._pause,
            clock=self._clock,
        )
        if self._cancelled:
            raise LoginError("cancelled", "the login was left; nothing was changed")
        return self._flow.begin()

    def _registered(self, issuer: Issuer, plan: LoginPlan) -> Client:
        if not plan.may_register:
            raise LoginError("no-client", f"{plan.where} wants a client id, and none was given")
        return register(issuer, self._world.host, plan.scope)

    def _kept_secret(self, client: Client) -> Secret | None:
        """The secret that belongs to this client in the login that is there."""
        stored = login_in([each.secret for each in matches(self._world, SERVICE, self._plan.account)])
        return stored.client_secret if stored is not None and stored.client_id == client.id else None
