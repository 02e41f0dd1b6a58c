"""What is advised on a folder of hosts: the order, the reasons, what can't be told, and that nothing is touched."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import diagnostics.advice
from diagnostics.advice import rendering
from diagnostics.advice.fact import Fact, Facts, Said
from diagnostics.advice.gathering import facts_of
from diagnostics.advice.judgement import Fit, holds, judge, ranked
from diagnostics.advice.page import page
from diagnostics.catalog.advice import options, questions, tools
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.model import Platform, Session, Store
from diagnostics.stores import BusState, CollectionState, Entry, ProviderState, StoreState

HOSTS = sorted(Path(__file__).with_name("hosts").glob("*.toml"))
_RUNS = ProviderState(installed=True, running=True, program="gnome-keyring-daemon")
_LOGIN = "/org/freedesktop/secrets/collection/login"
KEYCHAINS: Mapping[str, StoreState] = {
    "ready": StoreState(BusState("unix:x", "variable"), _RUNS, CollectionState(_LOGIN)),
    "locked": StoreState(BusState("unix:x", "variable"), _RUNS, CollectionState(_LOGIN, locked=True)),
    "none-yet": StoreState(BusState("unix:x", "variable"), _RUNS),
    "not-running": StoreState(BusState("unix:x", "variable"), ProviderState(installed=True)),
    "no-provider": StoreState(BusState("unix:x", "variable")),
    "no-bus": StoreState(BusState(None, "none", "unset", "not set"), error="no bus"),
    "elsewhere": StoreState(BusState(None, "none", "unset", live_elsewhere="unix:y")),
    "hung": StoreState(
        BusState("unix:x", "variable"), ProviderState(installed=True, running=True, hung=True)
    ),
}


class Picture:
    """A store of which only the probe's picture is asked."""

    subject = Store("secret-service")

    def __init__(self, state: StoreState) -> None:
        self._state = state

    def state(self) -> StoreState:
        return self._state

    def entries(self) -> list[Entry]:
        raise AssertionError("advice reads no entry")


def context_of(told: Mapping[str, Any], folder: Path) -> Context:
    root, home = folder / "root", folder / "home"
    home.mkdir(parents=True)
    for base, files in ((root, told.get("root", {})), (home, told.get("home", {}))):
        base.mkdir(exist_ok=True)
        for path, content in files.items():
            (base / path).parent.mkdir(parents=True, exist_ok=True)
            (base / path).write_text(content)
    config = home / "claude_desktop_config.json"
    config.write_text(json.dumps({"mcpServers": told.get("servers", {})}))
    host = Host(
        Platform(told.get("platform", "linux")),
        Session(told.get("session", "local")),
        home,
        home,
        dict(told.get("env", {})),
        uid=1000,
        root=root,
    )
    asked = Options(config=(config,), client=told.get("client", "claude-code"), offline=True)
    if told.get("platform") in {"macos", "windows"}:
        asked = Options(config=(config,), client="claude-desktop", offline=True)
    files = discover(host, asked)
    servers = [server for each in files for server in each.servers]
    return Context(host, asked, files, servers, Picture(KEYCHAINS[told["keychain"]]))


@pytest.mark.parametrize("path", HOSTS, ids=lambda path: path.stem)
def test_the_hosts(path: Path, tmp_path: Path) -> None:
    told = tomllib.loads(path.read_text())
    expected = told["expected"]
    facts = facts_of(context_of(told, tmp_path), Said(**told.get("said", {})))
    advice = judge(facts)
    order = [(each.option.id, each.fit.value, each.score) for each in advice.ranking]
    assert (advice.best.option.id if advice.best else "") == expected["best"], order
    for fit, wanted in (("ruled_out", Fit.RULED_OUT), ("unclear", Fit.UNCLEAR), ("fits", Fit.FITS)):
        found = [each.option.id for each in advice.ranking if each.fit is wanted]
        if fit in expected:
            assert sorted(found) == sorted(expected[fit]), order
    for name, values in expected.get("facts", {}).items():
        assert sorted(facts[name].values or ()) == sorted(values), facts[name]
    assert sorted(each.name for each in advice.not_found_out) == sorted(expected.get("unknown", ())), facts
    if "open" in expected:
        assert list(advice.open_questions) == expected["open"]
    if "first" in expected:
        assert advice.best is not None
        assert expected["first"] in "\n".join(advice.best.first)


