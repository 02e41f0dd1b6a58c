"""A token goes to one host at most: its provider's own, or one the person agreed to."""

import pytest

from diagnostics.catalog.providers import provider
from diagnostics.providers.address import Address, Refusal, address_of, has_own_host
from diagnostics.providers.proxy import authorities, is_loopback, proxy_for


def where(provider_id: str, agreed: dict[str, str] | None = None, **configured: str) -> Address | Refusal:
    return address_of(provider(provider_id), agreed or {}, configured)


def test_the_public_address() -> None:
    assert where("github_pat_classic") == Address("https://api.github.com/user", "api.github.com")


@pytest.mark.parametrize(
    "name", ["github.com", "https://github.com", "https://github.com/", "https://api.github.com"]
)
def test_the_public_address_by_name(name: str) -> None:
    assert where("github_pat_classic", GITHUB_HOST=name) == where("github_pat_classic")


def test_a_host_that_only_the_config_names_needs_agreement() -> None:
    refused = Refusal("needs-agreement", "git.corp.example")
    assert where("github_pat_classic", GITHUB_HOST="https://git.corp.example") == refused
    assert where("gitlab_pat", GITLAB_API_URL="https://git.corp.example/api/v4") == refused
    assert where("sentry_user_token", SENTRY_HOST="sentry.corp.example") == Refusal(
        "needs-agreement", "sentry.corp.example"
    )
    assert has_own_host(provider("github_pat_classic"), {"GITHUB_HOST": "git.corp.example"})


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://git.corp.example", "https://git.corp.example/api/v3/user"),
        ("https://git.corp.example/api/v3/", "https://git.corp.example/api/v3/user"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com/user"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com/user"),
        ("https://git.corp.example:8443", "https://git.corp.example:8443/api/v3/user"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/v3/user"),
        ("http://[::1]:8000", "http://[::1]:8000/api/v3/user"),
    ],
)
def test_github_enterprise_after_agreement(given: str, url: str) -> None:
    for key in ("github", "github_pat_classic"):
        found = where("github_pat_classic", {key: given})
        assert isinstance(found, Address)
        assert found.url == url


def test_agreement_must_be_to_the_host_that_is_named() -> None:
    agreed = {"github": "https://git.corp.example"}
    assert isinstance(where("github_pat_classic", agreed, GITHUB_HOST="git.corp.example"), Address)
    assert where("github_pat_classic", agreed, GITHUB_HOST="evil.example") == Refusal(
        "other-address", "evil.example"
    )


def test_a_subdomain_of_the_providers_own_is_fine() -> None:
    found = where("github_enterprise", GH_HOST="acme.ghe.com")
    assert found == Address("https://api.acme.ghe.com/user", "api.acme.ghe.com")
    assert where("sentry_user_token", SENTRY_HOST="de.sentry.io") == Address(
        "https://de.sentry.io/api/0/auth/validate/", "de.sentry.io"
    )
    assert where("github_enterprise", GH_HOST="acme.ghe.com.evil.example") == Refusal(
        "needs-agreement", "acme.ghe.com.evil.example"
    )
    assert where("github_enterprise") == Refusal("no-address")


def test_what_both_addresses_share_stands_once() -> None:
    found = where("gitlab_pat", {"gitlab": "https://git.corp.example/sub/api/v4"})
    assert isinstance(found, Address)
    assert found.url == "https://git.corp.example/sub/api/v4/personal_access_tokens/self"
    found = where("openai_api_key", OPENAI_BASE_URL="https://api.openai.com/v1")
    assert found == Address("https://api.openai.com/v1/models", "api.openai.com")


@pytest.mark.parametrize(
    "text",
    [
        "http://git.corp.example",
        "ftp://git.corp.example",
        "https://me:word@git.corp.example",
        "https://api.github.com@evil.example",
        "https://evil.example?x=api.github.com",
        "${GITHUB_HOST}",
        "https://",
        "https://[",
        "https://a b",
        "https://x:99999999",
        "\x1b[31m",
        "https://api.github.com\\@evil.example",
        "https://аpi.github.com",
    ],
)
def test_no_address_that_a_token_may_go_to(text: str) -> None:
    found = where("github_pat_classic", GITHUB_HOST=text)
    assert isinstance(found, Refusal)
    assert found.reason == "address-unclear"
    assert "word" not in found.host
    assert found.host.isprintable()
    given = where("github_pat_classic", {"github": text})
    assert isinstance(given, Refusal)


def test_a_public_name_on_another_port_or_in_clear_text_is_not_public() -> None:
    assert where("gitlab_pat", GITLAB_API_URL="https://gitlab.com:8443") == Refusal(
        "needs-agreement", "gitlab.com:8443"
    )
    assert where("gitlab_pat", GITLAB_API_URL="http://gitlab.com").__class__ is Refusal
    assert where("gitlab_pat", GITLAB_API_URL="http://127.0.0.1:3000") == Refusal(
        "needs-agreement", "127.0.0.1:3000"
    )


def test_what_costs_is_asked_only_on_request() -> None:
    assert where("brave_search_key") == Refusal("would-cost", "api.search.brave.com")
    assert isinstance(
        where("brave_search_key", {"brave_search_key": "https://api.search.brave.com"}), Address
    )
    assert where("slack_app_level_token") == Refusal("would-cost", "slack.com")


