"""Whatever a config, a companion or the token itself says: a token goes to its own provider's host, or nowhere."""

from urllib.parse import urlsplit

import pytest

from diagnostics.catalog.providers import Provider, catalogue
from diagnostics.providers.address import Address, Refusal, address_of
from diagnostics.providers.placement import placed
from diagnostics.secret import Secret

EVIL = (
    "evil.example", "evil.example/#", "evil.example/?x=", "evil.example\\", "evil.example:443/", "x@evil.example",
    "x:y@evil.example", "https://evil.example", "http://evil.example", "//evil.example", "\\\\evil.example", "evil.example#",
    "evil.example%2f", "evil.example%00", "evil.example\n", "evil.example\r\nHost: evil.example", "evil.example\t", "evil.example.",
    "evil。example", "ｅvil.example", "evil.example\u3000", "evil.example\u2044", "a.evil.example/..", "..", "../..", "", " ", "@", ":", "/", "#",
    "127.0.0.1", "[::1]", "localhost", "169.254.169.254", "0x7f000001", "2130706433", "https://evil.example@HOST", "https://HOST@evil.example",
    "https://HOST.evil.example", "https://evilHOST", "https://HOST:8443", "https://HOST:443@evil.example", "https://HOST\\@evil.example",
    "https://HOST%2eevil.example", "https://HOST#@evil.example", "https://HOST?@evil.example", "http://HOST", "HOST.evil.example", "https://HOST\n.evil.example",
    "https://HOST/../../@evil.example", "ftp://HOST", "javascript:alert(1)", "https:/evil.example", "https:evil.example", "{evil}", "{token}",
)  # fmt: skip
TOKEN = Secret("A1" * 20)
ASKED = [each for each in catalogue().providers if each.verify]


def hosts_of(entry: Provider) -> set[str]:
    assert entry.verify is not None
    own = {urlsplit(entry.verify.base).hostname or ""} if entry.verify.base else set()
    return {each for each in {*entry.verify.hosts, *own} if each}


def is_its_own(entry: Provider, url: str) -> bool:
    """As a client reads the address, and as one does that is less strict."""
    parts = urlsplit(url)
    name = (parts.hostname or "").lower()
    fits = any(
        name == each or (each.startswith("*.") and name.endswith(each[1:])) for each in hosts_of(entry)
    )
    strange = set(parts.netloc) & set("@\\#?% \t\r\n") or not parts.netloc.isascii()
    return fits and parts.scheme == "https" and parts.port in (None, 443) and not strange


def texts_for(entry: Provider) -> list[str]:
    own = sorted(each.removeprefix("*.") for each in hosts_of(entry))[:2]
    return [
        text.replace("HOST", name) for text in EVIL for name in (own if "HOST" in text else own[:1] or ["x"])
    ]


@pytest.mark.parametrize("entry", ASKED, ids=lambda each: each.id)
def test_nothing_leads_a_token_elsewhere(entry: Provider) -> None:
    verify = entry.verify
    assert verify is not None
    sent = 0
    for text in texts_for(entry):
        for configured in [{}, *({name: text} for name in verify.base_env)]:
            where = address_of(entry, {}, configured, text if verify.base_in_token and not configured else "")
            if isinstance(where, Refusal):
                continue
            companions = {name: Secret(text or "x") for name in verify.companions}
            request = placed(verify, where, TOKEN, companions)
            if isinstance(request, Refusal):
                continue
            sent += 1
            for url in (request.url, request.secret_url.reveal() if request.secret_url else request.url):
                assert is_its_own(entry, url), (text, url)
            assert all("\n" not in value and "\r" not in value for value in request.headers.values()), text
    public = {name: Secret("acme") for name in verify.companions}
    plain = address_of(entry, {}, {}, "")
    assert (
        sent
        or isinstance(plain, Refusal)
        or isinstance(placed(verify, plain, TOKEN, public), Refusal)
        or verify.companions
    )


@pytest.mark.parametrize(
    "entry", [each for each in ASKED if each.verify and each.verify.companions], ids=lambda each: each.id
)
def test_a_companion_stays_a_part_of_the_path(entry: Provider) -> None:
    verify = entry.verify
    assert verify is not None
    where = Address(f"https://own.example{verify.path}", "own.example")
    for text in texts_for(entry):
        request = placed(verify, where, TOKEN, {name: Secret(text) for name in verify.companions})
        if not isinstance(request, Refusal):
            for url in (request.url, request.secret_url.reveal() if request.secret_url else request.url):
                assert urlsplit(url).netloc == "own.example", (text, url)
                assert not set(url) & set(" \\\t\r\n"), (text, url)
                assert "/../" not in url + "/", (text, url)
