"""`${AWS_SECRET:arn#key}`: read from moto's server, and every way in which AWS or the host refuses named."""

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from moto.server import ThreadedMotoServer

from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.managers import Answer, Found, Question, Trouble, ask, aws_child
from diagnostics.managers import aws as aws_module
from diagnostics.managers.aws import Aws, Wanted, wanted_of
from diagnostics.managers.extra import install_line
from diagnostics.model import Platform, Session, Status
from tests.support.provider_server import Conversation, ProviderServer, closed_port, provider_server
from tests.support.worded import words_of

VALUE = "the-" + "value" * 4
REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "test" + "ing", "AWS_SECRET_ACCESS_KEY": "test" + "ing-secret"}
FAIL, UNKNOWN, SKIP = Status.FAIL, Status.UNKNOWN, Status.SKIP


@dataclass
class Place:
    """An AWS of one's own, and the environment that leads there."""

    url: str
    home: Path
    env: dict[str, str] = field(default_factory=dict)

    def client(self, region: str = REGION) -> Any:
        session = botocore.session.Session()
        return session.create_client(
            "secretsmanager",
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def look_up(self, name: str, *, seconds: float = 10, starting: bool = False, **env: str | None) -> Answer:
        merged: dict[str, str | None] = {**self.env, **env}
        given = {name: value for name, value in merged.items() if value is not None}
        host = Host(Platform.LINUX, Session.LOCAL, self.home, self.home, given)
        answer = ask(Aws(), Question(name, host, Options(), seconds, starting=starting))
        assert VALUE not in repr(answer) + words_of(Aws(), answer)
        assert KEYS["AWS_SECRET_ACCESS_KEY"] not in repr(answer)
        return answer

    def value(self, *args: Any, **more: Any) -> str:
        found = self.look_up(*args, **more)
        assert isinstance(found, Found), found
        return found.value.reveal()

    def trouble(self, *args: Any, **more: Any) -> tuple[str, str | None, Status]:
        found = self.look_up(*args, **more)
        assert isinstance(found, Trouble), found
        return found.outcome, found.cause, found.status


def env_of(home: Path, url: str) -> dict[str, str]:
    (home / ".aws").mkdir(parents=True, exist_ok=True)
    return {"HOME": str(home), "AWS_REGION": REGION, "AWS_ENDPOINT_URL": url, "PATH": "/usr/bin:/bin", **KEYS}


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def moto(moto_url: str, tmp_path: Path) -> Place:
    return Place(moto_url, tmp_path, env_of(tmp_path, moto_url))


@dataclass
class Refusing:
    """A place that answers as it is told, as AWS puts its errors."""

    server: ProviderServer
    place: Place

    def says(self, status: int, code: str, message: str = "", **headers: str) -> None:
        self.server.answers(
            status,
            {"__type": code, "message": message},
            {"x-amzn-requestid": "1", **headers},
            content_type="application/x-amz-json-1.1",
        )


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[Refusing]:
    with provider_server(tmp_path, tls=False) as server:
        yield Refusing(server, Place(server.url, tmp_path, env_of(tmp_path, server.url)))


# ── found ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_by_name_and_by_arn(moto: Place) -> None:
    arn = moto.client().create_secret(Name="mcp/by-name", SecretString=VALUE)["ARN"]
    assert moto.value("mcp/by-name") == VALUE
    assert moto.value(arn) == VALUE


def test_the_arn_says_the_region(moto: Place) -> None:
    arn = moto.client("us-west-2").create_secret(Name="mcp/far", SecretString=VALUE)["ARN"]
    assert moto.value(arn) == VALUE
    assert moto.trouble("mcp/far") == ("missing", "credential_not_found", FAIL)


def test_a_key(moto: Place) -> None:
    arn = moto.client().create_secret(Name="mcp/json", SecretString=json.dumps({"token": VALUE, "pin": 12}))[
        "ARN"
    ]
    assert moto.value("mcp/json#token") == VALUE
    assert moto.value(f"{arn}#pin") == "12"
    assert moto.value(f"{arn}:token::") == VALUE


def test_several_fields_without_a_key_are_a_warning(moto: Place) -> None:
    moto.client().create_secret(Name="mcp/whole", SecretString=json.dumps({"token": VALUE, "pin": 12}))
    found = moto.look_up("mcp/whole")
    assert isinstance(found, Found)
    assert [(each.outcome, each.status) for each in found.warnings] == [("whole-json", Status.WARN)]
    assert found.facts["fields"] == "token, pin"


def test_the_region_of_the_config_file(moto: Place) -> None:
    moto.client().create_secret(Name="mcp/region", SecretString=VALUE)
    (moto.home / ".aws/config").write_text(f"[default]\nregion = {REGION}\n")
    assert moto.value("mcp/region", AWS_REGION=None) == VALUE


def test_the_keys_of_a_profile(moto: Place) -> None:
    moto.client().create_secret(Name="mcp/profile", SecretString=VALUE)
    keys = "\n".join(f"{name.lower()} = {value}" for name, value in KEYS.items())
    (moto.home / ".aws/credentials").write_text(f"[work]\n{keys}\n")
    none = dict.fromkeys(KEYS)
    assert moto.value("mcp/profile", AWS_PROFILE="work", **none) == VALUE


# ── the secret ──────────────────────────────────────────────────────────────────────────────────────────────


def test_missing(moto: Place) -> None:
    assert moto.trouble("mcp/nothing") == ("missing", "credential_not_found", FAIL)


def test_about_to_be_deleted(moto: Place) -> None:
    moto.client().create_secret(Name="mcp/going", SecretString=VALUE)
    moto.client().delete_secret(SecretId="mcp/going", RecoveryWindowInDays=7)
    assert moto.trouble("mcp/going") == ("deleted", "credential_deleted", FAIL)


def test_without_a_value(moto: Place) -> None:
    moto.client().create_secret(Name="mcp/none")
    assert moto.trouble("mcp/none") == ("no-value", "credential_not_found", FAIL)


def test_binary(moto: Place) -> None:
    moto.client().create_secret(Name="mcp/binary", SecretBinary=b"\0\1")
    assert moto.trouble("mcp/binary") == ("binary", "credential_corrupted", FAIL)


@pytest.mark.parametrize(
    ("stored", "key", "outcome"),
    [
        (VALUE, "token", "not-json"),
        ("[1]", "token", "not-json"),
        ('{"a": "x"}', "token", "no-field"),
        ('{"token": {"a": 1}}', "token", "not-text"),
        ('{"token": ""}', "token", "empty"),
    ],
)
def test_keys_that_give_nothing(moto: Place, stored: str, key: str, outcome: str) -> None:
    name = f"mcp/{hashlib.sha256(stored.encode()).hexdigest()[:8]}-{outcome}"
    moto.client().create_secret(Name=name, SecretString=stored)
    assert moto.trouble(f"{name}#{key}")[0] == outcome


# ── what AWS says ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (400, "AccessDeniedException", "User: x is not authorized to perform: secretsmanager:GetSecretValue",
         ("denied", "token_insufficient_scope", FAIL)),
        (400, "AccessDeniedException", "Access to KMS is not allowed", ("kms-denied", "token_insufficient_scope", FAIL)),
        (400, "DecryptionFailure", "", ("kms-denied", "token_insufficient_scope", FAIL)),
        (400, "UnrecognizedClientException", "The security token included in the request is invalid.",
         ("credentials-refused", "token_invalid", FAIL)),
        (400, "InvalidSignatureException", "The request signature we calculated does not match",
         ("credentials-refused", "token_invalid", FAIL)),
        (400, "InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z",
         ("clock", "clock_skew", FAIL)),
        (400, "InvalidSignatureException", "Signature not yet current: 1 is still later than 2",
         ("clock", "clock_skew", FAIL)),
        (403, "RequestTimeTooSkewed", "", ("clock", "clock_skew", FAIL)),
        (400, "ExpiredTokenException", "The security token included in the request is expired",
         ("credentials-ended", "token_expired", FAIL)),
        (400, "ThrottlingException", "Rate exceeded", ("rate-limited", "rate_limited", UNKNOWN)),
        (500, "InternalServiceError", "", ("server-error", "provider_down", UNKNOWN)),
        (503, "Whatever", "", ("server-error", "provider_down", UNKNOWN)),
        (418, "Whatever", "", ("unclear", "provider_answer_unclear", UNKNOWN)),
    ],
)  # fmt: skip
def test_refusals(
    refusing: Refusing, status: int, code: str, message: str, expected: tuple[str, str, Status]
) -> None:
    refusing.says(status, code, message)
    assert refusing.place.trouble("mcp/x") == expected
    assert len(refusing.server.seen) == 1, "asked once, not again and again"


