"""What is read out of code: what people write, what bundlers leave, and what hostile packages hold."""

import os
import time
from pathlib import Path

import pytest

from diagnostics.servers.needs.code import read_code
from diagnostics.servers.needs.need import Knowledge


def read(folder: Path, **files: str) -> Knowledge:
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        path.write_text(text, encoding="utf-8")
    return read_code(folder)


def needs(knowledge: Knowledge) -> list[str]:
    return sorted(str(each) for each in knowledge.needs)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("const t = process.env.ACME_TOKEN;\nif (!t) { throw new Error('no token'); }", ["ACME_TOKEN"]),
        ("const t = process.env['ACME_TOKEN'];\nif (t === undefined) process.exit(1);", ["ACME_TOKEN"]),
        ("if (!process.env.ACME_TOKEN?.trim()) {\n console.error('x'); process.exit(1);\n}", ["ACME_TOKEN"]),
        ('let t=process.env.ACME_TOKEN;t||(console.error("no"),process.exit(1));', ["ACME_TOKEN"]),
        ("const { ACME_TOKEN, ACME_SITE = 'eu' } = process.env;\nif (!ACME_TOKEN || !ACME_SITE) throw 1;", ["ACME_TOKEN"]),
        ("const a = process.env.ACME_TOKEN, b = process.env.ACME_KEY;\nif (!a && !b) throw new Error('x');", ["ACME_TOKEN or ACME_KEY"]),
        ("const a = argv.token ?? process.env.ACME_TOKEN;\nif (!a) { throw new Error('x') }", ["ACME_TOKEN"]),
        ("const a = process.env.ACME_TOKEN || process.env.ACME_KEY;\nif (!a) { throw new Error('x') }", ["ACME_TOKEN or ACME_KEY"]),
        ("const t = requireEnv('ACME_TOKEN');", ["ACME_TOKEN"]),
        ("const requiredVars = ['ACME_TOKEN', 'ACME_SITE'];\nfor (const v of requiredVars) if (!process.env[v]) throw v;", ["ACME_SITE", "ACME_TOKEN"]),
        ("const Env = z.object({ ACME_TOKEN: z.string().min(1), ACME_SITE: z.string().default('eu'), ACME_X: z.string().optional() });\nEnv.parse(process.env);", ["ACME_TOKEN"]),
        ("const env = cleanEnv(process.env, { ACME_TOKEN: str(), ACME_PORT: port({ default: 1 }) });", ["ACME_TOKEN"]),
        ("const t = process.env.ACME_TOKEN;\nif (!t) console.error('ACME_TOKEN is required');", ["ACME_TOKEN"]),
        ("const h = { Authorization: `Bearer ${process.env.ACME_TOKEN}` };", ["ACME_TOKEN"]),
        ("function load(env = process.env) { if (!env.ACME_TOKEN) { throw new Error('ACME_TOKEN must be set'); } }", ["ACME_TOKEN"]),
        ("const t = process.env.ACME_TOKEN ?? 'none';\nif (!t) throw 1;", []),
        ("const t = process.env.ACME_TOKEN;\nif (t) { use(t); }", []),
        ("if (mode === 'http') { if (!process.env.ACME_TOKEN) { throw new Error('ACME_TOKEN is required'); } }", []),
        ("switch (kind) { case 'pat': { const t = process.env.ACME_TOKEN; if (!t) throw new Error('x'); } }", []),
        ("if (!process.env.NODE_ENV) throw new Error('NODE_ENV is not set');", []),
        ("const both = process.env.ACME_A_KEY && process.env.ACME_B_KEY;\nif (!both) throw 1;", []),
    ],
)  # fmt: skip
def test_javascript_that_insists(tmp_path: Path, code: str, expected: list[str]) -> None:
    assert needs(read(tmp_path, index__js=code)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os\ntoken = os.environ['ACME_TOKEN']", ["ACME_TOKEN"]),
        ("from os import environ\ndef token(): return environ['ACME_TOKEN']", ["ACME_TOKEN"]),
        ("import os\nt = os.getenv('ACME_TOKEN')\nif not t:\n    raise ValueError('no token')", ["ACME_TOKEN"]),
        ("import os, sys\nt = os.environ.get('ACME_TOKEN', '').strip()\nif t == '':\n    sys.exit('no')", ["ACME_TOKEN"]),
        ("import os\na = os.getenv('ACME_TOKEN')\nb = os.getenv('ACME_KEY')\nif not a and not b:\n    raise E", ["ACME_TOKEN or ACME_KEY"]),
        ("import os\na = os.getenv('ACME_TOKEN')\nb = os.getenv('ACME_SITE')\nif not (a and b):\n    raise E", ["ACME_SITE", "ACME_TOKEN"]),
        ("import os\na = os.getenv('ACME_TOKEN')\nb = os.getenv('ACME_SITE')\nif not all([a, b]):\n    raise E", ["ACME_SITE", "ACME_TOKEN"]),
        ("import os\na = os.getenv('ACME_TOKEN') or os.getenv('ACME_KEY')\nif a is None:\n    raise E", ["ACME_TOKEN or ACME_KEY"]),
        ("import os\nif 'ACME_TOKEN' not in os.environ:\n    raise E", ["ACME_TOKEN"]),
        ("import os\nrequired_vars = ['ACME_TOKEN', 'ACME_SITE']\nmissing = [v for v in required_vars if not os.getenv(v)]", ["ACME_SITE", "ACME_TOKEN"]),
        ("class Config(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='ACME_')\n    token: SecretStr\n    site: str = 'eu'", ["ACME_TOKEN"]),
        ("class Config(BaseSettings):\n    key: str = Field(..., validation_alias='ACME_TOKEN')\n    x: str | None = Field(default=None, alias='ACME_X')", ["ACME_TOKEN"]),
        ("@click.option('--token', envvar='ACME_TOKEN', required=True)\ndef main(token): ...", ["ACME_TOKEN"]),
        ("import os\nclass C:\n    def f(self):\n        if not self.t:\n            raise ValueError('ACME_TOKEN environment variable is required')", ["ACME_TOKEN"]),
        ("import os\nt = os.getenv('ACME_TOKEN', 'none')\nif not t:\n    raise E", []),
        ("import os\ntry:\n    t = os.environ['ACME_TOKEN']\nexcept KeyError:\n    t = None", []),
        ("import os\nif os.environ.get('ACME_TOKEN'):\n    t = os.environ['ACME_TOKEN']", []),
        ("import os\nif mode == 'http':\n    t = os.getenv('ACME_TOKEN')\n    if not t:\n        raise E", []),
        ("import os\nos.environ['ACME_TOKEN'] = 'x'", []),
        ("import os\nraise ValueError('ACME_MODE must be one of: a, b')", []),
    ],
)  # fmt: skip
def test_python_that_insists(tmp_path: Path, code: str, expected: list[str]) -> None:
    assert needs(read(tmp_path, server__py=code)) == expected


