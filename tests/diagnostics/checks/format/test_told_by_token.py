"""What a token says of itself, offline: its account, its place, its kind, its end."""

from pathlib import Path

from diagnostics.model import Finding, Status
from diagnostics.secret import Secret
from diagnostics.tokens.checksum import aws_account, built_in_data, pypi_location
from diagnostics.tokens.token_format import identify, is_told_by_shape, judge
from tests.support import tokens
from tests.support.configured import ask, context_of

CHECK = "format.token"
LATER = 4_000_000_000


def finding(folder: Path, variable: str, value: str, **env: str) -> Finding:
    entry = {"command": "x", "env": {variable: "${SECRET:t}", **env}}
    found = ask(context_of(folder, {"it": entry}, {"t": value}), CHECK)
    one = found[f"{CHECK} env.{variable}"]
    assert value not in repr(one)
    return one


def long_jwt(**claims: object) -> str:
    return tokens.jwt(LATER, **claims) + "0" * 100


def test_an_auth0_token_of_another_tenant(tmp_path: Path) -> None:
    value = long_jwt(iss="https://other.eu.auth0.com/")
    found = finding(tmp_path, "AUTH0_TOKEN", value, AUTH0_DOMAIN="acme.eu.auth0.com")
    assert (found.status, found.outcome, found.cause) == (Status.WARN, "elsewhere", "token_invalid")
    assert "other.eu.auth0.com" in found.detail
    right = long_jwt(iss="https://acme.eu.auth0.com/")
    found = finding(tmp_path, "AUTH0_TOKEN", right, AUTH0_DOMAIN="https://acme.eu.auth0.com")
    assert found.status is Status.OK
    assert any("ends on" in line for line in found.evidence)
    assert finding(tmp_path, "AUTH0_TOKEN", value).status is Status.OK, "no domain, nothing to compare"


def test_an_auth0_token_for_another_api(tmp_path: Path) -> None:
    issuer, own = "https://acme.eu.auth0.com/", "https://acme.eu.auth0.com/api/v2/"
    for audience, status in {
        "https://my-api.example": Status.WARN,
        own: Status.OK,
    }.items():
        for stated in (audience, [audience, f"{issuer}userinfo"]):
            value = long_jwt(iss=issuer, aud=stated)
            assert finding(tmp_path, "AUTH0_TOKEN", value, AUTH0_DOMAIN="acme.eu.auth0.com").status is status


def test_a_supabase_key_of_another_project(tmp_path: Path) -> None:
    value = tokens.jwt(LATER, ref="aaaaaaaaaaaaaaaaaaaa", role="service_role")
    name = "SUPABASE_SERVICE_ROLE_KEY"
    other = finding(tmp_path, name, value, SUPABASE_URL="https://bbbbbbbbbbbbbbbbbbbb.supabase.co")
    assert other.outcome == "elsewhere"
    same = finding(tmp_path, name, value, SUPABASE_URL="https://aaaaaaaaaaaaaaaaaaaa.supabase.co")
    assert same.status is Status.OK


def test_a_kind_that_was_stopped(tmp_path: Path) -> None:
    value = "ATBB" + "c4n4ry00" * 4
    found = finding(tmp_path, "BITBUCKET_APP_PASSWORD", value)
    assert (found.status, found.outcome, found.cause) == (Status.FAIL, "retired", "token_expired")
    assert "2026-06-09" in found.title
    before = judge(Secret(value), "bitbucket_app_password", now=1_700_000_000)
    assert not before.proven


def test_the_other_half_of_a_pair(tmp_path: Path) -> None:
    found = finding(tmp_path, "DD_API_KEY", "c4a4700d" * 5)
    assert (found.status, found.outcome) == (Status.WARN, "wrong-kind")
    assert "application key" in found.title
    found = finding(tmp_path, "TWILIO_ACCOUNT_SID", "SK" + "c4a4700d" * 4)
    assert found.outcome == "wrong-kind"
    found = finding(tmp_path, "SUPABASE_ACCESS_TOKEN", "sb_secret_" + "c4n4ry00" * 3 + "1234567")
    assert found.outcome == "wrong-kind"
    found = finding(tmp_path, "SHOPIFY_ACCESS_TOKEN", "shp" + "ss_" + "c4a4700d" * 4)
    assert found.outcome == "wrong-kind"


def test_a_bare_token_where_the_encoded_pair_belongs(tmp_path: Path) -> None:
    bare = "c4n4ry00" * 9 + "1234" + "AZDO" + "0000"
    assert finding(tmp_path, "PERSONAL_ACCESS_TOKEN", bare).outcome == "wrong-kind"
    assert finding(tmp_path, "AZURE_DEVOPS_PAT", bare).status is Status.OK


def test_the_account_in_an_aws_key(tmp_path: Path) -> None:
    key = "AKIA" + "Y34FZKBOKMUTVV7A"
    assert aws_account(key) == "609629065308"
    found = finding(tmp_path, "AWS_ACCESS_KEY_ID", key)
    assert any("609629065308" in line for line in found.evidence)
    assert aws_account("AKIA" + "IOSFODNN7EXAMPLE") is None
    assert aws_account("AKIA" + "Y34FZKBOKMUTVV71") is None, "1 is not in the alphabet"


def test_one_shape_of_two_providers_proves_neither() -> None:
    google = "AIza" + "c4n4ry00" * 4 + "123"
    assert not is_told_by_shape(google, "gemini_api_key_standard")
    assert identify(google, "GOOGLE_MAPS_API_KEY") == "google_maps_key"
    assert identify(google, "GEMINI_API_KEY") == "gemini_api_key_standard"
    atlassian = "ATATT3" + "c4n4ry00" * 8 + "=" + "0" * 8
    for name, provider_id in {
        "JIRA_API_TOKEN": "jira_cloud_token",
        "CONFLUENCE_API_TOKEN": "confluence_cloud_token",
        "BITBUCKET_API_TOKEN": "bitbucket_api_token",
    }.items():
        assert identify(atlassian, name) == provider_id
    assert not is_told_by_shape(atlassian, "jira_cloud_token")


def test_a_pypi_token_names_its_registry() -> None:
    import base64

    raw = b"\x02\x01\x08" + b"pypi" + b".org" + b"\x02\x24" + b"c4n4ry00" * 8
    text = "pypi" + "-" + base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert (pypi_location(text) or "").startswith("pypi.")
    assert judge(Secret(text), "pypi_token").look == "checksum-agrees"
    for broken in ("pypi-", "pypi-AgE", "pypi-####", "nothing", "pypi-" + "A" * 80):
        assert pypi_location(broken) is None


def test_garbage_has_no_data() -> None:
    for text in ("", "..", "a.b.c", "eyJ.eyJ.x", "sntrys_eyJ_x", "pk.eyJhIjpd.x"):
        assert built_in_data(text) is None
