"""`mcp-doctor providers`: the whole catalogue, readable at 80 columns and by programs."""

import json
from pathlib import Path

import pytest

from diagnostics.catalog.providers import provider_ids
from tests.support.forking import python
from tui.provider_page import pages


def listed(tmp_path: Path, *more: str) -> str:
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "COLUMNS": "40"}
    done = python("-m", "tui", "providers", *more, env=env, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_it_shows_every_kind_within_80_columns(tmp_path: Path) -> None:
    text = listed(tmp_path)
    for each in provider_ids():
        assert f"\n{each}: " in f"\n{text}"
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_programs_get_all_of_it(tmp_path: Path) -> None:
    rows = {row["id"]: row for row in json.loads(listed(tmp_path, "--format", "json"))}
    github = rows["github_pat_classic"]
    assert github["tells"] == ["account", "scopes", "expiry"]
    assert github["hosts"] == ["api.github.com"]
    assert github["asked"].startswith("GET api.github.com/user")
    assert {"postgres_url", "redis_url"} <= set(rows), "databases are credentials too"


@pytest.mark.parametrize("page", list(pages()), ids=lambda page: page.id)
def test_each_page_says_how_it_is_asked_and_what_that_costs(page: object) -> None:
    from tui.provider_page import Page

    assert isinstance(page, Page)
    assert page.name
    assert page.asked
    assert page.format
    assert page.costs or page.asked.startswith("never")
