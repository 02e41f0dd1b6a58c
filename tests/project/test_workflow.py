"""The workflow for whoever publishes the repository: three systems, the same commands as by hand, no rights to spare."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.lab import REPO

PATH = REPO / ".github/workflows/test.yml"


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    loaded = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_it_may_read_the_repository_and_nothing_else(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in workflow["jobs"].values())
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert [step["with"]["persist-credentials"] for step in checkouts] == [False] * len(workflow["jobs"])
    assert "secrets." not in PATH.read_text(encoding="utf-8")


def test_actions_are_the_hosts_own_and_pinned_by_major_version(workflow: dict[Any, Any]) -> None:
    for step in steps(workflow):
        assert ("uses" in step) is not ("run" in step)
        assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/none@v1"))


def test_nothing_that_a_stranger_names_becomes_a_command(workflow: dict[Any, Any]) -> None:
    for step in steps(workflow):
        used = re.findall(r"\$\{\{(.*?)\}\}", step.get("run", ""))
        assert not [each for each in used if "github." in each or "inputs." in each]


def test_the_whole_suite_runs_on_the_three_systems_with_bash(workflow: dict[Any, Any]) -> None:
    job = workflow["jobs"]["test"]
    systems = [each.partition("-")[0] for each in job["strategy"]["matrix"]["os"]]
    assert systems == ["ubuntu", "macos", "windows"]
    assert workflow["defaults"]["run"]["shell"] == "bash"
    assert [step["run"] for step in job["steps"] if step.get("run", "").startswith("./dev")] == [
        "./dev setup",
        "./dev test",
    ]
    assert not job["strategy"]["fail-fast"]
    assert all("timeout-minutes" in each for each in workflow["jobs"].values())


def test_the_oldest_python_that_is_promised_is_among_them(workflow: dict[Any, Any]) -> None:
    import tomllib

    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert oldest in workflow["jobs"]["test"]["strategy"]["matrix"]["python"]


def test_it_is_started_by_pushes_and_pull_requests(workflow: dict[Any, Any]) -> None:
    assert {"push", "pull_request"} <= set(workflow[True])  # YAML 1.1 reads the key `on` as true


def test_a_checkout_on_windows_keeps_line_ends() -> None:
    assert "eol=lf" in Path(REPO / ".gitattributes").read_text(encoding="utf-8")