def test_the_clocks_difference_is_told(refusing: Refusing) -> None:
    refusing.says(403, "RequestTimeTooSkewed", Date=formatdate(time.time() + 1800, usegmt=True))
    found = refusing.place.look_up("mcp/x")
    assert isinstance(found, Trouble)
    assert found.facts["skew"] == "30 minutes behind"


def test_the_request_carries_a_signature_and_no_secret(refusing: Refusing) -> None:
    refusing.says(400, "ThrottlingException")
    refusing.place.look_up("mcp/x")
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in repr(refusing.server.seen)


# ── the way there ───────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_listens(moto: Place) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    assert moto.trouble("mcp/x", AWS_ENDPOINT_URL=url) == ("refused", "connection_refused", UNKNOWN)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://secrets.example.com", ("needs-agreement", "config_wrong_endpoint", FAIL)),
        ("https://amazonaws.com.example.com", ("needs-agreement", "config_wrong_endpoint", FAIL)),
        ("http://secretsmanager.eu-west-1.amazonaws.com", ("not-https", "config_wrong_endpoint", FAIL)),
    ],
)
def test_another_address_needs_agreement(moto: Place, url: str, expected: tuple[str, str, Status]) -> None:
    assert moto.trouble("mcp/x", AWS_ENDPOINT_URL=url) == expected
    (moto.home / ".aws/config").write_text(f"[default]\nendpoint_url = {url}\n")
    assert moto.trouble("mcp/x", AWS_ENDPOINT_URL=None) == expected


