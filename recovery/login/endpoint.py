"""One form sent to an authorization server's endpoint: never along a redirect, never twice, its secrets in the body."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from diagnostics.host import Host
from diagnostics.oauth.well_known import is_secure
from diagnostics.providers.http import Reply, Request, ask
from diagnostics.providers.proxy import Reach
from diagnostics.secret import Scrubber, Secret
from diagnostics.text import clean
from recovery.login.error import LoginError

SECONDS = 20.0
BASIC, POST = "client_secret_basic", "client_secret_post"


@dataclass(frozen=True, slots=True)
class Client:
    """Whom the login is given to. A public client has no secret."""

    id: str
    secret: Secret | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint said."""

    status: int
    content: Mapping[str, Any] = field(repr=False)
    """The JSON object, {} where it is none."""
    said: str = ""
    """The error's description, safe to show."""
    retry_after: float = 0.0
    """Seconds that it wants to be left alone, 0 = it did not say."""

    @property
    def error(self) -> str:
        """The error's code (RFC 6749 section 5.2), "" = none. Some servers send one with status 200."""
        found = self.content.get("error")
        return clean(found, 80) if isinstance(found, str) else ""

    @property
    def is_outage(self) -> bool:
        """Whether it says nothing about what was asked: the server is down, or wants fewer questions."""
        passing = self.error in {"temporarily_unavailable", "server_error"}
        return passing or self.status == 429 or self.status >= 500

    @property
    def named(self) -> str:
        """The error in words for people: its code and what was said about it."""
        code = self.error or f"HTTP {self.status}"
        return f"{code} ({self.said})" if self.said else code


def post(
    url: str,
    form: Mapping[str, str | Secret],
    client: Client,
    method: str,
    host: Host,
    *,
    seconds: float = SECONDS,
    reach: Reach = Reach.ANYWHERE,
) -> Answer:
    """Sends a form with the client's proof. In: `method`, how a client with a secret proves itself.

    Raises:
        HttpError: no answer came.
        LoginError: `unsafe`.
    """
    fields = {name: value if isinstance(value, str) else value.reveal() for name, value in form.items()}
    basic = None
    if client.secret is not None and method == BASIC:
        pair = f"{quote_plus(client.id)}:{quote_plus(client.secret.reveal())}"
        basic = Secret(base64.b64encode(pair.encode()).decode())
    else:
        fields["client_id"] = client.id
        if client.secret is not None:
            fields["client_secret"] = client.secret.reveal()
    secrets = [each for each in (*form.values(), client.secret, basic) if isinstance(each, Secret)]
    request = Request(
        "POST",
        require_secure(url),
        secret=basic,
        secret_header="Authorization" if basic else "",
        scheme="Basic" if basic else "",
        headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
        secret_body=Secret(urlencode(fields)),
        reach=reach,
    )
    return _read(ask(request, host.env, seconds), Scrubber(secrets))


def post_json(url: str, content: Mapping[str, Any], host: Host, reach: Reach, seconds: float) -> Answer:
    """Sends a document without any secret. Raises as `post`."""
    request = Request(
        "POST",
        require_secure(url),
        headers={"Accept": "application/json", "Content-Type": "application/json"},
        body=json.dumps(content),
        reach=reach,
    )
    return _read(ask(request, host.env, seconds), Scrubber())


def require_secure(url: str) -> str:
    """The address, if a login may go there. Raises LoginError `unsafe` for http to another computer."""
    if not is_secure(url):
        raise LoginError(
            "unsafe", f"{clean(url, 200) or 'no address'} is not https, so nothing was sent there"
        )
    return url


def host_of(url: str) -> str:
    """Host and port of an address, for people."""
    try:
        place = urlsplit(url).netloc.rpartition("@")[2]
        if not place.isascii():  # letters that look like others show as what they are
            place = place.encode("idna").decode()
    except ValueError:
        return clean(url, 120)
    return clean(place, 120)


def _read(reply: Reply, scrubber: Scrubber) -> Answer:
    try:
        content = json.loads(reply.body)
    except (ValueError, RecursionError):
        content = {}
    content = content if isinstance(content, dict) and not reply.cut else {}
    said = content.get("error_description")
    wait = reply.headers.get("retry-after", "").strip()
    return Answer(
        reply.status,
        content,
        scrubber.scrub(clean(said, 200)) if isinstance(said, str) else "",
        min(float(wait), 600.0) if wait.isdigit() and len(wait) < 6 else 0.0,
    )
