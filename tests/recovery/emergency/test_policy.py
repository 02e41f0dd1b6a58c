"""The administrator's policy counts only where nobody else can have written it."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from diagnostics.host import Host
from recovery.emergency import policy
from recovery.emergency.policy import PLACE, Policy, TimeError, read_policy
from tests.recovery.conftest import a_host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / PLACE).parent.mkdir(parents=True, mode=0o755)
    return replace(a_host(tmp_path), root=tmp_path)


def write(host: Host, text: str, mode: int = 0o644) -> None:
    assert host.root is not None
    path = host.root / PLACE
    path.write_text(text)
    path.chmod(mode)


def test_without_one_the_usual_hour_and_a_working_day(host: Host) -> None:
    policy = read_policy(host)
    assert (policy.seconds(None), policy.most, policy.notice) == (3600, 8 * 3600, "")
    assert read_policy(replace(host, root=None)) == Policy()


def test_it_sets_the_most_the_usual_and_the_ticket(host: Host) -> None:
    write(host, "[emergency]\nmax_minutes = 20\nrequire_ticket = true\n")
    policy = read_policy(host)
    assert (policy.usual, policy.most, policy.require_ticket) == (1200, 1200, True)
    assert policy.seconds("20m") == 1200
    with pytest.raises(TimeError, match="at most 20 minutes"):
        policy.seconds("21m")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[emergency]\nmax_minutes = 0\n",
            "policy.toml does not count: line 2: max_minutes is '0': expected a whole number",
        ),
        (
            "[emergency]\n\nmax_minutes = 9\ndefault_minutes = 10\n",
            "line 4: default_minutes is 10: expected no more",
        ),
        ("[emergncy]\nmax_minutes = 9\n", "line 1: there is no table or key 'emergncy'"),
        ("[emergency]\nmax_minutes = 3 3\n", "line 2"),
        ("[emergency]\nmax_minutes = true\n", "max_minutes"),
        ("[emergency]\nmax_minutes = '60'\n", "max_minutes"),
        ("[emergency]\nmax_minutes = 99999\n", "max_minutes"),
        ("[emergency]\nrequire_ticket = 1\n", "require_ticket"),
        ("[emergency]\nmax_hours = 2\n", "max_hours"),
        ("emergency = 2\n", "table"),
        ("[emergency\n", "not TOML"),
        ("[emergency]\nmax_minutes = 600 # \udcff\n", "UTF-8"),
    ],
)
def test_one_that_is_wrong_gives_nobody_more_time(host: Host, text: str, said: str) -> None:
    assert host.root is not None
    (host.root / PLACE).write_bytes(text.encode("utf-8", "surrogateescape"))
    policy = read_policy(host)
    assert said in policy.notice
    assert policy.most == 3600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[emergency]\n",
        "[emergency]\nmax_minutes = 20\ndefault_minutes = 5\nrequire_ticket = true\n",
        "[emergency]\nmax_minutes = 0\n",
        "[emergency]\nrequire_ticket = 1\n",
        "[emergency]\nx = 1\n",
        "y = 1\n",
        "[emergency]\nmax_minutes = 10081\n",
        "[emergency]\ndefault_minutes = 1.5\n",
        "emergency = 2\n",
    ],
)
def test_it_counts_just_where_the_schema_takes_it(host: Host, text: str) -> None:
    schema = json.loads(Path(policy.__file__).with_name("policy.schema.json").read_text())
    write(host, text)
    is_taken = jsonschema.Draft202012Validator(schema).is_valid(tomllib.loads(text))
    assert (read_policy(host).notice == "") is is_taken


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646])
def test_one_that_others_can_write_does_not_count(host: Host, mode: int) -> None:
    write(host, "[emergency]\nmax_minutes = 600\n", mode)
    policy = read_policy(host)
    assert "others than root" in policy.notice
    assert policy.most == 3600


def test_neither_does_a_link_or_one_in_an_open_folder(host: Host, tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text("[emergency]\nmax_minutes = 600\n")
    (tmp_path / PLACE).symlink_to(own)
    assert read_policy(host).notice
    (tmp_path / PLACE).unlink()
    write(host, "[emergency]\nmax_minutes = 600\n")
    (tmp_path / PLACE).parent.chmod(0o777)
    assert "folder" in read_policy(host).notice


@pytest.mark.parametrize("text", ["60", "0m", "-5m", "1d", "m", "1h30m", " ", "9999999m", "١m"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(TimeError, match="written as"):
        Policy().seconds(text)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("45m", 2700), ("2h", 7200)])
def test_times(text: str, seconds: int) -> None:
    assert Policy().seconds(text) == seconds


def test_a_credential_in_the_time_is_not_repeated() -> None:
    pasted = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5"
    with pytest.raises(TimeError, match="looks like a credential") as raised:
        Policy().seconds(pasted)
    assert "aB3d" not in str(raised.value)
