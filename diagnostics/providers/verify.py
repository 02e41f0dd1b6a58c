"""Asks a provider about a token: one harmless request, and what its answer means. Tells failures of the way apart."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from diagnostics.catalog.providers import Condition, Provider, Row, Verify, provider
from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.providers.address import Refusal, address_of
from diagnostics.providers.http import HttpError, Reply, ask
from diagnostics.providers.placement import placed
from diagnostics.providers.presented_certificate import issuer_of
from diagnostics.secret import Scrubber, Secret
from diagnostics.text import clean
from diagnostics.tokens.checksum import built_in_data

SECONDS = 10.0
"""Limit of one question, answer included."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about a token after asking (or not asking) its provider. Safe to show: cleaned and scrubbed."""

    meaning: str
    """One of the catalogue's meanings; `not-asked` (then `reason`); or why no answer came, see `http.TROUBLES`."""
    provider: str
    """The catalogue's id."""
    host: str = ""
    """Who was asked, or would have been."""
    reason: str = ""
    """For `not-asked`: see `address.address_of` and `placement.placed`; `unsendable` when no header can carry it."""
    wanted: str = ""
    """For `needs-companion` and `companion-odd`: which value, in words."""
    status: int = 0
    account: str = ""
    scopes: tuple[str, ...] | None = None
    """None = the provider does not tell; () = it says that there are none."""
    expires: datetime | None = None
    retry_after: int | None = None
    """Seconds that the provider asks to wait."""
    target: str = ""
    """For `redirected`: the host it points to."""
    skew: float | None = None
    """Seconds that the provider's clock is ahead of ours."""
    issuer: str = ""
    """Who signed the certificate that is not trusted; unproven, "" where that could not be found out."""
    said: str = ""
    """What the other side said about a failure."""
    note: str = ""
    """What else such an answer may mean with this provider."""
    page: str = ""
    """The title of the page for people that came in the provider's place."""

    @property
    def is_verdict(self) -> bool:
        """Whether it says something about the token itself."""
        return self.meaning in _VERDICTS


_ISSUER_SECONDS = 3.0
_SIGNED_BY = {"certificate-untrusted", "certificate-name", "certificate-expired"}
"""Failures that whoever stands between may have caused; the certificate names him."""

_VERDICTS = {
    "valid",
    "invalid",
    "expired",
    "revoked",
    "insufficient_scope",
    "sso_required",
    "quota_exhausted",
}


def verify(
    provider_id: str,
    secret: Secret,
    host: Host,
    options: Options,
    seconds: float = SECONDS,
    configured: Mapping[str, str] | None = None,
    companions: Mapping[str, Secret] | None = None,
) -> Answer:
    """What the provider says about the token. Sends it once, to one host, or to none; never raises for what it meets.

    In: the catalogue's id; `configured`, the variables that the server would read (they may name another host),
    by default none; `companions`, the further values that the request needs, by the catalogue's names for them.
    Out: an `Answer`.

    Raises:
        KeyError: the catalogue has no such provider.
    """
    entry = provider(provider_id)
    data = built_in_data(secret.reveal()) if entry.verify else None
    built_in = at(data, entry.verify.base_in_token) if entry.verify and entry.verify.base_in_token else None
    own = built_in if isinstance(built_in, str) else ""
    where = address_of(entry, options.provider_urls, configured or {}, own)
    if isinstance(where, Refusal) or entry.verify is None:
        refused = where if isinstance(where, Refusal) else Refusal("not-askable")
        return Answer("not-asked", entry.id, refused.host, refused.reason)
    blank = Answer("indeterminate", entry.id, where.host)
    request = placed(entry.verify, where, secret, companions or {})
    if isinstance(request, Refusal):
        return replace(blank, meaning="not-asked", reason=request.reason, wanted=request.host)
    try:
        reply = ask(request, host.env, seconds, entry.verify.limit_kb * 1024)
    except HttpError as error:
        if error.trouble in {"unsendable", "not-https"}:
            return replace(blank, meaning="not-asked", reason=error.trouble)
        issuer = issuer_of(request.url, host.env, _ISSUER_SECONDS) if error.trouble in _SIGNED_BY else ""
        return replace(blank, meaning=error.trouble, said=error.said, issuer=issuer)
    hidden = [each for each in (request.secret_url, request.secret_body) if each is not None]
    named = entry.verify.companions
    beside = [each for name, each in (companions or {}).items() if name in named and named[name].secret]
    known = [secret, *beside, *request.more_secrets.values(), *hidden]
    return _read(_Reading(entry, entry.verify, secret, companions or {}, reply, Scrubber(known)), blank)


