"""Authorization servers whose device flow is known: `logins.toml`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from diagnostics.catalog import read

_SITE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class KnownLogin:
    """One of them. Its addresses may hold `{site}`, until `at` fills it."""

    id: str
    name: str
    issuer: str
    device_endpoint: str
    token_endpoint: str
    scope: str
    client: str
    """Where a person makes a client id, in words."""
    client_secret: bool = False
    """Whether its device flow wants the client's secret."""
    site: str = ""
    """What to ask for, where the addresses hold `{site}`."""
    site_ends: str = ""

    def at(self, site: str) -> "KnownLogin":
        """The same with the site filled in.

        Raises:
            ValueError: that can't be a site of this server.
        """
        if not self.site:
            return self
        if not _SITE.fullmatch(site) or not site.lower().endswith(self.site_ends):
            raise ValueError(f"“{site}” is no {self.name} site. {self.site}")
        filled = {
            name: getattr(self, name).replace("{site}", site)
            for name in ("issuer", "device_endpoint", "token_endpoint")
        }
        return replace(self, **filled, site="")

    def matched(self, issuer: str) -> "KnownLogin | None":
        """The same for this issuer, None where it is another's."""
        before, _, after = self.issuer.partition("{site}")
        if not self.site:
            return self if issuer.rstrip("/") == self.issuer.rstrip("/") else None
        if not issuer.startswith(before) or not issuer.rstrip("/").endswith(after.rstrip("/")):
            return None
        try:
            return self.at(issuer.removeprefix(before).rstrip("/").removesuffix(after.rstrip("/")))
        except ValueError:
            return None


@cache
def known_logins() -> Mapping[str, KnownLogin]:
    """All of them, by every name that `${OAUTH:…}` may call them."""
    found: dict[str, KnownLogin] = {}
    for key, row in read("logins.toml").items():
        aliases = row.pop("aliases", ())
        one = KnownLogin(id=key, **row)
        found |= dict.fromkeys((key, *aliases), one)
    return found


def known_login(issuer: str) -> KnownLogin | None:
    """The one of this issuer, with its site filled in; None where none is known."""
    matches = (each.matched(issuer) for each in known_logins().values())
    return next((each for each in matches if each is not None), None)
