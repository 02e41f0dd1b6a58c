"""What a login by code needs to know beforehand, and where that is known from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from diagnostics.catalog.logins import KnownLogin, known_login, known_logins
from diagnostics.context import Context
from diagnostics.model import Reference
from diagnostics.oauth.login import Login, NotALoginError, account_of, read_login
from diagnostics.oauth.well_known import covers, origin
from diagnostics.secret import Secret
from diagnostics.text import clean
from recovery.login.endpoint import Client, host_of
from recovery.login.error import LoginError
from recovery.model import Answers, Ask, AskKind
from recovery.steps.entry import TOKEN

ISSUER, SITE, CLIENT_ID, CLIENT_SECRET = "issuer", "site", "client_id", "client_secret"


@dataclass(frozen=True, slots=True)
class LoginPlan:
    """Plain data, so that the journal can keep it. "" = not known beforehand."""

    provider: str
    """As `${OAUTH:provider}` names it."""
    issuer: str = ""
    known: str = ""
    """The server's name in the catalogue of logins."""
    client_id: str = ""
    scope: str = ""
    resource: str = ""
    named_by: str = ""
    """The address of the server whose own text names the issuer."""
    registers: str = ""
    """Whether programs may register themselves there: `yes`, `no`, or not known."""

    @property
    def account(self) -> str:
        """The keychain account that the login is for."""
        return account_of(self.provider)

    @property
    def known_login(self) -> KnownLogin | None:
        """What the catalogue has about it."""
        return known_logins().get(self.known) if self.known else None

    @property
    def may_register(self) -> bool:
        """Whether a client may be registered on the way: the preview says so, and the person agrees to it."""
        return not self.known and self.registers != "no"

    @property
    def where(self) -> str:
        """Where one signs in, for people."""
        if self.issuer:
            return host_of(self.issuer)
        known = self.known_login
        return known.name if known else clean(self.provider, 60)

    def asks(self) -> tuple[Ask, ...]:
        """What the person is asked: what is not known, then the login itself."""
        found: list[Ask] = []
        known = self.known_login
        if not self.issuer and known is None:
            hint = "It begins with https:// and is named by whoever runs the server."
            found.append(Ask(ISSUER, AskKind.TEXT, "Address of the authorization server", hint))
        if not self.issuer and known is not None and known.site:
            found.append(Ask(SITE, AskKind.TEXT, f"Which {known.name}?", known.site))
        if not self.client_id and self.registers != "yes":
            hint = "It is made at the authorization server, which lets no program register itself."
            if self.may_register:
                hint = "Leave it empty to have mcp-doctor registered there as a client."
            hint = known.client if known else hint
            found.append(Ask(CLIENT_ID, AskKind.TEXT, "Client id", hint, optional=self.may_register))
        if known is not None and known.client_secret and not self.client_id:
            found.append(
                Ask(CLIENT_SECRET, AskKind.PASSWORD, "Client secret", "It stands beside the client id.")
            )
        login = Ask(TOKEN, AskKind.LOGIN, f"Sign in at {self.where}", about=asdict(self))
        return (*found, login)

    def filled(self, answers: Answers) -> "tuple[LoginPlan, Client | None]":
        """The plan with what the person said, and the client, None = one has to be registered.

        Raises:
            LoginError: `refused`, where an answer can't be used.
        """
        given = {name: _text(answers, name) for name in (ISSUER, SITE, CLIENT_ID)}
        issuer = self.issuer or given[ISSUER]
        known = self.known_login
        if not issuer and known is not None:
            try:
                issuer = known.at(given[SITE]).issuer
            except ValueError as error:
                raise LoginError("refused", clean(str(error), 300)) from None
        if not issuer:
            raise LoginError("refused", "the address of the authorization server is missing")
        client_id = self.client_id or given[CLIENT_ID]
        plan = replace(self, issuer=issuer, client_id=client_id)
        return plan, Client(client_id, answers.get(CLIENT_SECRET)) if client_id else None


def read_plan(about: Mapping[str, str]) -> LoginPlan:
    """The plan of a LOGIN question. Raises LoginError where it is none."""
    try:
        return LoginPlan(**about)
    except TypeError:
        raise LoginError(
            "refused", "this login was begun by another version of mcp-doctor: begin it anew"
        ) from None


def plan_for(reference: Reference, context: Context) -> LoginPlan:
    """What is known: from the login that is there, else from the remote server's own word, else from the catalogue.

    May ask the remote server, unless this run did already or is offline.
    """
    name = reference.name or ""
    stored = stored_login(name, context)
    if stored is not None:
        known = known_login(stored.issuer)
        return LoginPlan(
            name,
            stored.issuer,
            known.id if known else "",
            stored.client_id,
            clean(stored.scope),
            stored.resource,
        )
    return _told_by_server(reference, context) or _in_catalogue(name)


def stored_login(provider: str, context: Context) -> Login | None:
    """The login that the keychain holds, None where there is none that can be read."""
    from diagnostics.stores import StoreError

    try:
        entries = context.entries_named(account_of(provider))
    except StoreError:
        return None
    return login_in([each.secret for each in entries])


def login_in(values: list[Secret | None]) -> Login | None:
    """The first of these values that is a login."""
    for value in values:
        if value is not None:
            try:
                return read_login(value)
            except NotALoginError:
                continue
    return None


def _told_by_server(reference: Reference, context: Context) -> LoginPlan | None:
    from diagnostics.check import Verdict
    from diagnostics.checks.remote import asked, discovered
    from diagnostics.servers.remote_target import OpenAddressError, bare_address, target_of

    server = context.server(reference.server_id)
    target = target_of(server)
    if target is None or context.options.offline:
        return None
    answer = asked(context, target)
    if isinstance(answer, Verdict):
        return None
    try:
        found = discovered(context, target, answer)
        address = bare_address(context, target)
    except OpenAddressError:
        return None
    if not found.metadata or not found.issuer:
        return None
    named = found.resource.get("resource")
    resource = named if isinstance(named, str) and covers(named, address) else address
    if context.scrubber.scrub(resource) != resource:
        resource = ""  # it holds a credential, and the plan is written down
    known = known_login(found.issuer)
    return LoginPlan(
        reference.name or "",
        found.issuer,
        known.id if known else "",
        scope=_scope(found.resource, found.metadata),
        resource=clean(resource, 500),
        named_by=origin(found.server),
        registers="" if known else "yes" if found.metadata.get("registration_endpoint") else "no",
    )


def _scope(resource: Mapping[str, object], server: Mapping[str, object]) -> str:
    """What the resource knows; and a refresh token, where the server gives one for a scope."""
    wanted = _texts(resource.get("scopes_supported"))
    if "offline_access" in _texts(server.get("scopes_supported")):
        wanted += [each for each in ("openid", "offline_access") if each not in wanted]
    return " ".join(wanted)


def _texts(value: object) -> list[str]:
    listed = value if isinstance(value, list) else []
    return [each for each in listed[:50] if isinstance(each, str) and each.isascii() and each.isprintable()]


def _in_catalogue(name: str) -> LoginPlan:
    words = [name.lower(), *name.lower().replace("_", "-").split("-")[:1]]
    known = next((known_logins()[each] for each in words if each in known_logins()), None)
    if known is None:
        return LoginPlan(name)
    return LoginPlan(name, "" if known.site else known.issuer, known.id, scope=known.scope)


def _text(answers: Answers, name: str) -> str:
    found = answers.get(name)
    return clean(found.reveal(), 500) if found else ""
