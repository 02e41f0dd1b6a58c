"""The demo's MCP server, as a child process."""

import json
import subprocess
import sys
from pathlib import Path

import tui.demo

SERVER = Path(tui.demo.__file__).with_name("server.py")


def serve(said: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SERVER, "weather", "WEATHER_TOKEN"],
        input=said,
        env=env,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def request(number: int, method: str, **params: object) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n"


def test_answers_the_handshake_and_lists_its_tool() -> None:
    note = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}) + "\n"
    said = request(1, "initialize", protocolVersion="2024-11-05") + note + request(2, "tools/list")
    done = serve(said + request(3, "surprise"), WEATHER_TOKEN="sunshine")
    first, second, third = (json.loads(line) for line in done.stdout.splitlines())
    assert first["result"]["protocolVersion"] == "2024-11-05"
    assert first["result"]["serverInfo"]["name"] == "demo-weather"
    assert [tool["name"] for tool in second["result"]["tools"]] == ["weather_search"]
    assert third["error"]["code"] == -32601
    assert done.returncode == 0


def test_will_not_start_without_its_token_or_with_an_unresolved_one() -> None:
    for env in ({}, {"WEATHER_TOKEN": ""}, {"WEATHER_TOKEN": "${SECRET:weather_token}"}):
        done = serve(request(1, "initialize"), **env)
        assert (done.returncode, done.stdout) == (1, "")
        assert "WEATHER_TOKEN is not set" in done.stderr
