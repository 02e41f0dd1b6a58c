"""The findings of one run as the history keeps them: one condition a credential."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from diagnostics.context import Context
from diagnostics.history import Condition, Credential, key_of
from diagnostics.model import ClientFile, Finding, Reference, Server, Status, Store, Syntax
from diagnostics.rollup import WORST_FIRST
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted

_OF_THE_STORE = {Syntax.SECRET, Syntax.KEYTAR, Syntax.OAUTH}
_ALWAYS_CREDENTIALS = set(Syntax) - {Syntax.ENV}
NOBODY = "nobody-logged-in"
"""The outcome of a keychain that can't be looked at because this user has no session right now."""
NOT_HERE = "not-known-to-a-timer"
"""The outcome of a variable that a timer does not have, while the shell or client that starts the server may."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How everything is."""

    credentials: Mapping[str, Credential]
    states: Mapping[str, Condition]
    findings: Mapping[str, Finding]
    """The finding that decided, by key; where one did."""


def states_of(
    context: Context, findings: Sequence[Finding], *, nobody: bool = False, timer: bool = False
) -> Seen:
    """What every credential is like, worst finding first.

    A credential is a reference that carries one; a server without any counts as one; so do the keychain where
    something rests on it, and a config file that is broken. In: all findings of a run; `nobody` = this user has no
    session now, so that an absent keychain is the night and no failure; `timer` = a timer started us, which has none
    of the variables of shells.
    """
    made = _Made(nobody=nobody, timer=timer)
    store = [each for each in findings if each.subject.startswith("store:")]
    if context.servers and context.needs_store:
        made.add(context.store.subject, "", "", "", store)
    for file in context.files:
        own = [each for each in findings if each.subject == file.key and each.concerns is None]
        if file.status is Status.FAIL or (
            not file.servers and any(each.status is Status.FAIL for each in own)
        ):
            made.add(file, "", "", clean(file.path.name, 60), own)
    by_server: dict[str, list[Finding]] = {}
    for each in findings:
        if each.server is not None:
            by_server.setdefault(each.server, []).append(each)
    of_files = [each for each in findings if each.server is None and not each.subject.startswith("store:")]
    for server in context.servers:
        path = str(server.path)
        shared = [
            each
            for each in of_files
            if (server.id in each.concerns if each.concerns is not None else each.path == path)
        ]
        own = by_server.get(server.id, [])
        whole = [*shared, *(each for each in own if each.reference is None)]
        references = [each for each in server.references if _is_credential(each)]
        keys = {each.key for each in references}
        whole += [each for each in own if each.reference is not None and each.subject not in keys]
        for one in references:
            about = [each for each in own if each.subject == one.key]
            on_store = store if one.syntax in _OF_THE_STORE else []
            made.add(
                one, server.id, one.field, one.name or "", [*about, *whole, *on_store], off=server.disabled
            )
        if not references:
            made.add(server, server.id, "", "", whole, off=server.disabled)
    return Seen(made.credentials, made.states, made.findings)


def _is_credential(reference: Reference) -> bool:
    """Whether it carries one: a plain variable (`HOME`) does not; what is wrong with it is the server's matter."""
    from diagnostics.servers.needs.need import is_harmless

    return reference.syntax in _ALWAYS_CREDENTIALS or not is_harmless(reference.name or "")


class _Made:
    def __init__(self, *, nobody: bool, timer: bool) -> None:
        self.nobody = nobody
        self.timer = timer
        self.credentials: dict[str, Credential] = {}
        self.states: dict[str, Condition] = {}
        self.findings: dict[str, Finding] = {}

    def add(
        self,
        subject: Reference | Server | Store | ClientFile,
        server: str,
        field: str,
        name: str,
        findings: Sequence[Finding],
        *,
        off: bool = False,
    ) -> None:
        key = key_of(subject)
        self.credentials[key] = Credential(
            key, *(mask_pasted(clean(each, 200)) for each in (server, field, name))
        )
        decisive = None if off else _decisive(findings)
        if decisive is None or decisive.status is Status.OK:
            status = Status.SKIP if decisive is None else Status.OK
            self.states[key] = Condition(status, expires=_ends(findings))
            return
        self.findings[key] = decisive
        status, outcome, title = decisive.status, decisive.outcome, decisive.title
        if self.nobody and status is Status.FAIL and decisive.subject.startswith("store:"):
            status, outcome = Status.UNKNOWN, NOBODY
            title = "Nobody of this user is logged in, so the keychain could not be looked at"
        if self.timer and status is Status.FAIL and decisive.cause == "env_var_missing":
            status, outcome = Status.UNKNOWN, NOT_HERE
            title = "A timer does not have the variables that your shell or desktop gives to servers"
        self.states[key] = Condition(
            status,
            decisive.cause or "",
            decisive.check,
            outcome,
            clean(title, 160),
            _ends(findings),
        )


def _decisive(findings: Sequence[Finding]) -> Finding | None:
    """The first finding of the worst state that anything has, along the path; None where nothing was asked."""
    for status in WORST_FIRST[:-1]:
        for each in findings:
            if each.status is status:
                return each
    return None


def _ends(findings: Iterable[Finding]) -> datetime | None:
    """The earliest end that a check told in the fact `expires_at` (UTC, ISO 8601)."""
    told = []
    for each in findings:
        try:
            moment = datetime.fromisoformat(each.facts["expires_at"])
            told.append(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))
        except (KeyError, ValueError, OverflowError):
            continue
    return min(told, default=None)
