"""Offline: which provider a token is of, and whether it looks like one of its tokens."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from diagnostics.catalog.providers import Provider, catalogue, provider
from diagnostics.secret import Secret
from diagnostics.text import clean
from diagnostics.tokens.checksum import agrees, built_in_data, jwt_expiry

_CLOCK_TOLERANCE = 300.0
"""Seconds. A JSON web token is called over only when it ended longer ago: clocks differ."""


class Look(StrEnum):
    """How a value looks, offline. `checksum-wrong`, `over` and `retired` are proofs; the rest are hints."""

    OK = "ok"
    CHECKSUM_AGREES = "checksum-agrees"
    UNKNOWN = "unknown"
    """No shape is known for this kind of token."""
    UNLIKE = "unlike"
    TRUNCATED = "truncated"
    CHECKSUM_WRONG = "checksum-wrong"
    CHECKSUM_ODD = "checksum-odd"
    """The check digits don't fit, under a rule that the provider has not confirmed."""
    WRONG_KIND = "wrong-kind"
    """A refresh, app-level, publishable or admin token where one to work with belongs."""
    OTHER_PROVIDER = "other-provider"
    OVER = "over"
    """It carries the time of its end, and that is past."""
    ELSEWHERE = "elsewhere"
    """It says itself that it is for another installation or project than the configured one."""
    RETIRED = "retired"
    """Its provider has stopped taking this kind."""


@dataclass(frozen=True, slots=True)
class FormatJudgement:
    """What the shape says. `expected` is the provider that the variable's name speaks of, when that is another."""

    look: Look
    provider: Provider
    expected: Provider | None = None
    ended: float | None = None
    """For `over`: when, in seconds since the epoch."""
    place: str = ""
    """For `elsewhere`: what the token says it is for, cleaned."""

    @property
    def proven(self) -> bool:
        """Whether check digits or built-in data prove that the value can't work."""
        return self.look in {Look.CHECKSUM_WRONG, Look.OVER, Look.RETIRED}


def identify(value: Secret | str, env_name: str | None = None, server_words: str = "") -> str | None:
    """The id of the provider entry that a value belongs to, None when nothing tells.

    In: the value as it stands; the name of the variable that holds it; the server's command line or address.
    A shape that tells its provider wins over a telling beginning, then comes the variable's name, then the server.
    """
    text = value.reveal() if isinstance(value, Secret) else value
    book = catalogue()
    named = book.named_by(env_name) if env_name else ()
    begins = book.by_prefix(text)
    whole = [each for each in begins if each.format.fits(text)]
    if whole:
        return next((each for each in whole if each in named), whole[0]).id
    if named:
        fitting = [each for each in named if each.format.fits(text, named=True)]
        started = [each for each in begins if each in named]
        main = [each for each in named if each.main]
        if fitting or started:
            return (fitting or started)[0].id
        return next((each for each in begins if _is_rare_start(each, text)), (main or list(named))[0]).id
    rare = next((each for each in begins if _is_rare_start(each, text)), None)
    serving = rare or (book.serving(server_words) if server_words else None)
    return serving.id if serving else None


def is_told_by_shape(value: Secret | str, provider_id: str) -> bool:
    """Whether the shape alone proves whose token it is, so that it may be sent there whatever it was called."""
    text = value.reveal() if isinstance(value, Secret) else value
    entry = provider(provider_id)
    if not (entry.format.telling and entry.format.fits(text)):
        return False
    families = {each.family for each in catalogue().by_prefix(text) if each.format.fits(text)}
    return families <= {entry.family}  # one shape of two providers' (AIza…, ATATT3…) proves neither


def is_whole_token(text: str) -> bool:
    """Whether the text has the whole shape of a token of any provider whose tokens can be told by shape."""
    return any(each.format.fits(text) for each in catalogue().by_prefix(text))


_COMMON_STARTS = {"secret_", "api-", "sdk-", "pat-"}
"""Beginnings that any text could have: they tell nothing unless the whole shape fits."""


