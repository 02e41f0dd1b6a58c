"""Scenarios are data: each fits the schema, names only tokens it has, and its sandbox can be built."""

import json
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tui.demo.sandbox import build
from tui.demo.scenario import DEFAULT, UnknownScenarioError, load, names
from tui.demo.token import SHAPES

DEMO = files("tui.demo")
SCHEMA = json.loads(DEMO.joinpath("scenario.schema.json").read_text("utf-8"))


@pytest.mark.parametrize("name", names())
def test_fits_the_schema(name: str) -> None:
    data = tomllib.loads(DEMO.joinpath("scenarios", f"{name}.toml").read_text("utf-8"))
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(data)] == []


def test_the_schema_knows_every_shape() -> None:
    shapes = SCHEMA["properties"]["tokens"]["additionalProperties"]["properties"]["shape"]["enum"]
    assert shapes == sorted(SHAPES)


@pytest.mark.parametrize("name", names())
def test_builds_a_home_without_open_gaps(name: str, tmp_path: Path) -> None:
    scenario = load(name)
    host = build(tmp_path, scenario)
    for path in scenario.files:
        text = (host.home / path).read_text("utf-8")
        assert "@" not in text, "a placeholder was not filled"
        if name != "every-link" and path.endswith(".json"):
            assert json.loads(text)
    for entry in scenario.entries:
        assert entry.token in scenario.tokens
    for line in scenario.task:
        assert "@" not in scenario.filled(line, {"PASSWORD": scenario.password})


def test_the_host_ends_at_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_OWN_TOKEN", "stays outside")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus")
    host = build(tmp_path, load(DEFAULT))
    assert "MY_OWN_TOKEN" not in host.env
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        assert Path(host.env[name]).is_relative_to(tmp_path)
    assert host.env["DBUS_SESSION_BUS_ADDRESS"] == f"unix:path={tmp_path}/run/bus"
    assert host.state_dir.is_relative_to(tmp_path)


def test_the_default_comes_first_and_a_wrong_name_lists_all() -> None:
    assert names()[0] == DEFAULT
    with pytest.raises(UnknownScenarioError, match="first-run, damaged-file, emergency, every-link"):
        load("nope")


@pytest.mark.parametrize("name", names())
def test_the_task_fits_a_small_terminal(name: str) -> None:
    scenario = load(name)
    lines = [scenario.filled(line, {"PASSWORD": scenario.password}) for line in scenario.task]
    assert len(lines) <= 3
    assert max(map(len, lines)) <= 78


DRILLS = [name for name in names() if load(name).drill]


def test_there_are_the_promised_drills() -> None:
    promised = {
        "locked",
        "damaged-file",
        "misspelt",
        "expired",
        "shadowed",
        "plain-text",
        "outage",
        "emergency",
    }
    assert promised <= set(DRILLS)


@pytest.mark.parametrize("name", DRILLS)
def test_a_drill_names_only_what_there_is(name: str) -> None:
    """Checks, remedies, servers, tokens and files that are misspelt would never be met."""
    from diagnostics.check import all_checks
    from recovery.emergency.incident import START
    from recovery.planner import all_remedies

    scenario = load(name)
    drill = scenario.drill
    assert drill is not None
    remedies = {each.id for each in all_remedies()} | {START}
    for each in drill.must:
        assert each.server == "" or f'"{each.server}": {{' in "".join(scenario.files.values())
        assert each.check == "" or each.check in {check.id for check in all_checks()}
        assert {each.holds, each.lacks} <= {"", *scenario.tokens}
        assert each.file == "" or each.file in scenario.files
        assert each.operation == "" or each.operation in remedies
    deeds = {each.id for each in drill.deeds}
    for slip in drill.must_not:
        assert set(slip.operations) <= remedies
        assert slip.deed == "" or slip.deed in deeds
    providers = {each.provider for each in scenario.tokens.values()}
    for deed in drill.deeds:
        assert deed.recovers == "" or deed.recovers in providers
        assert deed.unset == "" or deed.unset in scenario.variables
        assert deed.starts == "" or f'"{deed.starts}": {{' in "".join(scenario.files.values())
