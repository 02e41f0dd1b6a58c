"""Everything that must hold before an emergency token is taken: who, what for, why, how long, and how good it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from diagnostics.context import Options
from diagnostics.emergency import OpenIncident
from diagnostics.host import Host
from diagnostics.model import Status
from diagnostics.secret import Secret
from diagnostics.text import clean
from diagnostics.tokens.remark import Remark
from recovery.emergency.incident import new_id
from recovery.emergency.policy import Policy
from recovery.emergency.target import Target, started
from recovery.model import RecoveryError
from recovery.steps.emergency import ExtendTime, HoldToken

_LONGEST_REASON = 400
_TICKET = re.compile(r"[\w][\w .:/#@-]{0,79}")


class OpeningError(RecoveryError):
    """What was given does not do. The text says what was expected."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of the token."""

    remarks: tuple[Remark, ...]
    provider: str | None
    repaired: Secret | None = field(default=None, repr=False)
    """The value as it was surely meant, where it is damaged on its way."""

    @property
    def is_bad(self) -> bool:
        """Whether something says that it will not work."""
        return any(each.status is Status.FAIL for each in self.remarks)


def step_for(
    target: Target,
    policy: Policy,
    host: Host,
    *,
    reason: str,
    ticket: str = "",
    ttl: str | None = None,
    alone: bool = False,
) -> HoldToken:
    """The step that holds the token, with its incident's name.

    In: `alone` = this process holds it and hands it to nobody but what it starts itself. Else the kernel holds it
    where it can, and this process where it can't.

    Raises:
        OpeningError: reason or ticket do not do.
        TimeError: the time does not.
    """
    from recovery.emergency import holder, keeping
    from recovery.trail.actor import actor, told

    incident = new_id()
    by_process = alone or bool(keeping.trouble(host))
    place = None if alone or not by_process else holder.place_for(host, incident)
    return HoldToken(
        incident=incident,
        server=target.name,
        servers=tuple(each.id for each in target.servers),
        starts=tuple(each for each in target.starts if each),
        names=target.names,
        seconds=policy.seconds(ttl),
        reason=_reason(reason),
        ticket=_ticket(ticket, policy),
        who=told(actor(host), host.user, host.uid),
        held_by=keeping.PROCESS if by_process else keeping.KERNEL,
        socket="" if place is None else str(place),
    )


def make_sure_others_get_it(step: HoldToken, host: Host) -> None:
    """Raises OpeningError where a client that is started elsewhere could never get the token."""
    from recovery.emergency import keeping

    if step.held_by and not step.socket:
        raise OpeningError(
            f"No program that is started elsewhere can be given the token here: {keeping.trouble(host)}, and this "
            "process can't hand it on either. It can start the server itself, with the token:\n"
            f"$ mcp-doctor emergency start {clean(step.server, 100)} --reason TEXT -- COMMAND ARG …"
        )


def extension_for(opened: OpenIncident, policy: Policy, *, reason: str, ttl: str | None = None) -> ExtendTime:
    """The step that gives an open incident's token a new time, counted from now.

    Raises:
        OpeningError: the reason does not do.
        TimeError: the time does not.
    """
    return ExtendTime(opened.id, opened.server, policy.seconds(ttl), _reason(reason), opened.ends)


def judge(token: Secret, target: Target, host: Host, options: Options) -> Judgement:
    """Format first, then its provider's word, and whether its scopes go beyond what the server needs. Never raises."""
    from diagnostics.tokens.new_token import ask_with_scopes, look_at

    server = started(target.servers[0])
    found = look_at(token, None, target.variable, server)
    remarks: Sequence[Remark] = found.remarks
    if found.provider is not None and not any(each.status is Status.FAIL for each in remarks):
        remarks = (*remarks, *ask_with_scopes(token, found.provider, server, host, options))
    return Judgement(tuple(remarks), found.provider, found.repaired)


def make_sure_it_can_be_sent(token: Secret) -> None:
    """Raises OpeningError for what no variable can hold: nothing at all, or a zero character."""
    from diagnostics.tokens.hygiene import problems

    found = {each.value for each in problems(token, None)}
    if not token or "nul" in found:
        raise OpeningError("the token is empty" if not token else "there are zero bytes in the token")


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if len(reason) < 3:
        raise OpeningError("say why, in words that somebody else understands later: --reason TEXT")
    if len(reason) > _LONGEST_REASON:
        raise OpeningError(
            f"the reason is longer than {_LONGEST_REASON} characters: put the rest into the ticket"
        )
    return _without_token(reason, "reason")


def _ticket(text: str, policy: Policy) -> str:
    ticket = text.strip()
    if not ticket:
        if policy.require_ticket:
            raise OpeningError(f"this computer's policy ({policy.source}) wants a ticket: --ticket ID")
        return ""
    if not _TICKET.fullmatch(ticket):
        raise OpeningError("a ticket is a short id or address, as INC-1234")
    return _without_token(ticket, "ticket")


def _without_token(text: str, what: str) -> str:
    from diagnostics.tokens.masking import holds_credential

    safe = clean(text, 500)
    if holds_credential(safe):
        raise OpeningError(
            f"the {what} seems to hold a credential. It would be written to the audit trail, so it was not taken"
        )
    return safe
