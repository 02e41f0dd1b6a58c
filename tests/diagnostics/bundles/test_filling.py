"""Placeholders are filled just as the real app's code fills them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diagnostics.bundles.extension import filled
from diagnostics.bundles.filling import LONGEST
from diagnostics.bundles.reading import read_installed
from tests.support.bundles import a_manifest, filled_in, installed
from tests.support.configs import a_host

AppReads = Callable[..., dict[str, Any] | None]
FORM = {
    "text": {}, "other": {}, "empty": {}, "unset": {}, "with_default": {"default": "d"},
    "flag": {"type": "boolean"}, "number": {"type": "number"}, "share": {"type": "number", "default": 0.5},
    "dirs": {"type": "directory", "multiple": True}, "none": {"multiple": True}, "one": {"multiple": True, "default": ["x"]},
}  # fmt: skip
VALUES = {
    "text": "hello", "other": "${user_config.text}", "empty": "", "flag": False, "number": 5, "dirs": ["/a b", "/c"],
    "none": [], "unknown": "kept",
}  # fmt: skip
TEXTS = [
    "${user_config.text}", "a-${user_config.text}-${user_config.text}", "${user_config.other}", "${user_config.empty}",
    "x${user_config.empty}", "${user_config.unset}", "${user_config.with_default}", "--flag=${user_config.flag}",
    "${user_config.number}", "${user_config.share}", "${user_config.dirs}", "in ${user_config.dirs}", "${user_config.none}",
    "${user_config.one}", "${user_config.unknown}", "${user_config.undeclared}", "${__dirname}${/}x", "${HOME}:${DESKTOP}",
    "${DOCUMENTS}${pathSeparator}${DOWNLOADS}", "${NOBODYS}", "$HOME", "${user_config.}", "${user_config.text", "plain", "",
]  # fmt: skip


def both(
    app_reads: AppReads, home: Path, manifest: dict[str, Any], values: dict[str, Any]
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    folder = installed(home, manifest, filled_in(**values))
    host = a_host(home)
    file = read_installed(host, folder)
    assert file is not None
    ours = filled(file.servers[0])
    return app_reads(manifest, values, folder, home), {
        "command": ours.command,
        "args": [each.reveal() for each in ours.args],
        "env": {name: each.reveal() for name, each in ours.env.items()},
    }


def test_as_the_app_does(app_reads: AppReads, tmp_path: Path) -> None:
    env = {f"N{number}": text for number, text in enumerate(TEXTS)}
    theirs, ours = both(app_reads, tmp_path, a_manifest(FORM, env, TEXTS), VALUES)
    assert theirs is not None
    assert ours == {key: theirs[key] for key in ours}
    assert "/a b" in ours["args"], "a list became several arguments"


@pytest.mark.parametrize(
    "value", ["$$", "a$&b", "$`x$'", "p$$w$1", "$$$$", "back\\slash", "${HOME}", "new\nline", "é€😀"]
)
def test_values_with_signs_of_their_own(app_reads: AppReads, tmp_path: Path, value: str) -> None:
    manifest = a_manifest(
        {"text": {}}, {"A": "x${user_config.text}y"}, ["${user_config.text}", "=${user_config.text}="]
    )
    theirs, ours = both(app_reads, tmp_path, manifest, {"text": value})
    assert theirs is not None
    assert ours == {key: theirs[key] for key in ours}


def test_what_is_made_to_grow_does_not(tmp_path: Path) -> None:
    form: dict[str, object] = {f"k{number}": {} for number in range(200)}
    text = "x" + "".join(f"${{user_config.{key}}}" for key in form)
    folder = installed(tmp_path, a_manifest(form, {"A": text}), filled_in(**dict.fromkeys(form, "$`$`")))
    file = read_installed(a_host(tmp_path), folder)
    assert file is not None
    assert len(filled(file.servers[0]).env["A"]) <= LONGEST


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ({"required": True}, {}),
        ({"required": True}, {"text": ""}),
        ({"required": True}, {"text": None}),
        ({"required": True, "default": "d"}, {}),
        ({"required": True, "multiple": True}, {"text": []}),
        ({"required": True, "multiple": True}, {"text": ["a", ""]}),
        ({"required": True, "multiple": True}, {"text": [None]}),
        ({"required": True}, {"text": "x"}),
        ({"required": True, "type": "boolean"}, {"text": False}),
        ({"required": True, "type": "number"}, {"text": 0}),
        ({}, {}),
    ],
)  # fmt: skip
def test_what_counts_as_missing(
    app_reads: AppReads, tmp_path: Path, row: dict[str, Any], values: dict[str, Any]
) -> None:
    manifest = a_manifest({"text": row}, {"A": "${user_config.text}"})
    folder = installed(tmp_path, manifest, filled_in(**values))
    file = read_installed(a_host(tmp_path), folder)
    assert file is not None
    assert file.servers[0].extension is not None
    starts = app_reads(manifest, values, folder, tmp_path) is not None
    assert (not file.servers[0].extension.missing) == starts
