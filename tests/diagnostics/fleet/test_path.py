"""A host's path out of its report is the one that the host itself showed."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from diagnostics import report as reports
from diagnostics.fleet import model
from diagnostics.fleet.path import as_run
from diagnostics.fleet.rollup import Rollup
from diagnostics.model import Finding, Stage
from tests.project.test_hostile_files import ODD, _spoilt
from tests.support import fleet as made
from tests.support.fake_session import FakeSession
from tests.tui import scenes
from tui.board import Board


def test_the_schema_is_the_one_that_reports_have() -> None:
    assert model.REPORT == reports.SCHEMA


def board_of(context: Any, findings: list[Finding]) -> Board:
    board = Board()
    board.begin(1, context, 0)
    board.take(findings)
    board.end()
    return board


def picture(board: Board) -> dict[str, Any]:
    return {
        row.key: (
            row.title,
            board.state(row.key),
            board.broken_stage(row.key),
            [
                (
                    link.stage,
                    link.status,
                    link.words,
                    [(each.title, each.detail, each.fix) for each in link.findings],
                )
                for link in board.links(row.key)
            ],
        )
        for row in board.rows()
    }


@pytest.mark.parametrize("scene", [scenes.ward, scenes.locked_out])
def test_the_path_is_the_same_as_on_the_host(tmp_path: Path, scene: Any) -> None:
    there: FakeSession = scene(tmp_path)
    context = there.look()
    told = json.loads(json.dumps(reports.build(context, there.findings, lambda _: ["unlock-keychain"])))
    here = board_of(*as_run(told))
    original = board_of(context, there.findings)
    assert picture(here) == picture(original)
    rollup = Rollup(told)
    assert rollup.odd == []
    assert {each.name: each.status for each in rollup.servers} == {
        row.title: original.state(row.key) for row in original.rows()
    }
    assert {each.name: each.stage for each in rollup.servers} == {
        row.title: original.broken_stage(row.key) for row in original.rows()
    }


def test_nothing_of_a_hostile_report_raises_or_is_left_unclean() -> None:
    chance = random.Random(20261124)
    texts: list[str] = []
    for _ in range(400):
        told = _spoilt(made.locked("github", "slack") | {"extra": ODD}, chance)
        if not isinstance(told, dict):
            continue
        rollup = Rollup(told)
        context, findings = as_run(told)
        board = board_of(context, findings)
        texts += rollup.odd
        for server in rollup.servers:
            texts += [server.name, server.client, server.title, server.cause]
        for row in board.rows():
            texts += [row.title, row.place, row.path]
            for link in board.links(row.key):
                texts += [link.words, *(line for each in link.findings for line in _texts(each))]
    assert not [each for each in texts if any(not sign.isprintable() for sign in each)]


def _texts(finding: Finding) -> list[str]:
    return [
        finding.title,
        finding.detail,
        finding.cause or "",
        *finding.fix,
        *finding.evidence,
        finding.check,
        finding.id,
    ]


def test_a_key_of_this_computer_is_not_named_for_another_host() -> None:
    told = made.healthy("github")
    told["findings"].append(
        made.finding(
            "start", "skip", "Not asked", "claude-desktop:github", outcome="runner.not-asked-to-start"
        )
    )
    board = board_of(*as_run(told))
    start = board.links("claude-desktop:github")[tuple(Stage).index(Stage.START)]
    assert start.words == "Not asked"