def test_every_variable_that_is_read_has_its_place(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        index__js="\n\nconst s = process.env.ACME_SITE ?? 'eu';",
        cli__py="import os\nos.getenv('ACME_X')",
    )
    assert found.reads == {
        "ACME_SITE": f"{tmp_path.name}/index.js:3",
        "ACME_X": f"{tmp_path.name}/cli.py:2",
    }
    assert found.whole


def test_names_that_are_only_made_as_it_runs_leave_it_open(tmp_path: Path) -> None:
    found = read(tmp_path, index__js="const get = (n) => process.env[n];\nget('ACME_TOKEN');")
    assert "ACME_TOKEN" in found.reads
    assert not found.whole


def test_only_the_packages_own_code_is_read(tmp_path: Path) -> None:
    for place in ("node_modules/dep/index.js", "test/a.js", "src/a.test.js", ".git/a.js"):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("if (!process.env.ACME_TOKEN) throw 1;")
    outside = tmp_path.parent / f"{tmp_path.name}-outside.js"
    outside.write_text("if (!process.env.OTHER_TOKEN) throw 1;")
    (tmp_path / "link.js").symlink_to(outside)
    (tmp_path / "folder").symlink_to(tmp_path.parent)
    assert read(tmp_path, index__js="process.env.ACME_SITE").reads.keys() == {"ACME_SITE"}


def test_typescript_is_read_where_nothing_is_built(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/index.ts").write_text(
        "const t: string | undefined = process.env.ACME_TOKEN;\nif (!t) throw new Error('x');"
    )
    assert needs(read_code(tmp_path)) == ["ACME_TOKEN"]


def test_what_another_transport_insists_on_is_not_needed(tmp_path: Path) -> None:
    (tmp_path / "http-server.js").write_text(
        "if (!process.env.AUTH_TOKEN) throw new Error('AUTH_TOKEN is required');"
    )
    found = read_code(tmp_path)
    assert (needs(found), list(found.reads)) == ([], ["AUTH_TOKEN"])


@pytest.mark.parametrize(
    "code",
    [
        "if (" * 50_000,
        "process.env.A_B" + "{" * 500_000,
        "'" * 500_000 + "process.env.A_B",
        "const {" + "A_B," * 100_000 + "} = process.env",
        "z.object({" * 5_000 + "parse(process.env)",
        "x||(" * 100_000 + "process.env.A_B",
        "\0\x80process.env.A_B",
    ],
)
def test_hostile_javascript_ends_in_time(tmp_path: Path, code: str) -> None:
    began = time.monotonic()
    read(tmp_path, index__js=code)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "code",
    ["environ" + "(" * 50_000, "environ\n" + "x." * 100_000, "environ = " + "-" * 90_000 + "1", "\0environ"],
)
def test_hostile_python_is_passed_over(tmp_path: Path, code: str) -> None:
    assert not read(tmp_path, server__py=code).whole


def test_a_pipe_and_a_giant_keep_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.js")
    with (tmp_path / "b.js").open("wb") as file:
        file.truncate(1 << 30)
    began = time.monotonic()
    assert not read_code(tmp_path).whole
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("node_modules/linear-mcp-server", ["LINEAR_API_KEY"]),
        ("node_modules/@winor30/mcp-server-datadog", ["DATADOG_API_KEY", "DATADOG_APP_KEY"]),
        ("node_modules/@brave/brave-search-mcp-server", ["BRAVE_API_KEY or BRAVE_API_KEY_FILE"]),
        ("node_modules/airtable-mcp-server", ["AIRTABLE_API_KEY"]),
        ("uv/tools/elevenlabs-mcp/lib/python3.11/site-packages/elevenlabs_mcp", ["ELEVENLABS_API_KEY"]),
        (
            "uv/tools/mcp-clickhouse/lib/python3.11/site-packages/mcp_clickhouse",
            ["CLICKHOUSE_HOST", "CLICKHOUSE_USER"],
        ),
        ("uv/tools/mcp-server-qdrant/lib/python3.11/site-packages/mcp_server_qdrant", []),
    ],
)
def test_real_packages(bare_packages: Path, name: str, expected: list[str]) -> None:
    assert needs(read_code(bare_packages / name)) == expected
