"""How this host is set up for Vault: address, token, namespace, certificates, and what a reference's path means.

The token goes to no other host than the one that the person's own environment names in VAULT_ADDR.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from diagnostics.host import Host
from diagnostics.managers import Trouble
from diagnostics.providers.proxy import is_loopback
from diagnostics.secret import Secret
from diagnostics.text import clean

_LONGEST_TOKEN_FILE = 16384
_NOT_SET_UP = "manager_not_set_up"
TRUE = {"1", "t", "true"}
"""What Vault's own programs take for yes (Go's strconv.ParseBool), in small letters."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A reference's path and field: `secret/data/mcp#token`."""

    path: str
    """As the HTTP API has it, below `/v1/`."""
    key: str = ""
    """The field, "" where none is named."""

    @property
    def url_path(self) -> str:
        """The path as it stands in an address."""
        return quote(self.path, safe="/-._~")


@dataclass(frozen=True, slots=True)
class Setting:
    """Where to ask, and with what."""

    address: str
    """Scheme, host and port, and a path where Vault stands below one."""
    host: str
    """Host and port as shown to people."""
    token: Secret = field(repr=False)
    token_from: str
    """`VAULT_TOKEN` or the file's name."""
    namespace: str = ""
    skip_verify: bool = False
    """VAULT_SKIP_VERIFY is set. It is told, and not followed: the token would go to whoever answers."""
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The environment by which proxies and certificate authorities are chosen."""


def wanted_of(name: str) -> Wanted | Trouble:
    """The path and field of a reference; the last `#` divides them."""
    path, sign, key = name.rpartition("#") if "#" in name else (name, "", "")
    path = path.strip("/").removeprefix("v1/").strip("/")
    parts = path.split("/")
    if len(parts) < 2 or any(part in {"", ".", ".."} for part in parts) or "?" in path or (sign and not key):
        return Trouble("malformed", "reference_malformed", facts={"name": name})
    return Wanted(path, key)


def setting_of(host: Host) -> Setting | Trouble:
    """What the environment says, or what is missing in it."""
    given = host.env.get("VAULT_ADDR", "").strip()
    if not given:
        return Trouble("no-address", _NOT_SET_UP)
    address = _address(given)
    if isinstance(address, Trouble):
        return address
    token = _token(host)
    if isinstance(token, Trouble):
        return token
    secret, origin = token
    if not re.fullmatch(r"[\x21-\x7e]+", secret.reveal()):
        return Trouble("token-garbled", "credential_corrupted", facts={"token_from": origin})
    env = dict(host.env)
    authorities = env.get("VAULT_CACERT") or env.get("VAULT_CAPATH")
    if authorities:
        env |= {"REQUESTS_CA_BUNDLE": authorities, "SSL_CERT_FILE": authorities}
    return Setting(
        address=address,
        host=urlsplit(address).netloc,
        token=secret,
        token_from=origin,
        namespace=env.get("VAULT_NAMESPACE", "").strip().strip("/"),
        skip_verify=env.get("VAULT_SKIP_VERIFY", "").strip().casefold() in TRUE,
        env=env,
    )


def _address(given: str) -> str | Trouble:
    shown = clean(re.sub(r"//[^/@]*@", "//", given), 120)
    facts = {"given": shown}
    try:
        parts = urlsplit(given)
        name, _port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return Trouble("address-malformed", "config_wrong_endpoint", facts=facts)
    has_more = parts.username or parts.password or parts.query or parts.fragment
    if parts.scheme not in {"http", "https"} or not re.fullmatch(r"[a-z0-9.:_-]+", name) or has_more:
        return Trouble("address-malformed", "config_wrong_endpoint", facts=facts)
    if parts.scheme == "http" and not is_loopback(name):
        return Trouble("not-https", "config_wrong_endpoint", facts=facts)
    path = parts.path.rstrip("/").removesuffix("/v1")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _token(host: Host) -> tuple[Secret, str] | Trouble:
    """The token where Vault's own command looks for it: the variable, then the file that `vault login` writes."""
    variable = host.env.get("VAULT_TOKEN", "").strip()
    if variable:
        return Secret(variable), "VAULT_TOKEN"
    path = host.home / ".vault-token"
    evidence: tuple[str, ...] = ()
    try:
        if path.is_file():
            with path.open("rb") as file:
                text = file.read(_LONGEST_TOKEN_FILE).decode("utf-8", "replace").strip()
            if text:
                return Secret(text), str(path)
            evidence = (f"{path} is empty",)
    except OSError as error:
        with suppress(ValueError):
            evidence = (f"{path} can't be read: {error.strerror}",)
    return Trouble("no-token", _NOT_SET_UP, evidence=evidence, facts={"path_of_token": str(path)})