def told_of(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).with_name("hosts") / f"{name}.toml").read_text())


def test_a_missing_fact_leaves_what_hangs_on_it_open_and_says_how_to_find_it(tmp_path: Path) -> None:
    told = told_of("keychain-that-does-not-answer")
    advice = judge(facts_of(context_of(told, tmp_path), Said()))
    part = next(each for each in page(advice) if each.id == "keychain")
    assert part.fit is Fit.UNCLEAR
    assert "can't tell" in part.title
    assert "mcp-doctor check" in [line.text for line in part.lines]


def test_every_option_has_its_reasons_on_every_host(tmp_path: Path) -> None:
    for number, path in enumerate(HOSTS):
        told = tomllib.loads(path.read_text())
        advice = judge(facts_of(context_of(told, tmp_path / str(number)), Said()))
        assert len(advice.ranking) == len(options())
        for each in advice.ranking:
            assert each.speaks_for or each.against or each.missing, (path.stem, each.option.id)
            assert each.first or each.fit is Fit.RULED_OUT


def test_what_only_a_person_knows_is_never_looked_for(tmp_path: Path) -> None:
    advice = judge(facts_of(context_of(told_of("mac-laptop"), tmp_path), Said()))
    assert advice.open_questions == ("team", "sso")
    text = rendering.text(advice)
    assert "--team single|shared" in text
    shared = advice.would_lead["team=shared"]
    said = judge({**advice.facts, "team": Fact("team", frozenset({"shared"}))})
    assert (said.best.option.id if said.best else "") == shared


def test_no_value_of_a_variable_is_told(tmp_path: Path) -> None:
    told = told_of("host-with-vault")
    told["env"]["VAULT_TOKEN"] = "hvs." + "Q9x7" * 8
    told["env"]["VAULT_ADDR"] = "https://someone:pass" + "word@vault.example"
    told["servers"]["plain"] = {"command": "x", "env": {"GITHUB_TOKEN": "gh" + "p_" + "a1B2" * 9}}
    advice = judge(facts_of(context_of(told, tmp_path), Said()))
    for shown in (
        rendering.text(advice),
        rendering.markdown(advice),
        json.dumps(rendering.to_json(advice)),
    ):
        assert "Q9x7" not in shown
        assert "pass" + "word@" not in shown
        assert "a1B2" not in shown


def test_names_of_this_host_are_no_markup(tmp_path: Path) -> None:
    told = told_of("remote-servers")
    told["servers"] = {"a|b<img src=x>\x1b[2J[link](javascript:x)": {"url": "https://x.example/mcp"}}
    advice = judge(facts_of(context_of(told, tmp_path), Said()))
    assert "\x1b" not in rendering.text(advice)
    shown = rendering.markdown(advice)
    assert "<img" not in shown.replace("\\<", "")
    assert "[link](" not in shown


def test_a_look_that_breaks_is_a_fact_without_a_value(tmp_path: Path) -> None:
    class Broken(Picture):
        def state(self) -> StoreState:
            raise RuntimeError("[b]x")

    context = context_of(told_of("remote-servers"), tmp_path)
    context.store = Broken(KEYCHAINS["ready"])
    fact = facts_of(context, Said())["keychain"]
    assert fact.values is None
    assert "RuntimeError" in fact.why


