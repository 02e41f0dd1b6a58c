"""Desktop extensions: the real packing tool from npm, bundles of it, and installed extensions in a home."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.configs import write
from tests.support.lab import require
from tests.support.servers import cache, install_npm

PACKAGE = "@anthropic-ai/mcpb@2.1.2"
_FOLDER = "mcpb-2.1.2"
ID = "local.mcpb.ada.notes"

Tool = Callable[..., str]


def a_manifest(
    user_config: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    args: list[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A manifest that the real tool accepts; `more` replaces parts of it (`server` is laid over, not replaced)."""
    server: dict[str, Any] = {
        "type": "node",
        "entry_point": "server/index.js",
        "mcp_config": {
            "command": "node",
            "args": ["${__dirname}/server/index.js", *(args or [])],
            "env": dict(env or {}),
        },
    }
    server |= more.pop("server", {})
    manifest = {
        "manifest_version": "0.3", "name": "notes", "display_name": "Ada's notes", "version": "1.0.0",
        "description": "Keeps notes", "author": {"name": "Ada"}, "server": server,
    }  # fmt: skip
    if user_config:
        manifest["user_config"] = {key: a_setting(**row) for key, row in user_config.items()}
    return manifest | more


def a_setting(**row: Any) -> dict[str, Any]:
    """One field of the form, with what every field needs."""
    return {"type": "string", "title": "A field", "description": "What it is for"} | row


def installed(
    home: Path, manifest: object, settings: object = None, name: str = ID, data: str = ".config/Claude"
) -> Path:
    """An extension in Claude Desktop's data folder, as the app unpacks it; its folder."""
    folder = home / data / "Claude Extensions" / name
    write(folder / "manifest.json", manifest)
    write(folder / "server/index.js", "// the server\n")
    if settings is not None:
        write(home / data / "Claude Extensions Settings" / f"{name}.json", settings)
    return folder


def filled_in(is_enabled: bool = True, /, **values: Any) -> dict[str, Any]:
    """A settings file."""
    return {"isEnabled": is_enabled, "userConfig": values}


@pytest.fixture(scope="session")
def mcpb() -> Tool:
    """Runs the real tool (`pack FOLDER FILE`, `sign …`, `validate …`) and gives back what it printed."""
    require("node", "npm")
    install_npm(_FOLDER, [PACKAGE])
    tool = cache() / _FOLDER / "node_modules/@anthropic-ai/mcpb/dist/cli/cli.js"

    def run(*words: object) -> str:
        node = shutil.which("node") or "node"
        done = subprocess.run(
            [node, str(tool), *map(str, words)],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        return done.stdout

    return run


@pytest.fixture(scope="session")
def app_reads(mcpb: Tool) -> Callable[..., dict[str, Any] | None]:
    """What the real package's own function makes of a manifest and settings: the command, or None for no start."""
    index = cache() / _FOLDER / "node_modules/@anthropic-ai/mcpb/dist/shared/config.js"
    script = f"""
        const {{ getMcpConfigForManifest }} = await import({json.dumps(index.as_uri())});
        console.warn = () => {{}};
        const input = JSON.parse(await new Promise((done) => {{
            let text = ""; process.stdin.on("data", (part) => text += part).on("end", () => done(text));
        }}));
        const config = await getMcpConfigForManifest({{ ...input, logger: {{ warn() {{}} }} }});
        console.log(JSON.stringify(config ?? null));
    """

    def read(
        manifest: Mapping[str, Any], values: Mapping[str, Any] | None, folder: Path, home: Path
    ) -> dict[str, Any] | None:
        said = {
            "manifest": manifest, "userConfig": values, "extensionPath": str(folder), "pathSeparator": "/",
            "systemDirs": {
                "HOME": str(home), "DESKTOP": f"{home}/Desktop", "DOCUMENTS": f"{home}/Documents",
                "DOWNLOADS": f"{home}/Downloads",
            },
        }  # fmt: skip
        done = subprocess.run(
            [shutil.which("node") or "node", "--input-type=module", "-e", script],
            input=json.dumps(said), capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        config: dict[str, Any] | None = json.loads(done.stdout)
        return config

    return read
