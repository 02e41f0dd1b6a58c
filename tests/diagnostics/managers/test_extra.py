"""A library that isn't installed is told with the command that fits this installation."""

import sys
from pathlib import Path

import pytest

from diagnostics.managers import Trouble
from diagnostics.managers.extra import install_line, load


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
def test_the_command_fits_the_installer(tmp_path: Path, mark: str, content: str, expected: str) -> None:
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
