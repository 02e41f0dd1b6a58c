"""The words, taken out of their files one table at a time."""

import tomllib
from pathlib import Path

import diagnostics.catalog
from diagnostics.catalog.wording import Wording, wording

FOLDER = Path(diagnostics.catalog.__file__).parent / "wording"


def test_each_table_gives_the_words_that_the_whole_file_gives() -> None:
    whole = {}
    for path in FOLDER.glob("*.toml"):
        for check, outcomes in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for outcome, row in outcomes.items():
                key = f"runner.{outcome}" if path.stem == "runner" else f"{path.stem}.{check}.{outcome}"
                whole[key] = Wording(
                    row["title"],
                    row.get("detail", ""),
                    tuple(row.get("fix", ())),
                    {name[4:]: tuple(lines) for name, lines in row.items() if name.startswith("fix_")},
                )
    assert dict(wording()) == whole


def test_what_has_no_words_is_not_there() -> None:
    assert "backend.user.no-such-outcome" not in wording()
    assert wording().get("backend.user.no-such-outcome") is None
