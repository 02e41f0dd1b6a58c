"""Every entry of the provider catalogue: well formed, and each of its answers means what it says."""

import json
import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from diagnostics.catalog.providers import Condition, Provider, Row, catalogue, provider, provider_ids
from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.providers.verify import verify
from diagnostics.secret import Secret
from diagnostics.tokens.checksum import RULES
from tests.support.provider_server import ProviderServer, provider_server

ASKABLE = [each for each in provider_ids() if provider(each).verify]
CANARY = "canary" + "-token-" + "0123456789" * 3
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
        assert any(row.result == "invalid" for row in entry.answers)
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


@pytest.mark.parametrize("provider_id", ASKABLE)
def test_every_answer_is_told_over_https(provider_id: str, server: ProviderServer, host: Host) -> None:
    entry = provider(provider_id)
    options = Options(provider_urls={entry.family: server.url})
    for number, row in enumerate(entry.answers):
        status, headers, body = recorded(row)
        server.answers(status, body, headers, headers.get("content-type", ""))
        server.seen.clear()
        answer = verify(provider_id, Secret(CANARY), host, options)
        assert answer.meaning == row.result, f"row {number}: {row}"
        assert answer.host == f"localhost:{server.port}"
        assert CANARY not in repr(answer)
        assert len(server.seen) == 1
        check_request(entry, server)


@pytest.mark.parametrize("provider_id", ASKABLE)
def test_what_all_have_in_common(provider_id: str, server: ProviderServer, host: Host) -> None:
    entry = provider(provider_id)
    options = Options(provider_urls={provider_id: server.url})
    own = {row.status for row in entry.answers}
    for status, body, kind, meaning in COMMON:
        if status in own and meaning != "ip_blocked" and kind != "text/html" and body:
            continue
        server.answers(status, body, content_type=kind or " ")
        assert verify(provider_id, Secret(CANARY), host, options).meaning == meaning, (status, kind)
    server.answers(302, b"", {"Location": "https://elsewhere.example/login?next=x"})
    answer = verify(provider_id, Secret(CANARY), host, options)
    assert (answer.meaning, answer.target) == ("redirected", "elsewhere.example")
    server.answers(429, {}, {"Retry-After": "120"})
    answer = verify(provider_id, Secret(CANARY), host, options)
    assert (answer.meaning, answer.retry_after) == ("rate_limited", 120)


def check_request(entry: Provider, server: ProviderServer) -> None:
    """The request is the catalogue's, with the token in its one header and nowhere else."""
    assert entry.verify is not None
    [seen] = server.seen
    assert seen.method == entry.verify.method
    expected = f"{entry.verify.auth_scheme} {CANARY}" if entry.verify.auth_scheme else CANARY
    assert seen.headers[entry.verify.auth_header.lower()] == expected
    others = {name: value for name, value in seen.headers.items() if name != entry.verify.auth_header.lower()}
    assert CANARY not in str(others) + seen.path + seen.body.decode()
    assert seen.headers["user-agent"].startswith("mcp-doctor/")
    prefix = "/api/v3" if entry.verify.base_form == "github" else ""
    assert seen.path == prefix + entry.verify.path
    for name, value in entry.verify.headers.items():
        assert seen.headers[name.lower()] == value
    assert seen.body.decode() == entry.verify.body


def recorded(row: Row) -> tuple[int, dict[str, str], Any]:
    """The smallest answer that has what the row asks for."""
    status = row.status if isinstance(row.status, int) else 400
    headers: dict[str, str] = {}
    document: Any = {}
    for condition in row.where:
        value = value_for(condition)
        if condition.header:
            headers[condition.header] = (
                "application/json" if condition.header == "content-type" else str(value)
            )
        elif condition.body:
            document = {**document, "text": f"… {condition.body} …"}
        elif not condition.absent:
            document = put(document, condition.path, value)
    return status, headers, document


def value_for(condition: Condition) -> Any:
    if condition.kind:
        return [] if condition.kind == "list" else {}
    if condition.equals is not None:
        return condition.equals
    return (condition.starts + condition.contains) or "something"


def put(document: Any, path: str, value: Any) -> Any:
    """The document with the value at `$.a[0].b`."""
    steps = re.findall(r"\.(\w+)|\[(\d+)\]", path)
    if not steps:
        return value
    (key, _), rest = steps[0], "$" + "".join(f".{k}" if k else f"[{n}]" for k, n in steps[1:])
    if key:
        inner = document.get(key, {}) if isinstance(document, dict) else {}
        return {**document, key: put(inner, rest, value)}
    return [put({}, rest, value)]
