"""A tiny MCP server over stdio, for the demo: it wants one variable and lists one tool. Standard library only.

Called as `python server.py NAME VARIABLE`.
"""

import json
import os
import sys
from typing import Any

NEWEST = "2025-06-18"


def main(arguments: list[str]) -> int:
    """Serves until stdin ends. Out: 0, or 1 when the variable holds nothing usable (said on stderr)."""
    name, variable = arguments
    value = os.environ.get(variable, "")
    if not value or "${" in value:
        print(f"{name}: {variable} is not set, so there is nothing to sign in with", file=sys.stderr)
        return 1
    print(f"{name}: listening on stdio", file=sys.stderr)
    for line in sys.stdin:
        reply = answer(name, line)
        if reply is not None:
            print(json.dumps(reply), flush=True)
    return 0


def answer(name: str, line: str) -> dict[str, Any] | None:
    """The JSON-RPC reply to one line, None for a notification or a line that is no request."""
    try:
        request = json.loads(line)
    except ValueError:
        return None
    if not isinstance(request, dict) or "id" not in request:
        return None
    reply: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
    match request.get("method"):
        case "initialize":
            asked = request.get("params", {}).get("protocolVersion", NEWEST)
            reply["result"] = {
                "protocolVersion": asked,
                "capabilities": {"tools": {}},
                "serverInfo": {"name": f"demo-{name}", "version": "1.0.0"},
            }
        case "tools/list":
            tool = {
                "name": f"{name}_search",
                "description": f"Searches {name}",
                "inputSchema": {"type": "object"},
            }
            reply["result"] = {"tools": [tool]}
        case "ping":
            reply["result"] = {}
        case other:
            reply["error"] = {"code": -32601, "message": f"no such method: {other}"}
    return reply


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
