"""Auth0's own server keeps its login in the keychain, and says only 'not found' whatever keeps it from there."""

from pathlib import Path
from typing import Any

from diagnostics.check import Verdict, check, fail, ok, skip, unknown, warn
from diagnostics.context import Context
from diagnostics.managers import SECONDS, Answer, Found, Question
from diagnostics.model import Platform, Reference, Server, Syntax
from diagnostics.secret import Secret
from diagnostics.text import Words

_CLIENTS = {
    "claude-desktop": "claude",
    "claude-code": "claude-code",
    "cursor": "cursor",
    "gemini": "gemini",
    "vscode": "vscode",
    "windsurf": "windsurf",
}
"""Whose config the server's `init` writes, by our names for them; without a word it is Claude Desktop's."""
_SIGN_IN = {"not-signed-in", "half-signed-in", "wrong-form"}
"""Outcomes that a new login mends, which a locked keychain would not keep (the server does not say so)."""
LIBRARIES = ("/usr/lib", "/usr/lib64", "/lib", "/usr/local/lib")


@check(of=Server, within=SECONDS + 1)
def auth0_session(context: Context, server: Server) -> Verdict | None:
    """Is Auth0's server signed in?"""
    from diagnostics.servers.auth0 import REFRESH, SERVICE, TOKEN, is_auth0, login_of

    if server.disabled or not is_auth0(server):
        return None
    from diagnostics.managers.keytar import Keytar
    from diagnostics.references import unwrap
    from diagnostics.servers.child_environment import inherited_by
    from diagnostics.servers.resolve import UnresolvedError, resolve

    try:
        launch = resolve(
            unwrap(server),
            lambda each: _value(context, server, each),
            inherited_by(server, context.host),
            platform=context.host.platform,
        )
    except UnresolvedError as error:
        return skip("unresolved", place=error.reference.field)
    keytar = Keytar()

    def read(account: str) -> Answer:
        answer = keytar.lookup(
            Question(f"{SERVICE}/{account}", context.host, context.options, store=context.store)
        )
        if isinstance(answer, Found) and account in {TOKEN, REFRESH}:
            context.scrubber.learn(answer.value)
        return answer

    login = login_of(launch.env, read)
    client = _CLIENTS.get(server.client)
    sign_in = "npx @auth0/auth0-mcp-server init" + (f" --client {client}" if client else "")
    facts: dict[str, Any] = {**login.facts, "sign_in": Words(sign_in)}
    if login.cause is None:
        if login.outcome != "signed-in-by-environment" and not _has_libsecret(context.host.platform):
            return warn("no-libsecret", "native_library_missing", **facts)
        return ok(login.outcome, evidence=login.evidence, **facts)
    state = context.store.state()
    if login.outcome in _SIGN_IN and state.default is not None and state.default.locked:
        return fail("locked-and-not-signed-in", "keyring_locked", evidence=login.evidence, **facts)
    if login.outcome == "domain-ignored":
        return warn(login.outcome, login.cause, evidence=login.evidence, **facts)
    if login.outcome == "not-read":
        return unknown(login.outcome, login.cause, evidence=login.evidence, **facts)
    return fail(login.outcome, login.cause, evidence=login.evidence, **facts)


def _value(context: Context, server: Server, reference: Reference) -> Secret | None:
    """What the client or the launcher puts in; None = the server gets the text as it stands."""
    from diagnostics.servers.resolve import UnresolvedError

    if reference.syntax in {Syntax.LITERAL, Syntax.PLACEHOLDER}:
        return None
    if reference.syntax is Syntax.ENV and not (reference.expanded_by_client or server.launcher):
        return None
    value = context.value_of(reference)
    if value is None:
        raise UnresolvedError(reference, "credential_not_found", "has no value")
    return value


def _has_libsecret(platform: Platform) -> bool:
    """Whether the library that keytar loads on Linux is at one of the usual places; elsewhere it needs none."""
    if platform is not Platform.LINUX:
        return True
    folders = (Path(each) for each in LIBRARIES)
    return any(
        next(folder.glob(pattern), None) is not None
        for folder in folders
        for pattern in ("libsecret-1.so.0", "*/libsecret-1.so.0")
    )
