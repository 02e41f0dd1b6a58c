"""The one vocabulary of causes, and the packages that fixes name."""

import json
import re
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from diagnostics.catalog import read
from diagnostics.catalog.causes import causes
from diagnostics.catalog.packages import package_command

CHECKS = Path(__file__).parents[3] / "diagnostics/checks"


@pytest.mark.parametrize("name", ["causes", "packages"])
def test_the_files_follow_their_schema(name: str) -> None:
    schema = json.loads(
        files("diagnostics.catalog").joinpath(f"schema/{name}.schema.json").read_text(encoding="utf-8")
    )
    jsonschema.validate(read(f"{name}.toml"), schema)


def test_every_cause_that_a_store_check_names_is_in_the_vocabulary() -> None:
    pattern = re.compile(r"\"((?:keyring|secret_service|credential|dbus|kwallet|file|wrong)_[a-z_]+)\"")
    sources = [
        path.read_text(encoding="utf-8")
        for stage in ("backend", "permission", "lookup")
        for path in (CHECKS / stage).glob("*.py")
    ]
    named = {match for source in sources for match in pattern.findall(source)}
    assert len(named) > 12
    assert named <= set(causes())


@pytest.mark.parametrize(
    ("ids", "line"),
    [
        (("ubuntu", "debian"), "$ sudo apt install gnome-keyring"),
        (("fedora",), "$ sudo dnf install gnome-keyring"),
        (("opensuse-tumbleweed", "opensuse", "suse"), "$ sudo zypper install gnome-keyring"),
        (("arch",), "$ sudo pacman -S gnome-keyring"),
    ],
)
def test_each_distribution_gets_its_own_command(ids: tuple[str, ...], line: str) -> None:
    assert package_command("secret-service", ids) == line


def test_an_unknown_distribution_gets_words_and_no_command() -> None:
    assert not package_command("secret-service", ("templeos",)).startswith("$ ")