def meaning_of(entry: Provider, status: int, headers: Mapping[str, str], body: bytes) -> str:
    """What an answer means, see `row_of`."""
    return row_of(entry, status, headers, body).result


def row_of(entry: Provider, status: int, headers: Mapping[str, str], body: bytes) -> Row:
    """The row that gives an answer its meaning: the entry's first that fits, ours for what all providers share.

    In: header names in lower case. Only JSON may say `valid`, and a page for people says nothing about a token: login
    pages answer 200 and block pages 403 in the provider's place. A few providers answer with pages of their own, and
    their rows say so (`page`).
    """
    document = _document(body)
    text = body.decode("utf-8", "replace").lower()

    def fitting(rows: Iterable[Row]) -> Row | None:
        fits = (row for row in rows if _fits(row, status))
        return next((row for row in fits if all(_holds(x, headers, document, text) for x in row.where)), None)

    if own := fitting(row for row in entry.answers if row.page):
        return own
    if status == 511:
        return Row(status, "indeterminate")
    if is_page(headers) and 400 <= status < 429:
        return Row(status, "ip_blocked" if status == 403 else "indeterminate")
    if 200 <= status < 300 and document is None:
        return Row(status, "indeterminate")
    if own := fitting(entry.answers):
        return own
    if status == 429:
        return Row(status, "rate_limited")
    if 500 <= status < 600:
        return Row(status, "provider_down")
    return Row(status, "redirected" if 300 <= status < 400 else "indeterminate")


def is_page(headers: Mapping[str, str]) -> bool:
    """Whether an answer is a page for people."""
    return "html" in headers.get("content-type", "").lower()


def _fits(row: Row, status: int) -> bool:
    return row.status in ("any", status)


def _holds(condition: Condition, headers: Mapping[str, str], document: Any, text: str) -> bool:
    if condition.body:
        return condition.body.lower() in text
    found = headers.get(condition.header) if condition.header else at(document, condition.path)
    if condition.absent:
        return found is None
    if condition.kind:
        return isinstance(found, list if condition.kind == "list" else dict)
    if condition.equals is not None:
        # True == 1 in Python, and a provider's 1 is not its true.
        return type(found) is type(condition.equals) and found == condition.equals
    if condition.starts or condition.contains:
        words = str(found or "").lower()
        return words.startswith(condition.starts.lower()) and condition.contains.lower() in words
    return found is not None


def at(document: Any, path: str) -> Any:
    """What stands at `$.a.b[0]` in a JSON document, None where nothing does; `[*]` gives a list of what each has."""
    steps = re.findall(r"\.([A-Za-z_]\w*)|\[(\d+|\*)\]", path)
    for number, (key, place) in enumerate(steps):
        if key:
            document = document.get(key) if isinstance(document, dict) else None
        elif place == "*":
            rest = "$" + "".join(f".{name}" if name else f"[{index}]" for name, index in steps[number + 1 :])
            return [at(each, rest) for each in document] if isinstance(document, list) else None
        else:
            index = int(place)
            document = document[index] if isinstance(document, list) and index < len(document) else None
    return document


