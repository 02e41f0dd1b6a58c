"""What can be told of a token before it is stored: its damage and shape offline, then its provider's word."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.model import Server, Status
from diagnostics.secret import Secret
from diagnostics.servers.command_line import command_line
from diagnostics.tokens.remark import Remark, words_of
from diagnostics.tokens.succession import Predecessor, beside

if TYPE_CHECKING:
    from diagnostics.providers.verify import Answer


@dataclass(frozen=True, slots=True)
class NewToken:
    """What was found out offline."""

    remarks: tuple[Remark, ...]
    provider: str | None = None
    """The catalogue's id of whom it can be asked about; None = nobody."""
    repaired: Secret | None = field(default=None, repr=False)
    """The value as it was surely meant, where it is damaged on its way."""


def look_at(
    value: Secret, provider: str | None, env_name: str | None = None, server: Server | None = None
) -> NewToken:
    """Offline: damage (line breaks, quotes, a placeholder) and shape.

    In: the value as given; the provider it should be of, when known; the variable that will hold it, and the server
    that will read it, either of which may tell the provider.
    """
    from diagnostics.tokens.hygiene import problems, repaired
    from diagnostics.tokens.token_format import Look, identify, judge

    remarks = [Remark(Status.FAIL, words_of("damage")[each.value]) for each in problems(value, env_name)]
    told = identify(value, env_name, command_line(server) if server is not None else "")
    whose = told or provider
    if whose is None:
        remarks.append(Remark(Status.UNKNOWN, words_of("look")["no-provider"]))
        return NewToken(tuple(remarks), None, repaired(value, env_name))
    judgement = judge(value, whose, env_name)
    other = provider is not None and judgement.provider.family != _family(provider)
    look = Look.OTHER_PROVIDER if other else judgement.look
    status, text = _STATUS[look.value], words_of("look")[look.value]
    remarks.append(Remark(status, text.format(name=judgement.provider.name)))
    remarks += _of_its_end(value)
    return NewToken(tuple(remarks), None if other else whose, repaired(value, env_name))


def _of_its_end(value: Secret) -> list[Remark]:
    from diagnostics.tokens.lifetime import end_of, has_ended, soon

    ends = end_of(value)
    if ends is None or has_ended(ends) or not (days := soon(ends)):
        return []
    return [
        Remark(Status.WARN, words_of("succession")["ends-soon"].format(days=days, day=f"{ends:%Y-%m-%d}"))
    ]


def ask_about(value: Secret, provider: str, server: Server | None, host: Host, options: Options) -> Remark:
    """Asks the provider, within its deadline. Never raises for what it meets.

    In: the value; the provider that `look_at` found; the server it is for (its variables may name a host of the
    provider's); the options say whether the network may be used.
    """
    return _remark_of(_answer(value, provider, server, host, options), provider)


def ask_with_scopes(
    value: Secret, provider: str, server: Server, host: Host, options: Options
) -> tuple[Remark, ...]:
    """As `ask_about`, asked once; and what the token may do that the server, as it is configured, has no use for."""
    from diagnostics.catalog.providers import provider as entry_of
    from diagnostics.tokens.scope import beyond, needs

    answer = _answer(value, provider, server, host, options)
    remarks = [_remark_of(answer, provider)]
    if answer is not None and answer.meaning == "valid" and answer.scopes:
        family = entry_of(provider).family
        too_many = beyond(needs(server, family), answer.scopes, family)
        if too_many:
            words = words_of("answer")["beyond-needs"].format(scopes=", ".join(too_many[:10]))
            remarks.append(Remark(Status.WARN, words))
    return tuple(remarks)


def ask_in_place_of(
    value: Secret,
    provider: str,
    server: Server | None,
    host: Host,
    options: Options,
    old: Predecessor,
) -> tuple[Remark, ...]:
    """As `ask_about`, asked once; and how the token stands beside the one that it replaces."""
    answer = _answer(value, provider, server, host, options)
    return (_remark_of(answer, provider), *beside(answer, old))


def _answer(
    value: Secret, provider: str, server: Server | None, host: Host, options: Options
) -> "Answer | None":
    """None = with --offline nobody is asked."""
    from diagnostics.providers.verify import verify

    if options.offline:
        return None
    others = _beside(provider, server)
    return verify(provider, value, host, options, configured=_configured(server), companions=others)


def _remark_of(answer: "Answer | None", provider: str) -> Remark:
    from diagnostics.catalog.providers import provider as entry_of

    words = words_of("answer")
    name = entry_of(provider).name
    if answer is None:
        return Remark(Status.UNKNOWN, words["offline"].format(name=name))
    if answer.meaning == "valid":
        known = [f"account {answer.account}"] if answer.account else []
        known += [f"scopes {', '.join(answer.scopes)}"] if answer.scopes else []
        known += [f"until {answer.expires:%Y-%m-%d}"] if answer.expires else []
        return Remark(
            Status.OK, words["valid"].format(name=name, known=f": {'; '.join(known)}" if known else "")
        )
    if answer.is_verdict:
        text = words.get(answer.meaning, words["invalid"])
        return Remark(_VERDICTS.get(answer.meaning, Status.FAIL), text.format(name=name))
    why = (answer.reason or answer.meaning).replace("_", " ").replace("-", " ")
    if answer.wanted:
        why = f"the question also needs {answer.wanted}"
    return Remark(Status.UNKNOWN, words["no-answer"].format(name=name, why=why))


_STATUS = {
    "ok": Status.OK,
    "checksum-agrees": Status.OK,
    "unknown": Status.UNKNOWN,
    "unlike": Status.WARN,
    "truncated": Status.FAIL,
    "checksum-wrong": Status.FAIL,
    "checksum-odd": Status.WARN,
    "wrong-kind": Status.FAIL,
    "other-provider": Status.FAIL,
    "over": Status.FAIL,
    "retired": Status.FAIL,
    "elsewhere": Status.WARN,
}
_VERDICTS = {"quota_exhausted": Status.WARN, "insufficient_scope": Status.WARN, "sso_required": Status.WARN}


def _family(provider: str) -> str:
    from diagnostics.catalog.providers import provider as entry_of

    return entry_of(provider).family


def _configured(server: Server | None) -> Mapping[str, str]:
    return {name: value.reveal() for name, value in server.env.items()} if server is not None else {}


def _beside(provider: str, server: Server | None) -> Mapping[str, Secret]:
    """What belongs to the token, where the server's entry has it in plain text."""
    from diagnostics.catalog.providers import provider as entry_of

    how = entry_of(provider).verify
    found: dict[str, Secret] = {}
    for name, companion in how.companions.items() if how and server is not None else ():
        values = (server.env.get(each) for each in companion.env) if server is not None else ()
        value = next((each for each in values if each and "${" not in each.reveal()), None)
        if value is not None:
            found[name] = value
    return found