def test_an_address_that_was_agreed_to(moto: Place) -> None:
    moto.client().create_secret(Name="mcp/agreed", SecretString=VALUE)
    env = {**moto.env, "AWS_ENDPOINT_URL": "https://secrets.example.com"}
    host = Host(Platform.LINUX, Session.LOCAL, moto.home, moto.home, env)
    found = ask(Aws(), Question("mcp/agreed", host, Options(provider_urls={"aws": moto.url})))
    assert isinstance(found, Found)


def test_silence_has_an_end(refusing: Refusing) -> None:
    def wait(conversation: Conversation) -> None:
        conversation.rfile.read(1)

    refusing.server.script = wait
    began = time.monotonic()
    assert refusing.place.trouble("mcp/x", seconds=2.5) == ("no-answer", "provider_timeout", UNKNOWN)
    assert time.monotonic() - began < 4


def test_offline(moto: Place) -> None:
    host = Host(Platform.LINUX, Session.LOCAL, moto.home, moto.home, moto.env)
    found = ask(Aws(), Question("mcp/x", host, Options(offline=True)))
    assert isinstance(found, Trouble)
    assert (found.outcome, found.status) == ("offline", SKIP)


# ── the login ───────────────────────────────────────────────────────────────────────────────────────────────

NO_KEYS: dict[str, Any] = dict.fromkeys(KEYS)
SSO = """[default]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = Reader
"""
SSO_SESSION = """[default]
sso_session = mine
sso_account_id = 123456789012
sso_role_name = Reader
[sso-session mine]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access
"""


def sso_cache(place: Place, name: str, ends: float, **more: str) -> Path:
    folder = place.home / ".aws/sso/cache"
    folder.mkdir(parents=True)
    path = folder / f"{hashlib.sha1(name.encode()).hexdigest()}.json"
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
    path.write_text(json.dumps({"accessToken": "x" * 8, "expiresAt": stamp, **more}))
    return path


def test_no_login_and_no_metadata_service_is_asked(moto: Place) -> None:
    began = time.monotonic()
    assert moto.trouble("mcp/x", **NO_KEYS) == ("no-credentials", "manager_not_set_up", FAIL)
    assert time.monotonic() - began < 5


def test_half_a_login(moto: Place) -> None:
    found = moto.trouble("mcp/x", AWS_SECRET_ACCESS_KEY=None)
    assert found == ("credentials-half", "manager_not_set_up", FAIL)


def test_a_profile_that_does_not_exist(moto: Place) -> None:
    found = moto.trouble("mcp/x", AWS_PROFILE="nobody", **NO_KEYS)
    assert found == ("no-profile", "manager_not_set_up", FAIL)


def test_a_config_that_is_none(moto: Place) -> None:
    (moto.home / ".aws/config").write_text("region = without a section\n")
    assert moto.trouble("mcp/x") == ("config-broken", "config_syntax_error", FAIL)


