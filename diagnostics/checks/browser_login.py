"""Whether starting an entry would open a browser: `mcp-remote` asks for a login at once where it has none."""

import re
import time
from collections.abc import Mapping

from diagnostics.check import Verdict, skip
from diagnostics.checks.remote import asked
from diagnostics.checks.remote_start import at_its_address
from diagnostics.context import Context
from diagnostics.model import Server
from diagnostics.references import unwrap
from diagnostics.secret import Secret
from diagnostics.servers.remote_target import Target, headers_in, target_of
from diagnostics.servers.resolve import Launch

_PROXY = re.compile(r"(?<![\w.-])mcp-remote(?:\.cmd|\.exe)?(?=$|[@\s/\\'\"])", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_STARTS = {"remote-answered", "remote-without-tools"}
"""What the server says to the entry's own credential where `mcp-remote` then needs no login."""


def instead_of_a_browser(context: Context, server: Server, launch: Launch) -> Verdict | None:
    """What to say instead of starting the entry, None where no browser would open.

    In: an stdio server, and what starting it means. One with a credential of its own is asked with that first:
    refused, `mcp-remote` would go on to a login.
    """
    inner = unwrap(server)
    if not any(
        _PROXY.search(word) for word in (inner.command or "", *(each.reveal() for each in inner.args))
    ):
        return None
    target = target_of(server)
    if target is None or not target.proxy:
        return skip("would-open-browser")
    if _is_logged_in(context, target):
        return None
    if target.has_own_credential and not context.options.offline:
        said = at_its_address(context, server, _headers(context, launch))
        return None if said.outcome in _STARTS else said
    return None if _takes_anyone(context, target) else skip("would-open-browser")


def _headers(context: Context, launch: Launch) -> Mapping[str, Secret]:
    """As `mcp-remote` sends them: it replaces `${NAME}` from its own environment."""

    def value(found: re.Match[str]) -> str:
        return launch.env.get(found[1], "")

    sent = {
        name: Secret(_VARIABLE.sub(value, text.reveal())) for name, text in headers_in(launch.args).items()
    }
    for each in sent.values():
        context.scrubber.learn(Secret(re.sub(r"^\s*\w+\s+", "", each.reveal())))
    return sent


def _is_logged_in(context: Context, target: Target) -> bool:
    from diagnostics.oauth.kept_logins import kept_for
    from diagnostics.oauth.stored_login import Lifetime

    kept = kept_for(target, context.host)
    for each in kept.secrets:
        context.scrubber.learn(each)
    if kept.login is None:
        return False
    return kept.login.lifetime(time.time()) not in {Lifetime.EXPIRED, Lifetime.NO_TOKEN}


def _takes_anyone(context: Context, target: Target) -> bool:
    from diagnostics.servers.remote import RemoteOutcome

    if context.options.offline:
        return False
    answer = asked(context, target)
    return not isinstance(answer, Verdict) and answer.outcome is RemoteOutcome.ANSWERED
