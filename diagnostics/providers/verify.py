"""Asks a provider about a token: one harmless request, and what its answer means. Tells failures of the way apart."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from diagnostics.catalog.providers import Condition, Provider, Row, Verify, provider
from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.providers.address import Refusal, address_of
from diagnostics.providers.http import HttpError, Reply, Request, ask
from diagnostics.secret import Scrubber, Secret
from diagnostics.text import clean

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
    """For `not-asked`: see `provider_address.address_of`; `unsendable` when no header can carry the value."""
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
    said: str = ""
    """What the other side said about a failure."""

    @property
    def is_verdict(self) -> bool:
        """Whether it says something about the token itself."""
        return self.meaning in _VERDICTS


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
) -> Answer:
    """What the provider says about the token. Sends it once, to one host, or to none; never raises for what it meets.

    In: the catalogue's id; `configured`, the variables that the server would read (they may name another host),
    by default none. Out: an `Answer`.

    Raises:
        KeyError: the catalogue has no such provider.
    """
    entry = provider(provider_id)
    where = address_of(entry, options.provider_urls, configured or {})
    if isinstance(where, Refusal) or entry.verify is None:
        refused = where if isinstance(where, Refusal) else Refusal("not-askable")
        return Answer("not-asked", entry.id, refused.host, refused.reason)
    blank = Answer("indeterminate", entry.id, where.host)
    request = Request(
        method=entry.verify.method,
        url=where.url,
        secret=secret,
        secret_header=entry.verify.auth_header,
        scheme=entry.verify.auth_scheme,
        headers=entry.verify.headers,
        body=entry.verify.body,
    )
    try:
        reply = ask(request, host.env, seconds, entry.verify.limit_kb * 1024)
    except HttpError as error:
        if error.trouble in {"unsendable", "not-https"}:
            return replace(blank, meaning="not-asked", reason=error.trouble)
        return replace(blank, meaning=error.trouble, said=error.said)
    return _read(entry, entry.verify, blank, reply, Scrubber([secret]))


def meaning_of(entry: Provider, status: int, headers: Mapping[str, str], body: bytes) -> str:
    """What an answer means: the first row that fits, ours for what every provider has in common before and after.

    In: header names in lower case. Only JSON may say `valid`, and a page for people says nothing about a token: login
    pages answer 200 and block pages 403 in the provider's place.
    """
    document = _document(body)
    kind = headers.get("content-type", "").lower()
    if "html" in kind and 400 <= status < 429:
        return "ip_blocked" if status == 403 else "indeterminate"
    if 200 <= status < 300 and document is None:
        return "indeterminate"
    text = body.decode("utf-8", "replace").lower()
    for row in entry.answers:
        if _fits(row, status) and all(_holds(each, headers, document, text) for each in row.where):
            return row.result
    if status == 429:
        return "rate_limited"
    if 500 <= status < 600:
        return "provider_down"
    return "redirected" if 300 <= status < 400 else "indeterminate"


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
    """What stands at `$.a.b[0]` in a JSON document, None where nothing does."""
    for key, number in re.findall(r"\.([A-Za-z_]\w*)|\[(\d+)\]", path):
        if key:
            document = document.get(key) if isinstance(document, dict) else None
        else:
            place = int(number)
            document = document[place] if isinstance(document, list) and place < len(document) else None
    return document


def _document(body: bytes) -> Any:
    """The body as a JSON object or list, None for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _read(entry: Provider, how: Verify, blank: Answer, reply: Reply, scrubber: Scrubber) -> Answer:
    def safe(value: object, limit: int = 120) -> str:
        return clean(scrubber.scrub(str(value)), limit)

    document = _document(reply.body)
    answer = replace(
        blank,
        meaning=meaning_of(entry, reply.status, reply.headers, reply.body),
        status=reply.status,
        skew=reply.skew,
        retry_after=_retry_after(reply.headers),
    )
    if answer.meaning == "redirected":
        return replace(answer, target=safe(_target(reply.headers.get("location", ""))))
    if answer.meaning not in {"valid", "insufficient_scope", "quota_exhausted", "sso_required"}:
        return answer
    account = [at(document, path) for path in how.account]
    names = [safe(each) for each in account if isinstance(each, str | int) and each != ""]
    return replace(
        answer,
        account=" / ".join(names),
        scopes=_scopes(how, reply.headers, document, safe),
        expires=_time(_place(how.expiry, reply.headers, document)),
    )


def _place(place: str, headers: Mapping[str, str], document: Any) -> Any:
    if place.startswith("header:"):
        return headers.get(place.removeprefix("header:"))
    return at(document, place) if place else None


def _scopes(how: Verify, headers: Mapping[str, str], document: Any, safe: Any) -> tuple[str, ...] | None:
    found = _place(how.scopes, headers, document)
    if isinstance(found, str):
        found = [each for each in re.split(r"[,\s]+", found) if each]
    if not isinstance(found, list):
        return None
    return tuple(safe(each, 60) for each in found[:40] if isinstance(each, str))


def _time(found: Any) -> datetime | None:
    """A provider's time: `2026-12-01`, ISO 8601, or GitHub's `2026-12-01 08:00:00 UTC` and `… +0100`."""
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


def _target(location: str) -> str:
    """The host of a redirect's target; its path may hold a secret and stays away."""
    try:
        return urlsplit(location).hostname or "the same host"
    except ValueError:
        return "an address that makes no sense"