def _document(body: bytes) -> Any:
    """The body as a JSON object or list, None for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


@dataclass(frozen=True, slots=True)
class _Reading:
    """An answer with all that is needed to read it."""

    entry: Provider
    how: Verify
    token: Secret = field(repr=False)
    companions: Mapping[str, Secret] = field(repr=False)
    reply: Reply = field(repr=False)
    scrubber: Scrubber = field(repr=False)

    def safe(self, value: object, limit: int = 120) -> str:
        return clean(self.scrubber.scrub(str(value)), limit)

    def place(self, place: str) -> Any:
        """What stands at a place of the catalogue, None where nothing does."""
        kind, colon, name = place.partition(":")
        if kind == "header" and colon:
            return self.reply.headers.get(name)
        if kind == "companion" and colon:
            return self.companions[name].reveal() if name in self.companions else None
        if kind == "token" and colon:
            return at(built_in_data(self.token.reveal()), name)
        return at(_document(self.reply.body), place) if place else None

    def account(self) -> str:
        found = [(place, self.place(place)) for place in self.how.account]
        names = [
            clean(str(each), 120) if place.startswith("companion:") else self.safe(each)
            for place, each in found
            if isinstance(each, str | int) and each != ""
        ]
        return " / ".join(names)

    def scopes(self) -> tuple[str, ...] | None:
        found = self.place(self.how.scopes)
        if isinstance(found, str):
            found = [each for each in re.split(r"[,\s]+", found) if each]
        if not isinstance(found, list):
            return None
        return tuple(self.safe(each, 60) for each in found[:_MOST_SCOPES] if isinstance(each, str))


_MOST_SCOPES = 200


def _read(reading: _Reading, blank: Answer) -> Answer:
    entry, reply = reading.entry, reading.reply
    row = row_of(entry, reply.status, reply.headers, reply.body)
    wait = _retry_after(reply.headers)
    answer = replace(
        blank,
        meaning=row.result,
        note=row.note,
        status=reply.status,
        skew=reply.skew,
        retry_after=_wait_in(_document(reply.body)) if wait is None else wait,
    )
    if answer.meaning == "redirected":
        return replace(answer, target=reading.safe(_target(reply.headers.get("location", ""))))
    if not row.note and answer.meaning in {"indeterminate", "ip_blocked"} and is_page(reply.headers):
        return replace(answer, page=reading.safe(_title(reply.body)))
    if answer.meaning not in {"valid", "insufficient_scope", "quota_exhausted", "sso_required"}:
        return answer
    return replace(
        answer,
        account=reading.account(),
        scopes=reading.scopes(),
        expires=_time(reading.place(reading.how.expiry)),
    )


def _title(body: bytes) -> str:
    """A page's title; "a page without a title" where it has none."""
    found = re.search(rb"<title[^>]{0,200}>([^<]{1,300})", body[:65536], re.IGNORECASE)
    title = " ".join(found[1].decode("utf-8", "replace").split()) if found else ""
    return title or "a page without a title"


def _time(found: Any) -> datetime | None:
    """A provider's time: `2026-12-01`, ISO 8601, GitHub's `2026-12-01 08:00:00 UTC` and `… +0100`, or the seconds
    (or milliseconds) since 1970.
    """
    if isinstance(found, int | float) and not isinstance(found, bool):
        seconds = found / 1000 if found > 1e11 else found
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 1e11 else None
    if not isinstance(found, str):
        return None
    text = found.strip().replace(" UTC", "+00:00")
    text = re.sub(r"^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) ?", r"\1T\2", text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _retry_after(headers: Mapping[str, str]) -> int | None:
    """Seconds: from Retry-After (a number or a date), or from the moment that X-RateLimit-Reset names."""
    text = headers.get("retry-after", "").strip()
    now = datetime.now(UTC)
    if text.isdigit():
        return min(int(text[:9]), 31_536_000)
    try:
        if text:
            return max(0, int((parsedate_to_datetime(text) - now).total_seconds()))
        reset = headers.get("x-ratelimit-reset", "").strip()
        if reset.isdigit() and headers.get("x-ratelimit-remaining", "").strip() == "0":
            return max(0, int(reset[:12]) - int(now.timestamp()))
    except (ValueError, TypeError, OverflowError):
        return None
    return None


def _wait_in(document: Any) -> int | None:
    """Seconds to wait, as Discord and Telegram put it into the answer."""
    for path in ("$.retry_after", "$.parameters.retry_after"):
        found = at(document, path)
        if isinstance(found, int | float) and not isinstance(found, bool) and 0 < found < 31_536_000:
            return math.ceil(found)
    return None


def _target(location: str) -> str:
    """The host of a redirect's target; its path may hold a secret and stays away."""
    try:
        return urlsplit(location).hostname or "the same host"
    except ValueError:
        return "an address that makes no sense"
