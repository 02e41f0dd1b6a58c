"""The report in Prometheus' text format. No secret's name stands in a label."""

from collections import Counter

from diagnostics.report import Report

_STATES = ("ok", "warn", "fail", "skip", "unknown")


def render(report: Report) -> str:
    """Text for a collector: findings by stage and status, and one state set per server."""
    counts = Counter((each["stage"], each["status"]) for each in report["findings"])
    lines = [
        "# HELP mcp_doctor_findings Findings of the last run by stage and status.",
        "# TYPE mcp_doctor_findings gauge",
    ]
    lines += [
        f'mcp_doctor_findings{{stage="{stage}",status="{status}"}} {count}'
        for (stage, status), count in sorted(counts.items())
    ]
    lines += [
        "# HELP mcp_doctor_server_status State of each server: 1 for the one it has.",
        "# TYPE mcp_doctor_server_status gauge",
    ]
    for server in report["servers"]:
        labels = f'client="{_label(server["client"])}",server="{_label(server["name"])}"'
        lines += [
            f'mcp_doctor_server_status{{{labels},status="{state}"}} {int(server["status"] == state)}'
            for state in _STATES
        ]
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