def test_no_region(moto: Place) -> None:
    assert moto.trouble("mcp/x", AWS_REGION=None) == ("no-region", "manager_not_set_up", FAIL)


def test_a_region_that_is_none(moto: Place) -> None:
    assert moto.trouble("mcp/x", AWS_REGION="not a region!")[0] == "region-malformed"


def test_nobody_signed_in(moto: Place) -> None:
    (moto.home / ".aws/config").write_text(SSO)
    assert moto.trouble("mcp/x", **NO_KEYS)[:2] == ("sso-missing", "manager_not_set_up")


def test_single_sign_on_has_ended(moto: Place) -> None:
    (moto.home / ".aws/config").write_text(SSO)
    sso_cache(moto, "https://example.awsapps.com/start", time.time() - 60)
    found = moto.look_up("mcp/x", **NO_KEYS)
    assert isinstance(found, Trouble)
    assert (found.outcome, found.cause) == ("sso-ended", "token_expired")
    assert found.facts["login"] == "aws sso login"


@pytest.mark.parametrize(("renewable", "outcome"), [(True, "sso-renews"), (False, "sso-ended")])
def test_a_look_renews_no_login(moto: Place, renewable: bool, outcome: str) -> None:
    (moto.home / ".aws/config").write_text(SSO_SESSION)
    more = {
        "refreshToken": "r",
        "clientId": "c",
        "clientSecret": "s",
        "registrationExpiresAt": "2099-01-01T00:00:00Z",
    }
    path = sso_cache(moto, "mine", time.time() - 60, **(more if renewable else {}))
    before = path.read_bytes()
    assert moto.trouble("mcp/x", **NO_KEYS)[0] == outcome
    assert path.read_bytes() == before


def test_a_program_that_fails_is_not_quoted(moto: Place) -> None:
    program = f"sh -c 'echo {VALUE} >&2; exit 1'"
    (moto.home / ".aws/config").write_text(f"[default]\ncredential_process = {program}\n")
    assert moto.trouble("mcp/x", **NO_KEYS)[:2] == ("credentials-failed", "manager_not_set_up")


def test_a_program_that_hangs_is_ended(moto: Place) -> None:
    (moto.home / ".aws/config").write_text("[default]\ncredential_process = sleep 60\n")
    assert moto.trouble("mcp/x", seconds=2.5, **NO_KEYS)[0] == "no-answer"


# ── the form, the library ───────────────────────────────────────────────────────────────────────────────────

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mcp/github-AbCdEf"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (ARN, Wanted(ARN, "eu-west-1")),
        (f"{ARN}#token", Wanted(ARN, "eu-west-1", "token")),
        (f"{ARN}:token::", Wanted(ARN, "eu-west-1", "token")),
        ("mcp/github", Wanted("mcp/github")),
        ("mcp/github#a#b", Wanted("mcp/github", key="a#b")),
        ("arn:aws:s3:::bucket", None),
        ("arn:aws:secretsmanager:eu-west-1:1234:secret:x", None),
        (f"{ARN}:token:AWSPREVIOUS:", None),
        ("mcp/git:hub", None),
        ("mcp/github#", None),
    ],
)
def test_names(name: str, expected: Wanted | None) -> None:
    assert wanted_of(name) == expected


def test_malformed(moto: Place) -> None:
    assert moto.trouble("arn:aws:s3:::bucket") == ("malformed", "reference_malformed", FAIL)


def test_the_library_is_not_installed(moto: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore", None)
    found = moto.look_up("mcp/x")
    assert isinstance(found, Trouble)
    assert (found.outcome, found.cause, found.status) == ("extra-missing", "manager_extra_missing", FAIL)
    assert found.facts["command"] == install_line("aws")


def test_every_trouble_of_the_child_has_a_cause() -> None:
    told = {*aws_child._BY_CLASS.values(), *aws_child._BY_CODE.values()}
    assert told - {"no-credentials"} <= {*aws_module._CAUSES, *aws_module._IN_DOUBT}


@pytest.mark.parametrize("text", ["Amazon EC2\n", "QEMU\n"])
def test_the_metadata_service_is_for_machines_of_ec2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    vendor = tmp_path / "sys_vendor"
    vendor.write_text(text)
    monkeypatch.setattr(aws_module, "_VENDOR", vendor)
    env: Mapping[str, str] = aws_module._environment(
        Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {})
    )
    assert ("AWS_EC2_METADATA_DISABLED" in env) == (text == "QEMU\n")