@pytest.mark.parametrize(
    "provider_id", ["github_refresh_token", "slack_refresh_token", "stripe_publishable_key"]
)
def test_some_are_never_sent(provider_id: str) -> None:
    family = provider(provider_id).family
    assert where(provider_id, {family: "https://x.example"}) == Refusal("not-askable")


@pytest.mark.parametrize(
    ("rule", "name", "port", "direct"),
    [
        ("*", "a.example", 443, True),
        ("example", "a.example", 443, True),
        (".example", "a.example", 443, True),
        ("*.example", "a.example", 443, True),
        ("a.example", "a.example", 443, True),
        ("a.example:443", "a.example", 443, True),
        ("a.example:8443", "a.example", 443, False),
        ("b.example, a.example", "a.example", 443, True),
        ("ample", "a.example", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.0.0.0/8", "a.example", 443, False),
        ("bad/rule/", "10.1.2.3", 443, False),
        ("", "a.example", 443, False),
    ],
)
def test_exceptions_from_the_proxy(rule: str, name: str, port: int, direct: bool) -> None:
    env = {"HTTPS_PROXY": "http://p:1", "NO_PROXY": rule}
    assert (proxy_for(f"https://{name}:{port}/", env) is None) is direct


def test_which_proxy() -> None:
    assert (
        proxy_for("https://a.example", {"HTTPS_PROXY": "http://a", "https_proxy": "http://b"}) == "http://b"
    )
    assert proxy_for("https://a.example", {"ALL_PROXY": "http://c"}) == "http://c"
    assert proxy_for("https://a.example", {"HTTP_PROXY": "http://d"}) is None
    for name in ("localhost", "127.0.0.1", "[::1]", "x.localhost"):
        assert proxy_for(f"https://{name}/", {"HTTPS_PROXY": "http://a"}) is None
    assert not is_loopback("127.0.0.1.evil.example")


def test_which_authorities() -> None:
    env = {"SSL_CERT_FILE": "/c", "CURL_CA_BUNDLE": "/b"}
    assert authorities(env) == ("CURL_CA_BUNDLE", "/b")
    assert authorities({}) is None


@pytest.mark.parametrize(
    "name", ["acme", "acme.zendesk.com", "https://acme.zendesk.com", "https://acme.zendesk.com/"]
)
def test_a_bare_name_means_the_providers_own_host(name: str) -> None:
    found = where("zendesk_token", ZENDESK_SUBDOMAIN=name)
    assert found == Address("https://acme.zendesk.com/api/v2/users/me.json", "acme.zendesk.com")


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "acme.zendesk.com.evil.example",
        "evil.example/",
        "evil.example#",
        "a@evil.example",
        "x:1",
    ],
)
def test_a_bare_name_leads_nowhere_else(name: str) -> None:
    found = where("zendesk_token", ZENDESK_SUBDOMAIN=name)
    assert isinstance(found, Refusal) or found.host.endswith(".zendesk.com"), found


def test_regions_and_sites() -> None:
    assert where("datadog_api_key") == Address(
        "https://api.datadoghq.com/api/v1/validate", "api.datadoghq.com"
    )
    for name in ("datadoghq.eu", "eu", "api.datadoghq.eu", "https://api.datadoghq.eu"):
        found = where("datadog_api_key", DD_SITE=name)
        assert found == Address("https://api.datadoghq.eu/api/v1/validate", "api.datadoghq.eu")
    assert where("datadog_api_key", DD_SITE="evil.example") == Refusal("needs-agreement", "api.evil.example")
    assert isinstance(found := where("mailgun_key", MAILGUN_API_REGION="EU"), Address)
    assert found.host == "api.eu.mailgun.net"


def test_an_organisation_is_a_part_of_the_address() -> None:
    for name in ("acme", "dev.azure.com/acme", "https://dev.azure.com/acme/"):
        found = where("azure_devops_pat", AZURE_DEVOPS_ORG_URL=name)
        assert found == Address("https://dev.azure.com/acme/_apis/projects", "dev.azure.com")


def test_the_wiki_stands_once_in_confluences_address() -> None:
    for url in ("https://acme.atlassian.net", "https://acme.atlassian.net/wiki"):
        found = where("confluence_cloud_token", CONFLUENCE_URL=url)
        assert isinstance(found, Address)
        assert found.url == "https://acme.atlassian.net/wiki/rest/api/user/current"


@pytest.mark.parametrize("provider_id", ["qdrant_key", "jira_dc_pat", "confluence_dc_pat"])
def test_some_hosts_are_always_the_persons_word(provider_id: str) -> None:
    entry = provider(provider_id)
    assert entry.verify
    configured = {entry.verify.base_env[0]: "https://own.example"}
    assert address_of(entry, {}, configured) == Refusal("needs-agreement", "own.example")
    assert isinstance(address_of(entry, {provider_id: "https://own.example"}, configured), Address)


def test_braces_in_an_address_are_no_place_for_a_token() -> None:
    found = where("cloudflare_account_token", {"cloudflare": "https://x.example/{token}"})
    assert found == Refusal("address-unclear", "https://x.example/{token}")