def _is_rare_start(entry: Provider, text: str) -> bool:
    return any(
        text.startswith(prefix) and len(prefix) >= 4 and prefix not in _COMMON_STARTS
        for prefix in entry.format.prefixes
    )


def expected_by(env_name: str | None, server_words: str = "") -> Provider | None:
    """The provider that the name of the variable speaks of, or else the server's command or address."""
    book = catalogue()
    named = book.named_by(env_name) if env_name else ()
    if named:
        return next((each for each in named if each.main), named[0])
    return book.serving(server_words) if server_words else None


def judge(
    value: Secret, provider_id: str, env_name: str | None = None, now: float | None = None, host: str = ""
) -> FormatJudgement:
    """Whether the value looks like a token of this provider.

    In: the value, what `identify` made of it, the name of the variable that holds it, the time (default: the
    clock's), and the host that the server's settings name. A shape is a hint, since providers change theirs; only check digits and built-in data prove anything.

    Raises:
        KeyError: the catalogue has no such entry.
    """
    text = value.reveal()
    entry = provider(provider_id)
    named = catalogue().named_by(env_name) if env_name else ()
    if named and all(each.family != entry.family for each in named):
        return FormatJudgement(Look.OTHER_PROVIDER, entry, expected_by(env_name))
    look = _look(text, entry, bool(named) or not entry.format.telling)
    kinds = {each.use for each in named if each.family == entry.family} or {"access"}
    if entry.use != "access" and entry.use not in kinds and look in _WHOLE:
        return FormatJudgement(
            Look.WRONG_KIND, entry, expected_by(env_name) or catalogue().main_of(entry.family)
        )
    if look is Look.UNLIKE and named and (other := _sibling(text, entry, named)):
        return FormatJudgement(Look.WRONG_KIND, other, entry)
    moment = time.time() if now is None else now
    if entry.retired and look in _WHOLE and _day(entry.retired) < moment:
        return FormatJudgement(Look.RETIRED, entry, ended=_day(entry.retired))
    ended = jwt_expiry(text)
    if ended is not None and ended + _CLOCK_TOLERANCE < moment:
        return FormatJudgement(Look.OVER, entry, ended=ended)
    if look in _WHOLE and host and (place := _meant_for(text, entry, host)):
        return FormatJudgement(Look.ELSEWHERE, entry, place=place)
    return FormatJudgement(look, entry)


def _sibling(text: str, entry: Provider, named: Sequence[Provider]) -> Provider | None:
    """The other kind of the same provider that the value looks like: an application key where an API key belongs."""
    family = (each for each in catalogue().providers if each.family == entry.family)
    return next((each for each in family if each not in named and each.format.fits(text, named=True)), None)


def _meant_for(text: str, entry: Provider, host: str) -> str:
    """What a token says it is for, "" where that is the configured place or it does not say."""
    data = built_in_data(text) or {}
    for claim, form in entry.format.claims.items():
        stated = data.get(claim)
        found = [each for each in (stated if isinstance(stated, list) else [stated]) if isinstance(each, str)]
        expected = form.replace("{host}", host).replace("{label}", host.partition(".")[0])
        if found and expected.rstrip("/") not in [each.rstrip("/") for each in found]:
            return clean(", ".join(found), 120)
    return ""


def _day(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


_WHOLE = {Look.OK, Look.CHECKSUM_AGREES, Look.UNKNOWN}


def _look(text: str, provider: Provider, named: bool) -> Look:
    shape = provider.format
    if not shape.regex and not shape.also:
        return Look.UNKNOWN
    if shape.fits(text, named):
        agreement = agrees(shape.checksum, text) if shape.checksum else None
        if agreement is None:
            return Look.OK
        if agreement:
            return Look.CHECKSUM_AGREES
        return Look.CHECKSUM_WRONG if shape.checksum_proves else Look.CHECKSUM_ODD
    begins = any(text.startswith(prefix) for prefix in shape.prefixes)
    if begins and len(text) < shape.shortest:
        return Look.TRUNCATED
    if begins and shape.checksum == "sentry-org" and agrees(shape.checksum, text) is False:
        return Look.CHECKSUM_WRONG
    return Look.UNLIKE
