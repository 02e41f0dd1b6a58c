"""Fetches one JSON document that somebody else's text named. Bare, bounded, and never where it must not lead."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from diagnostics.oauth.well_known import is_secure, origin
from diagnostics.providers.http import HttpError, Reply, Request, ask
from diagnostics.providers.proxy import Reach
from diagnostics.text import clean

_LARGEST = 256 * 1024
_MOST_HOPS = 3


@dataclass(frozen=True, slots=True)
class Document:
    """One attempt to read a document. `outcome`: `found`, `absent` (another status), `not-json`, `not-an-object`,
    `too-large`, `redirected` (to another host, or without end), `not-https`, `private-address`, or one of the names
    in `http_error.TROUBLES`.
    """

    url: str
    outcome: str
    content: Mapping[str, Any] = field(default_factory=dict, repr=False)
    status: int = 0
    said: str = ""
    """What the other side said about a failure, safe to show."""

    @property
    def line(self) -> str:
        """The attempt in one line, for evidence."""
        how = f"HTTP {self.status}" if self.outcome == "absent" else self.outcome
        return f"{clean(self.url, 200)}: {how}" + (f" ({self.said})" if self.said else "")

    @property
    def is_answer(self) -> bool:
        """Whether the other side was reached, so that the attempt says something about it."""
        return self.status != 0


def fetch(url: str, env: Mapping[str, str], seconds: float, reach: Reach) -> Document:
    """The document at an address. Never raises; follows redirects within one host only."""
    asked = url
    for _ in range(_MOST_HOPS):
        if not is_secure(asked):
            return Document(url, "not-https")
        request = Request("GET", asked, headers={"Accept": "application/json"}, reach=reach)
        try:
            reply = ask(request, env, seconds, _LARGEST)
        except HttpError as error:
            return Document(url, error.trouble, said=error.said)
        if not 300 <= reply.status < 400:
            return _read(url, reply)
        try:
            target = urljoin(asked, reply.headers.get("location", ""))
        except ValueError:
            target = ""
        if target == asked or origin(target) != origin(asked):
            break
        asked = target
    return Document(url, "redirected", status=reply.status)


def _read(url: str, reply: Reply) -> Document:
    if not 200 <= reply.status < 300:
        return Document(url, "absent", status=reply.status)
    if reply.cut:
        return Document(url, "too-large", status=reply.status)
    try:
        content = json.loads(reply.body)
    except (ValueError, RecursionError):
        return Document(url, "not-json", status=reply.status)
    if not isinstance(content, dict):
        return Document(url, "not-an-object", status=reply.status)
    return Document(url, "found", content, reply.status)
