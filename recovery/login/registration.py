"""Making a client known to an authorization server that allows it (RFC 7591). Only after the person agreed."""

from diagnostics.host import Host
from diagnostics.oauth.judge import DEVICE_GRANT
from diagnostics.providers.http import HttpError
from diagnostics.secret import Secret
from recovery.login.endpoint import SECONDS, Client, host_of, post_json
from recovery.login.error import OUTAGE, LoginError
from recovery.login.issuer import Issuer

CLIENT_NAME = "mcp-doctor"


def register(issuer: Issuer, host: Host, scope: str = "", seconds: float = SECONDS) -> Client:
    """A public client for the device flow and renewals, named `mcp-doctor`.

    Raises:
        LoginError: `no-client` (it takes none), `outage`, `unsafe`.
    """
    place = host_of(issuer.name)
    if not issuer.registration_endpoint:
        raise LoginError(
            "no-client",
            f"{place} lets no program register itself: a client id has to be made there and given here",
        )
    wanted = {
        "client_name": CLIENT_NAME,
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "grant_types": [DEVICE_GRANT, "refresh_token"],
        "response_types": [],
        "redirect_uris": [],
        **({"scope": scope} if scope else {}),
    }
    try:
        answer = post_json(issuer.registration_endpoint, wanted, host, issuer.reach, seconds)
    except HttpError as error:
        raise LoginError(OUTAGE, f"{place} can't be reached ({error.trouble})") from None
    if answer.is_outage:
        raise LoginError(OUTAGE, f"{place} can't register a client right now: {answer.named}")
    found, secret = answer.content.get("client_id"), answer.content.get("client_secret")
    if not 200 <= answer.status < 300 or not isinstance(found, str) or not found:
        raise LoginError(
            "no-client", f"{place} did not register a client for the device flow: {answer.named}"
        )
    return Client(found, Secret(secret) if isinstance(secret, str) and secret else None)
