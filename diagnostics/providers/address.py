"""Where a token may be asked about: the provider's own host, one the person agreed to, or nowhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from diagnostics.catalog.providers import Provider, Verify
from diagnostics.providers.proxy import is_loopback
from diagnostics.text import clean


@dataclass(frozen=True, slots=True)
class Address:
    """The one address to ask, and the host in it as shown to people (with a port where it is not the usual one)."""

    url: str
    host: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nobody is asked. `reason` is the outcome's name; `host` the host it is about, "" where there is none."""

    reason: str
    host: str = ""


def address_of(
    entry: Provider, agreed: Mapping[str, str], configured: Mapping[str, str], built_in: str = ""
) -> Address | Refusal:
    """Where to ask, decided before anything is sent. Never two places: one that is named rules out the others.

    In: the catalogue's entry; the addresses the person agreed to, by provider id or family; the variables that the
    server itself would read; the address that the token's own data names. A host that only the config or the token
    names could be anyone's, so it needs agreement.

    Out: a Refusal with `not-askable` (no harmless request is known), `would-cost`, `needs-agreement` (the config names
    a host of its own), `other-address` (the person agreed to another one), `other-installation` (the token says that
    it belongs elsewhere), `no-address`, `address-unclear` (no https).
    """
    verify = entry.verify
    if verify is None:
        return Refusal("not-askable")
    given = agreed.get(entry.id) or agreed.get(entry.family)
    variable = next((name for name in verify.base_env if configured.get(name, "").strip()), None)
    named = _base(verify, configured[variable]) if variable else None
    if built_in:
        own = _base(verify, built_in)
        if own is None:
            return Refusal("address-unclear", _shown_text(built_in))
        if not given and not _is_public(verify, own):
            elsewhere = named is not None and _shown(named) != _shown(own)
            return Refusal("other-installation" if elsewhere else "needs-agreement", _shown(own))
        if variable is None:
            variable, named = "the token", own
            configured = {**configured, variable: built_in}
    if given:
        base = _base(verify, given)
        if base is None:
            return Refusal("address-unclear", _shown_text(given))
        if named is not None and not _is_public(verify, named) and _shown(named) != _shown(base):
            return Refusal("other-address", _shown(named))
        return Address(_joined(base, verify.path), _shown(base))
    if verify.consent:
        return Refusal("would-cost", _host_of(verify.base))
    if variable:
        if named is None:
            return Refusal("address-unclear", _shown_text(configured[variable]))
        if not _is_public(verify, named):
            return Refusal("needs-agreement", _shown(named))
        return Address(_joined(named, verify.path), _shown(named))
    if not verify.base:
        return Refusal("no-address")
    base = urlsplit(verify.base)
    return Address(_joined(base, verify.path), _shown(base))


def has_own_host(entry: Provider, configured: Mapping[str, str]) -> bool:
    """Whether the config names an installation other than the provider's public one."""
    verify = entry.verify
    names = [name for name in verify.base_env if configured.get(name, "").strip()] if verify else []
    if verify is None or not names:
        return False
    named = _base(verify, configured[names[0]])
    return named is None or not _is_public(verify, named)


def host_of(entry: Provider, configured: Mapping[str, str]) -> str:
    """The host that the server's variables name, "" where they name none."""
    verify = entry.verify
    texts = (
        [configured[name] for name in verify.base_env if configured.get(name, "").strip()] if verify else []
    )
    named = _base(verify, texts[0]) if verify and texts else None
    return (named.hostname or "") if named else ""


def _base(verify: Verify, text: str) -> SplitResult | None:
    """The API's base address that a variable's text means, None where it is none that a token may go to."""
    text = text.strip()
    text = verify.regions.get(text.lower(), text)
    if not re.match(r"[a-z][a-z0-9+.-]*://", text, re.IGNORECASE):
        text = _from_name(verify, text)
    try:
        parts = urlsplit(text)
        port, name = parts.port, (parts.hostname or "").lower()
    except ValueError:
        return None
    if not re.fullmatch(r"[a-z0-9.:_-]+", name) or parts.username or parts.password or parts.query:
        return None
    if re.search(r"[{}\s]", parts.path):
        return None
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(name)):
        return None
    path = parts.path.rstrip("/")
    if verify.base_form == "github":
        name, path = _github_api(name, path)
    shown = f"[{name}]" if ":" in name else name
    return SplitResult(parts.scheme, f"{shown}:{port}" if port else shown, path, "", "")


def _from_name(verify: Verify, text: str) -> str:
    """The address that a bare name means: `acme` and `acme.zendesk.com` are one place."""
    if "{}" not in verify.base_form:
        return f"https://{text}"
    before, after = verify.base_form.split("{}")
    host = after.partition("/")[0]
    if (host and text.partition("/")[0].endswith(host)) or (
        before != "https://" and text.startswith(before.removeprefix("https://"))
    ):
        return f"https://{text}"
    return f"{before}{text}{after}"


def _github_api(name: str, path: str) -> tuple[str, str]:
    """GitHub's rule: github.com has its API at api.github.com, SUB.ghe.com at api.SUB.ghe.com, others below /api/v3."""
    if name in {"github.com", "www.github.com", "api.github.com"}:
        return "api.github.com", ""
    if name.endswith(".ghe.com"):
        return name if name.startswith("api.") else f"api.{name}", ""
    return name, path or "/api/v3"


def _is_public(verify: Verify, base: SplitResult) -> bool:
    """Whether a token of this type may go there unasked."""
    if base.scheme != "https" or (base.port or 443) != 443:
        return False
    name = base.hostname or ""
    return any(
        name.endswith(allowed[1:]) if allowed.startswith("*.") else name == allowed
        for allowed in verify.hosts
    )


def _joined(base: SplitResult, path: str) -> str:
    """Base and path as one address; what both have in common (`/api/v4`) stands there once."""
    mine, theirs = [each for each in base.path.split("/") if each], path.lstrip("/").split("/")
    for length in range(min(len(mine), len(theirs)), 0, -1):
        if mine[-length:] == theirs[:length]:
            theirs = theirs[length:]
            break
    return f"{base.scheme}://{base.netloc}/" + "/".join([*mine, *theirs])


def _shown(base: SplitResult) -> str:
    return clean(base.netloc, 120)


def _shown_text(text: str) -> str:
    return clean(re.sub(r"//[^/@]*@", "//", text), 120)


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""
