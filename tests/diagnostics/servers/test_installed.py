"""From a command line to the files behind it, in places laid out as npm, uv and pipx lay theirs."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.providers.once import Once
from diagnostics.servers.installed import Package, installed
from diagnostics.servers.started import started_by

PATH = os.environ["PATH"]


@pytest.mark.parametrize(
    ("line", "kind", "name"),
    [
        ("npx -y acme", "npm", "acme"),
        ("npx -y @acme/mcp@1.2.3 --flag", "npm", "@acme/mcp"),
        ("npx --package=@acme/mcp acme-bin", "npm", "@acme/mcp"),
        ("npx -p acme@next acme-bin", "npm", "acme"),
        ("npm exec -- acme", "npm", "acme"),
        ("pnpm dlx acme@latest x", "npm", "acme"),
        ("C:\\node\\npx.cmd -y acme", "npm", "acme"),
        ("cmd.exe /c npx -y acme", "npm", "acme"),
        ("npx -y github:acme/mcp", "other", "npx"),
        ("uvx acme-mcp==1.0", "pypi", "acme-mcp"),
        ("uvx --from acme[cli]>=2 acme-bin", "pypi", "acme"),
        ("uvx --python 3.12 acme", "pypi", "acme"),
        ("uvx --from git+https://example.com/acme acme", "other", "uvx"),
        ("uv tool run acme", "pypi", "acme"),
        ("pipx run --spec acme==1 acme-bin", "pypi", "acme"),
        ("uv run --directory /srv/acme acme-server", "project", "/srv/acme"),
        ("uv --directory /srv/acme run server.py", "script", "/srv/acme/server.py"),
        ("python3 -m acme.server", "module", "acme.server"),
        ("node --require x dist/index.js", "script", "dist/index.js"),
        ("node -e code", "other", "node"),
        ("docker run -i --rm -e A -e B=c registry.example:5000/acme/mcp:1 stdio", "image", "registry.example:5000/acme/mcp"),
        ("env A=b -u C nice npx acme", "npm", "acme"),
        ("/opt/acme/bin/acme-server --x", "program", "/opt/acme/bin/acme-server"),
    ],
)  # fmt: skip
def test_what_a_command_line_starts(line: str, kind: str, name: str) -> None:
    words = line.split()
    found = started_by(words[0], words[1:])
    assert (found.kind, found.name) == (kind, name)


@pytest.mark.parametrize(
    "line", ["op run -- npx acme", "sh -c run", "dotenv -e x -- node a.js", "sudo -E npx acme"]
)
def test_programs_that_may_set_variables_are_told(line: str) -> None:
    words = line.split()
    assert started_by(words[0], words[1:]).wrapper == words[0]


def test_variables_of_the_command_line_do_not_show() -> None:
    found = started_by("env", ["TOKEN=abcdef", "npx", "acme"])
    assert found.variables == {"TOKEN": "abcdef"}
    assert "abcdef" not in repr(found)


def find(line: str, home: Path, cwd: Path | None = None, **env: str) -> Package | None:
    words = line.split()
    host = Host(Platform.LINUX, Session.LOCAL, home, cwd or home, {"PATH": PATH, **env})
    return installed(started_by(words[0], words[1:]), host.env, cwd or home, host, Once())


def node_package(modules: Path, name: str) -> Path:
    folder = modules / name
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": name, "version": "1.0.0"}))
    (folder / "index.js").write_text("process.env.ACME_TOKEN")
    return folder


def test_the_youngest_of_npxs_caches_counts(tmp_path: Path) -> None:
    old = node_package(tmp_path / ".npm/_npx/a/node_modules", "acme")
    new = node_package(tmp_path / ".npm/_npx/b/node_modules", "acme")
    os.utime(old.parent, (1, 1))
    found = find("npx -y acme", tmp_path)
    assert found is not None
    assert (found.name, found.folder) == ("acme", new)


def test_a_name_that_leads_elsewhere_finds_nothing(tmp_path: Path) -> None:
    node_package(tmp_path, "acme")
    (tmp_path / ".npm/_npx/a/node_modules").mkdir(parents=True)
    assert find("npx -y ../../../../acme", tmp_path) is None


def test_a_script_belongs_to_the_package_around_it(tmp_path: Path) -> None:
    folder = node_package(tmp_path / "work", "acme")
    (folder / "dist").mkdir()
    (folder / "dist/main.js").touch()
    found = find(f"node {folder}/dist/main.js", tmp_path)
    assert found is not None
    assert found.folder == folder


def test_a_home_folder_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "server.js").touch()
    found = find(f"node {tmp_path}/server.js", tmp_path)
    assert found is not None
    assert found.files == (tmp_path / "server.js",)


def python_package(site: Path, name: str, script: str = "") -> None:
    module = name.replace("-", "_")
    info = site / f"{module}-1.0.dist-info"
    (site / module).mkdir(parents=True)
    (site / module / "server.py").write_text("import os\nos.environ['ACME_TOKEN']\n")
    info.mkdir()
    (info / "RECORD").write_text(
        f"{module}/server.py,,\n{module}/tests/test_it.py,,\n../../../etc/x.py,,\n/etc/y.py,,\n"
    )
    if script:
        (info / "entry_points.txt").write_text(f"[console_scripts]\n{script} = {module}.server:main\n")


def test_uvs_cache_is_followed_by_its_links(tmp_path: Path) -> None:
    archive = tmp_path / ".cache/uv/archive-v0/AbCd"
    python_package(archive, "acme-mcp")
    wheel = tmp_path / ".cache/uv/wheels-v8/pypi/acme-mcp/1.0-py3-none-any"
    wheel.parent.mkdir(parents=True)
    wheel.symlink_to(archive)
    found = find("uvx acme_MCP==1.0", tmp_path)
    assert found is not None
    assert found.files == (archive / "acme_mcp/server.py",)


def test_a_link_out_of_uvs_cache_is_not_followed(tmp_path: Path) -> None:
    python_package(tmp_path / "elsewhere", "acme-mcp")
    wheel = tmp_path / ".cache/uv/wheels-v8/pypi/acme-mcp/1.0-py3-none-any"
    wheel.parent.mkdir(parents=True)
    wheel.symlink_to(tmp_path / "elsewhere")
    assert find("uvx acme-mcp", tmp_path) is None


@pytest.mark.parametrize(
    "place",
    [".local/share/uv/tools/acme-mcp", ".local/share/pipx/venvs/acme-mcp", ".local/pipx/venvs/acme-mcp"],
)
def test_tools_of_uv_and_pipx(tmp_path: Path, place: str) -> None:
    python_package(tmp_path / place / "lib/python3.12/site-packages", "acme-mcp")
    assert find("uvx acme-mcp", tmp_path) is not None


def test_a_program_of_an_environment_is_told_by_its_entry_point(tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    python_package(environment / "lib/python3.12/site-packages", "acme-mcp", script="acme-run")
    program = environment / "bin/acme-run"
    program.parent.mkdir()
    program.write_text(f"#!{environment}/bin/python\n")
    program.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/acme-run").symlink_to(program)
    found = find("acme-run", tmp_path, PATH=f"{tmp_path}/bin:{PATH}")
    assert found is not None
    assert found.name == "acme-mcp"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_a_program_that_is_a_link_into_a_package(tmp_path: Path) -> None:
    folder = node_package(tmp_path / "lib/node_modules", "acme")
    (folder / "index.js").write_text("#!/usr/bin/env node\n")
    (folder / "index.js").chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/acme").symlink_to(folder / "index.js")
    found = find("acme", tmp_path / "home", PATH=f"{tmp_path}/bin:{PATH}")
    assert found is not None
    assert found.folder == folder


def test_broken_places_are_passed_over_in_time(tmp_path: Path) -> None:
    loop = tmp_path / ".npm/_npx/a/node_modules"
    loop.parent.mkdir(parents=True)
    loop.symlink_to(loop)
    (tmp_path / ".local/share/uv/tools").mkdir(parents=True)
    (tmp_path / ".local/share/uv/tools/acme").touch()
    began = time.monotonic()
    assert find("npx acme", tmp_path) is None
    assert find("uvx acme", tmp_path) is None
    assert time.monotonic() - began < 2