def test_looking_changes_no_file_and_reads_no_entry(tmp_path: Path) -> None:
    context = context_of(told_of("shared-jump-host"), tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    facts_of(context, Said())
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("name", list(KEYCHAINS))
def test_each_state_of_a_keychain_has_its_word(tmp_path: Path, name: str) -> None:
    told = {**told_of("remote-servers"), "keychain": name}
    fact = facts_of(context_of(told, tmp_path), Said())["keychain"]
    assert fact.values == (None if name == "hung" else frozenset({name}))


def facts_where_nothing_is_known() -> Facts:
    return {name: Fact(name, None, why="not looked for") for name in questions()}


def test_where_nothing_is_known_nothing_is_advised() -> None:
    advice = judge(facts_where_nothing_is_known())
    assert advice.best is None
    assert not any(each.speaks_for for each in advice.ranking)
    assert not any(each.fit is Fit.RULED_OUT for each in advice.ranking)


def test_the_order_is_the_same_for_the_same_facts() -> None:
    facts = facts_where_nothing_is_known()
    assert [each.option.id for each in ranked(facts)] == [
        each.option.id for each in ranked(dict(reversed(list(facts.items()))))
    ]


def test_a_condition_is_unknown_only_where_it_hangs_on_what_is_missing() -> None:
    facts = {
        "one": Fact("one", frozenset({"a"})),
        "two": Fact("two", None),
    }
    assert holds({"one": frozenset("a")}, facts) is True
    assert holds({"one": frozenset("b"), "two": frozenset("a")}, facts) is False
    assert holds({"one": frozenset("a"), "two": frozenset("a")}, facts) is None


def test_rules_name_facts_and_answers_that_there_are() -> None:
    for option in options():
        assert set(option.hangs_on) <= set(questions())
        conditions = [each for rule in option.rules for each in (rule.when, rule.unless)]
        conditions += [each.when for each in option.first]
        for condition in conditions:
            for name, values in condition.items():
                assert values <= set(questions()[name].values), (option.id, name)
        assert not option.first[-1].when, f"{option.id}: its last way to begin must hold always"
    assert len({each.order for each in options()}) == len(options())


def test_every_question_is_looked_for_or_asked() -> None:
    from diagnostics.advice import cloud_facts, config_facts, host_facts, store_facts

    looked_for = {
        name for module in (host_facts, store_facts, config_facts, cloud_facts) for name in module.LOOKS
    }
    asked = {name for name, each in questions().items() if each.option}
    assert looked_for | asked == set(questions())
    assert not looked_for & asked


def test_each_claim_about_a_tool_has_its_reason_its_source_and_its_day() -> None:
    names = [each.id for each in tools()]
    assert names[:5] == ["mcp-secrets-plugin", "keytar", "mcpauth", "auth0-mcp-server", "desktop-extensions"]
    for tool in tools():
        for cell in tool.cells.values():
            assert cell.why
            assert cell.source
            assert cell.checked >= "2026-11-23"


def test_json_holds_all_that_is_told(tmp_path: Path) -> None:
    advice = judge(facts_of(context_of(told_of("shared-jump-host"), tmp_path), Said("shared", True)))
    made = json.loads(json.dumps(rendering.to_json(advice)))
    assert made["schema"] == "mcp-doctor.advice/1"
    assert made["best"] == "vault"
    assert {each["name"] for each in made["facts"]} == set(questions())
    assert [each["id"] for each in made["options"]] == [each.option.id for each in advice.ranking]


def test_markdown_s_tables_are_whole(tmp_path: Path) -> None:
    shown = rendering.markdown(judge(facts_of(context_of(told_of("container"), tmp_path), Said())))
    rows = [line for line in shown.splitlines() if line.startswith("| ")]
    widths = {line.replace("\\|", "").count("|") for line in rows}
    assert widths == {4, 7}


def test_no_module_of_it_reaches_out() -> None:
    for file in Path(diagnostics.advice.__file__).parent.glob("*.py"):
        for word in ("requests", "socket", "urllib", "subprocess"):
            assert f"import {word}" not in file.read_text()


def test_an_identity_whose_file_is_not_there_is_none_that_was_given(tmp_path: Path) -> None:
    """The variable outlives the pod's mount, and whoever copies a profile copies it."""
    told = told_of("pod-with-an-identity")
    told["root"] = {"etc/passwd": ""}
    workload = facts_of(context_of(told, tmp_path), Said())["workload"]
    assert workload.values is None
    assert "AWS_WEB_IDENTITY_TOKEN_FILE is set, and names a file that is not there" in workload.why
