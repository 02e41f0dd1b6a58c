"""What keeps a manager's server from being reached, as troubles with names that Vault and AWS share."""

from diagnostics.managers import Trouble
from diagnostics.model import Status
from diagnostics.providers.http_error import HttpError

_TROUBLES = {
    "dns": ("dns", "dns_failure"),
    "refused": ("refused", "connection_refused"),
    "unreachable": ("no-network", "network_unreachable"),
    "timeout": ("no-answer", "provider_timeout"),
    "closed": ("broke-off", "provider_answer_unclear"),
    "proxy-login": ("proxy", "proxy_problem"),
    "proxy-refused": ("proxy", "proxy_problem"),
    "proxy-unreachable": ("proxy", "proxy_problem"),
    "proxy-unsupported": ("proxy", "proxy_problem"),
    "certificate-untrusted": ("certificate", "tls_interception"),
    "certificate-expired": ("certificate", "certificate_expired"),
    "certificate-not-yet-valid": ("certificate", "clock_skew"),
    "certificate-name": ("certificate", "config_wrong_endpoint"),
    "authorities-unreadable": ("authorities", "path_not_found"),
    "tls": ("no-tls", "config_wrong_endpoint"),
}
_WRONG_HERE = {"certificate", "authorities", "no-tls"}
"""What is a fault of the set-up on this host; the rest may be over in a minute, so it is `unknown`."""


def trouble_of(error: HttpError, server: str, seconds: float, **facts: object) -> Trouble:
    """The trouble that an unanswered request means. In: the server as shown to people, the limit that was set."""
    outcome, cause = _TROUBLES.get(error.trouble, ("broke-off", "provider_answer_unclear"))
    status = Status.FAIL if outcome in _WRONG_HERE else Status.UNKNOWN
    more = {"address": server, "said": error.said or error.trouble, "seconds": f"{seconds:g}"}
    return Trouble(outcome, cause, status, (f"{server}: {error}",), {**more, **facts})
