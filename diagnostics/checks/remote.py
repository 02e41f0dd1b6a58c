"""What the checks of remote servers share: one asking of the address a run, one discovery, and what is said of both."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from diagnostics.check import Verdict, skip
from diagnostics.context import Context
from diagnostics.model import Status
from diagnostics.servers.remote_target import OpenAddressError, Target, bare_address
from diagnostics.text import clean

if TYPE_CHECKING:
    from diagnostics.oauth.discovery import Discovery
    from diagnostics.servers.remote import RemoteAnswer

ANSWER_SECONDS = 15.0
DISCOVERY_SECONDS = 20.0

TROUBLES: Mapping[str, tuple[Status, str]] = {
    "dns": (Status.FAIL, "dns_failure"),
    "refused": (Status.FAIL, "connection_refused"),
    "unreachable": (Status.UNKNOWN, "network_unreachable"),
    "timeout": (Status.UNKNOWN, "provider_timeout"),
    "closed": (Status.UNKNOWN, "provider_answer_unclear"),
    "proxy-login": (Status.UNKNOWN, "proxy_problem"),
    "proxy-refused": (Status.UNKNOWN, "proxy_problem"),
    "proxy-unreachable": (Status.UNKNOWN, "proxy_problem"),
    "proxy-unsupported": (Status.UNKNOWN, "proxy_problem"),
    "certificate-untrusted": (Status.WARN, "tls_interception"),
    "certificate-name": (Status.FAIL, "tls_interception"),
    "certificate-expired": (Status.FAIL, "certificate_expired"),
    "certificate-not-yet-valid": (Status.FAIL, "clock_skew"),
    "authorities-unreadable": (Status.UNKNOWN, "tls_interception"),
    "tls": (Status.FAIL, "tls_interception"),
    "not-https": (Status.FAIL, "config_wrong_endpoint"),
    "unsendable": (Status.FAIL, "config_wrong_endpoint"),
    "other": (Status.UNKNOWN, "provider_answer_unclear"),
}
"""Why nobody answered -> status, cause. Untrusted here may be trusted there: clients bring their own authorities."""


def asked(context: Context, target: Target) -> "RemoteAnswer | Verdict":
    """What the address answers to a question without a credential, asked once a run; a verdict where it can't be asked."""
    from diagnostics.servers.remote import probe  # with TLS and all: not needed offline

    try:
        url = bare_address(context, target)
    except OpenAddressError as error:
        return skip(error.outcome)
    limit = context.options.timeout
    seconds = ANSWER_SECONDS if limit is None else max(1.0, min(ANSWER_SECONDS, limit * 0.9))
    found: RemoteAnswer = context.remotes.get(
        ("answer", url, target.transport),
        lambda: probe(url, context.host.env, transport=target.transport, seconds=seconds),
    )
    return found


def discovered(context: Context, target: Target, answer: "RemoteAnswer") -> "Discovery":
    """What is told about logging in there, found out once a run."""
    from diagnostics.oauth.discovery import discover

    url = bare_address(context, target)
    limit = context.options.timeout
    seconds = DISCOVERY_SECONDS if limit is None else max(1.0, min(DISCOVERY_SECONDS, limit * 0.9))
    found: Discovery = context.remotes.get(
        ("discovery", url, answer.resource_metadata),
        lambda: discover(url, context.host, answer.resource_metadata, seconds),
    )
    return found


def shown(url: str) -> str:
    """An address as people may see it: without user name, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that makes no sense"
    return clean(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")), 200)


def facts_of(context: Context, target: Target, answer: "RemoteAnswer | None" = None) -> dict[str, str]:
    """What the words of all these checks may name. Server texts in it are scrubbed by the runner."""
    url = bare_address(context, target)
    place = urlsplit(url).netloc
    facts = {
        "url": shown(url),
        "host": clean(place, 120),
        "machine": urlsplit(url).hostname or "",
        "through": "mcp-remote" if target.proxy else "the client",
    }
    if answer is not None:
        facts |= {
            "http_status": str(answer.status or ""),
            "said": context.scrubber.scrub(clean(answer.said, 300)),
            "elsewhere": shown(answer.elsewhere) if answer.elsewhere else "",
            "target": answer.target,
            "transport": {"http": "streamable HTTP", "sse": "SSE"}[answer.transport],
        }
    return facts
