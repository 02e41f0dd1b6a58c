"""The README's table of what is proven where, made of `tests/proofs.toml`. `python -m tests.support.proofs` writes it."""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
BEGIN, END = "<!-- made of tests/proofs.toml -->", "<!-- end of what is made -->"
LEVELS = {
    "real": "**real**",
    "kin": "kin",
    "recorded": "recorded",
    "waiting": "waiting",
    "none": "not yet",
    "no": "–",
}


def groups() -> list[dict[str, Any]]:
    """The table's groups, each with its rows."""
    found: list[dict[str, Any]] = tomllib.loads((ROOT / "tests/proofs.toml").read_text(encoding="utf-8"))[
        "group"
    ]
    return found


def table() -> str:
    """The table in Markdown."""
    lines: list[str] = []
    for group in groups():
        lines += [
            "",
            f"| {group['name']} | looking | mending | proven on | by |",
            "| --- | --- | --- | --- | --- |",
        ]
        for row in group["row"]:
            links = ", ".join(f"[{number}]({each})" for number, each in enumerate(row["tests"], 1))
            looking, mending = LEVELS[row["looking"]], LEVELS[row["mending"]]
            lines.append(f"| {row['name']} | {looking} | {mending} | {row['on']} | {links} |")
    return "\n".join(lines[1:]) + "\n"


def readme_with(made: str) -> str:
    """The README with that table in its place."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n\n{made}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    README.write_text(readme_with(table()), encoding="utf-8")
