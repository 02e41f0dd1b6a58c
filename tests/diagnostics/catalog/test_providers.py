"""Every entry of the provider catalogue: well formed, and each of its answers means what it says.

`answers/<id>.json` holds a recorded answer for every row of the entry, shaped like the provider's own, with made-up
names in it. Each is sent over real HTTPS by a server on loopback and read like any other.
"""

import base64
import io
import json
import logging
import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema
import pytest

from diagnostics.catalog.providers import Provider, Verify, catalogue, provider, provider_ids, split
from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.providers.verify import row_of, verify
from diagnostics.secret import Secret
from diagnostics.tokens.checksum import RULES
from tests.support import tokens
from tests.support.provider_server import ProviderServer, provider_server

ASKABLE = [each for each in provider_ids() if provider(each).verify]
ANSWERS = Path(__file__).parent / "answers"
CANARY = "canary" + "-token-" + "0123456789" * 3
ASKED_WITH = {
    "auth0_management_token": tokens.jwt(1927843200, scope="read:users read:clients"),
    "aws_access_key": "AKIA" + "CANARY7" * 2 + "QQ",
    "mapbox_token": "pk" + "." + tokens.jwt(1927843200, u="ann").split(".")[1] + "." + "c4n4ry" * 4,
    "supabase_project_secret": tokens.jwt(1927843200, role="service_role"),
    "trello_key_token": "c4n4ry00" * 8,
    "twilio_api_key": "c4n4ry00" * 4,
    "twilio_auth_token": "ca0a4700" * 4,
}
"""Where an entry asks only about values of a form, or reads what the token itself says."""
COMPANIONS = {
    "email": "ann@example.com",
    "user": "ann",
    "cloud": "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
    "key": "SK" + "0" * 32,
    "sid": "AC" + "0" * 32,
    "api_key": "c0a0a1ed" * 4,
    "account": "0" * 32,
    "id": "companion000",
    "client": "mdb_sa_id_" + "0" * 24,
    "secret": "compan10n/" * 4,
    "namespace": "admin/team",
    "session": "session-companion-0123456789",
}
"""A value for every companion that an entry names."""
COMMON: list[tuple[int, bytes, str, str]] = [
    (403, b"<html>Attention Required</html>", "text/html", "ip_blocked"),
    (200, b"<html>Log in to this network</html>", "text/html", "indeterminate"),
    (200, b"", "", "indeterminate"),
    (502, b"{}", "application/json", "provider_down"),
    (503, b"<html>Maintenance</html>", "text/html", "provider_down"),
    (418, b"{}", "application/json", "indeterminate"),
    (401, b"<html>Sign in</html>", "text/html", "indeterminate"),
]
"""What any provider, or something in its place, may answer: the same meaning for all."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with provider_server(tmp_path_factory.mktemp("ca")) as found:
        yield found


@pytest.fixture
def host(server: ProviderServer, tmp_path: Path) -> Host:
    return Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, server.env)


@pytest.mark.parametrize("provider_id", provider_ids())
def test_the_file_keeps_to_the_schema(provider_id: str) -> None:
    folder = files("diagnostics.catalog")
    schema = json.loads(folder.joinpath("schema/provider.schema.json").read_text())
    table = tomllib.loads(folder.joinpath(f"providers/{provider_id}.toml").read_text())
    jsonschema.Draft202012Validator(schema).validate(table)


@pytest.mark.parametrize("provider_id", provider_ids())
def test_the_entry_makes_sense(provider_id: str) -> None:
    entry = provider(provider_id)
    shape = entry.format
    for regex in (shape.regex, shape.also):
        re.compile(regex)
    if shape.telling:
        assert shape.prefixes, "a telling shape is found by its prefix"
        assert shape.regex
    assert not shape.checksum or shape.checksum in RULES
    if entry.verify:
        assert any(row.result == "valid" for row in entry.answers)
        assert any(row.result in {"invalid", "expired"} for row in entry.answers)
        assert all(row.result != "valid" for row in entry.answers if row.page)
        assert "{token}" not in str(entry.verify.headers)
        named = set(re.findall(r"\{([a-z_]+)\}", str(entry.verify))) - {"token", "host", "label"}
        used = named | ({"secret", "session"} if entry.verify.auth == "aws" else set())
        used |= {place.partition(":")[2] for place in entry.verify.account if place.startswith("companion:")}
        assert used == set(entry.verify.companions), "each is used, and each that is used is there"
        for companion in entry.verify.companions.values():
            re.compile(companion.form)
        if entry.verify.base:
            name = entry.verify.base.removeprefix("https://")
            assert any(
                name == each or (each[0] == "*" and name.endswith(each[1:])) for each in entry.verify.hosts
            )
        assert "user-agent" not in {name.lower() for name in entry.verify.headers}


def test_each_family_has_one_that_its_name_means() -> None:
    families = {each.family for each in catalogue().providers}
    for family in families:
        assert len([each for each in catalogue().providers if each.family == family and each.main]) == 1, (
            family
        )


def test_an_unknown_id_is_an_error() -> None:
    with pytest.raises(KeyError):
        provider("no-such")


def test_a_file_is_in_two_halves() -> None:
    for each in provider_ids():
        text = files("diagnostics.catalog").joinpath(f"providers/{each}.toml").read_text()
        head, tail = (tomllib.loads(half) for half in split(text))
        assert set(tail) <= {"verify", "answers"}, f"{each}: what tells a token stands before [verify]"
        assert not {"verify", "answers"} & set(head)


def recorded(provider_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ANSWERS / f"{provider_id}.json").read_text(encoding="utf-8"))
    return found


def test_the_recordings_are_of_entries() -> None:
    assert {path.stem for path in ANSWERS.iterdir()} == set(ASKABLE)


@pytest.mark.parametrize("provider_id", ASKABLE)
def test_each_row_has_a_recorded_answer(provider_id: str) -> None:
    entry = provider(provider_id)
    reached = set()
    for one in recorded(provider_id):
        body = one["body"].encode() if isinstance(one["body"], str) else json.dumps(one["body"]).encode()
        headers = {name.lower(): value for name, value in one.get("headers", {}).items()}
        headers.setdefault(
            "content-type", "text/html" if isinstance(one["body"], str) else "application/json"
        )
        reached.add(entry.answers.index(row_of(entry, one["status"], headers, body)))
    assert reached == set(range(len(entry.answers)))


@pytest.mark.parametrize("provider_id", ASKABLE)
def test_every_recorded_answer_is_told_over_https(
    provider_id: str, server: ProviderServer, host: Host
) -> None:
    entry = provider(provider_id)
    token = ASKED_WITH.get(provider_id, CANARY)
    companions = companions_of(entry)
    if entry.verify and entry.verify.auth == "aws":
        pytest.importorskip("botocore")
    options = Options(provider_urls={entry.family: server.url})
    named = entry.verify.companions if entry.verify else {}
    secrets = [each.reveal() for name, each in companions.items() if named[name].secret]
    meanings = set()
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    try:
        for one in recorded(provider_id):
            is_page = isinstance(one["body"], str)
            body = one["body"].encode() if is_page else one["body"]
            server.answers(one["status"], body, one.get("headers"), "text/html" if is_page else "")
            server.seen.clear()
            answer = verify(provider_id, Secret(token), host, options, companions=companions)
            assert answer.meaning == one["meaning"], one["says"]
            assert answer.host == f"localhost:{server.port}"
            if answer.meaning == "valid" and "account" in one:
                assert answer.account == one["account"]
                assert answer.scopes == (tuple(one["scopes"]) if "scopes" in one else None)
                assert (f"{answer.expires:%Y-%m-%d}" if answer.expires else None) == one.get("expires")
            meanings.add(answer.meaning)
            assert len(server.seen) == 1
            check_request(entry, server, token)
            for secret in (token, *secrets):
                assert secret not in repr(answer)
                assert secret not in log.getvalue()
            assert "not-to-be-shown" not in repr(answer)
    finally:
        logging.getLogger().removeHandler(handler)
    assert "valid" in meanings
    assert meanings & {"invalid", "expired"}


@pytest.mark.parametrize("provider_id", ASKABLE)
def test_what_all_have_in_common(provider_id: str, server: ProviderServer, host: Host) -> None:
    entry = provider(provider_id)
    token, companions = Secret(ASKED_WITH.get(provider_id, CANARY)), companions_of(entry)
    if entry.verify and entry.verify.auth == "aws":
        pytest.importorskip("botocore")
    options = Options(provider_urls={provider_id: server.url})
    own = {row.status for row in entry.answers}
    for status, body, kind, meaning in COMMON:
        if status in own and meaning != "ip_blocked" and kind != "text/html" and body:
            continue
        server.answers(status, body, content_type=kind or " ")
        answer = verify(provider_id, token, host, options, companions=companions)
        assert answer.meaning == meaning, (status, kind)
    server.answers(302, b"", {"Location": f"https://elsewhere.example/login?next={token.reveal()}"})
    answer = verify(provider_id, token, host, options, companions=companions)
    assert (answer.meaning, answer.target) == ("redirected", "elsewhere.example")
    server.answers(429, {}, {"Retry-After": "120"})
    answer = verify(provider_id, token, host, options, companions=companions)
    assert (answer.meaning, answer.retry_after) == ("rate_limited", 120)


@pytest.mark.parametrize("provider_id", ASKABLE)
def test_nothing_is_sent_without_what_belongs_to_it(
    provider_id: str, server: ProviderServer, host: Host
) -> None:
    entry = provider(provider_id)
    needed = (
        {name for name, each in entry.verify.companions.items() if not each.optional} if entry.verify else ()
    )
    token = Secret(ASKED_WITH.get(provider_id, CANARY))
    options = Options(provider_urls={provider_id: server.url})
    server.seen.clear()
    for name in needed:
        some = {key: value for key, value in companions_of(entry).items() if key != name}
        answer = verify(provider_id, token, host, options, companions=some)
        assert (answer.meaning, answer.reason) == ("not-asked", "needs-companion")
        assert entry.verify
        assert entry.verify.companions[name].env[0] in answer.wanted
        if entry.verify.companions[name].form:
            odd = {**some, name: Secret("${UNSET} \r\nX-Evil: 1")}
            answer = verify(provider_id, token, host, options, companions=odd)
            assert (answer.meaning, answer.reason) == ("not-asked", "companion-odd")
    assert server.seen == []


def companions_of(entry: Provider) -> dict[str, Secret]:
    names = entry.verify.companions if entry.verify else {}
    values = {**COMPANIONS, **({"key": "0" * 32} if entry.family == "trello" else {})}
    return {name: Secret(values[name]) for name in names}


def check_request(entry: Provider, server: ProviderServer, token: str) -> None:
    """The request is the catalogue's, with the token in the one place that it names and nowhere else."""
    how = entry.verify
    assert how is not None
    [seen] = server.seen
    assert seen.method == how.method
    assert seen.headers["user-agent"].startswith("mcp-doctor/")
    values = {name: each.reveal() for name, each in companions_of(entry).items()} | {"token": token}

    def filled(text: str) -> str:
        return re.sub(r"\{([a-z_]+)\}", lambda match: values[match[1]], text)

    places = {
        "header": seen.headers.get(how.auth_header.lower(), ""),
        "basic": seen.headers.get("authorization", ""),
        "path": unquote(seen.path),
        "query": unquote(seen.path),
        "body": seen.body.decode(),
        "aws": seen.headers.get("authorization", ""),
    }
    assert token in (decoded_pair(places["basic"]) if how.auth == "basic" else places[how.auth])
    check_place(how, places, filled, token)
    own = {"header": how.auth_header.lower(), "basic": "authorization", "aws": "authorization"}.get(
        how.auth, ""
    )
    others = {name: value for name, value in seen.headers.items() if name != own}
    rest = str(others)
    rest += "" if how.auth in {"path", "query"} else seen.path
    rest += "" if how.auth == "body" else seen.body.decode()
    assert token not in rest
    prefix = "/api/v3" if how.base_form == "github" else ""
    path = unquote(seen.path) if how.auth in {"path", "query"} else seen.path
    assert path.startswith(prefix + filled(how.path).partition("?")[0])
    for name, value in how.headers.items():
        assert seen.headers[name.lower()] == filled(value)


def check_place(how: Verify, places: dict[str, str], filled: Any, token: str) -> None:
    if how.auth == "header":
        value = filled(how.auth_value)
        assert places["header"] == (f"{how.auth_scheme} {value}" if how.auth_scheme else value)
    elif how.auth == "basic":
        assert decoded_pair(places["basic"]) == f"{filled(how.user)}:{token}"
    elif how.auth == "query":
        query = dict(parse_qsl(urlsplit(places["query"]).query))
        assert all(query[name] == filled(text) for name, text in how.query.items())
    elif how.auth == "body":
        assert json.loads(places["body"]) == json.loads(filled(how.body))
    elif how.auth == "aws":
        assert places["aws"].startswith(f"AWS4-HMAC-SHA256 Credential={token}/")
        assert COMPANIONS["secret"] not in str(places)


def decoded_pair(header: str) -> str:
    assert header.startswith("Basic ")
    return base64.b64decode(header.removeprefix("Basic ")).decode()
