"""A library that isn't installed is told with the command that fits this installation."""

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from diagnostics.managers import Trouble
from diagnostics.managers.extra import install_line, load


class Installed(metadata.Distribution):
    """Our package as an installer left it."""

    def __init__(self, origin: object) -> None:
        self._origin = origin

    def read_text(self, filename: str) -> str | None:
        return None if self._origin is None else json.dumps(self._origin)

    def locate_file(self, path: object) -> Any:
        raise NotImplementedError


def installed(monkeypatch: pytest.MonkeyPatch, origin: object) -> None:
    monkeypatch.setattr(metadata, "distribution", lambda _name: Installed(origin))


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, "mcp-credential-doctor[aws]"),
        ({"url": "file:///src/doctor", "dir_info": {}}, "mcp-credential-doctor[aws] @ file:///src/doctor"),
        (
            {"url": "https://git.example.com/doctor", "vcs_info": {"vcs": "git"}},
            "mcp-credential-doctor[aws] @ git+https://git.example.com/doctor",
        ),
    ],
)
def test_it_comes_from_where_the_package_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: object, expected: str
) -> None:
    installed(monkeypatch, origin)
    assert install_line("aws", tmp_path).endswith(f"'{expected}'")


def test_a_clone_that_was_never_installed_gets_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    assert install_line("vault", tmp_path).endswith("-m pip install hvac")


@pytest.mark.parametrize(
    ("mark", "content", "expected"),
    [
        ("uv-receipt.toml", "", "uv tool install --force 'mcp-credential-doctor[vault]'"),
        ("pipx_metadata.json", "", "pipx install --force 'mcp-credential-doctor[vault]'"),
        (
            "pyvenv.cfg",
            "home = /usr\nuv = 0.9\n",
            "uv pip install --python {python} 'mcp-credential-doctor[vault]'",
        ),
        ("pyvenv.cfg", "home = /usr\n", "{python} -m pip install 'mcp-credential-doctor[vault]'"),
    ],
)
def test_the_command_fits_the_installer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, content: str, expected: str
) -> None:
    installed(monkeypatch, None)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").touch()
    (tmp_path / mark).write_text(content)
    assert install_line("vault", tmp_path) == expected.format(python=tmp_path / "bin/python")


def test_a_library_that_breaks_while_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_library.py").write_text("import a_module_that_is_not_there")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_library", raising=False)
    found = load("broken_library", "vault")
    assert isinstance(found, Trouble)
    assert found.outcome == "extra-missing"
    assert any("a_module_that_is_not_there" in each for each in found.evidence)
