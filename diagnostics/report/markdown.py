"""The report as Markdown, to paste into a ticket."""

import re

from diagnostics.report import Report

_SIGN = {"ok": "✔", "warn": "▲", "fail": "✘", "skip": "–", "unknown": "?"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")


def render(report: Report) -> str:
    """Markdown text. Everything that came from the host is escaped, so that it can't become markup."""
    summary = ", ".join(f"{count} {status}" for status, count in report["summary"].items() if count)
    lines = [
        f"# mcp-doctor: {summary or 'nothing asked'}",
        "",
        f"{report['generated_at']} · {report['host']['platform']} · {report['host']['session']}",
        "",
        "| server | client | state |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| {_plain(each['name'])} | {_plain(each['client'])} | {_SIGN[each['status']]} {each['status']} |"
        for each in report["servers"]
    ]
    for finding in report["findings"]:
        if finding["status"] in {"ok", "skip"}:
            continue
        where = f" ({_plain(finding['server'])})" if finding["server"] else ""
        lines += ["", f"## {_SIGN[finding['status']]} {_plain(finding['title'])}{where}", ""]
        lines += [f"`{finding['check']}`" + (f", cause `{finding['cause']}`" if finding["cause"] else ""), ""]
        lines += [_plain(finding["detail"])] if finding["detail"] else []
        lines += [""] + [f"- {_plain(line)}" for line in finding["evidence"]] if finding["evidence"] else []
        lines += [""] + [f"1. {_plain(line)}" for line in finding["fix"]] if finding["fix"] else []
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
