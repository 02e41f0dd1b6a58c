"""Codex: a project's `.codex/config.toml` counts only in a folder that the person trusts.

Sources: openai/codex issue 10389; codex-rs/core (projects.<path>.trust_level); nrzz/everyhook release 1.5.1 on 0.169.0.
"""

from collections.abc import Iterator
from pathlib import Path

from diagnostics.clients import Standing
from diagnostics.clients.state import read_state
from diagnostics.host import Host
from diagnostics.model import Server
from diagnostics.presence import is_folder, is_there


def standing(host: Host, server: Server) -> Iterator[Standing]:
    """Whether the project that this server stands in is trusted."""
    if server.scope != "project":
        return
    state = read_state(Path(host.env.get("CODEX_HOME") or host.home / ".codex") / "config.toml")
    if state.is_broken or not is_folder(state.path.parent):
        return  # told elsewhere, or Codex was never used here
    project = server.path.parent.parent
    levels = [state.object("projects", str(each)).get("trust_level") for each in _keys(host, project)]
    if "trusted" not in levels:
        outcome = "project-distrusted" if "untrusted" in levels else "project-not-trusted"
        yield Standing(outcome, state.path, {"folder": str(project)})


def _keys(host: Host, project: Path) -> list[Path]:
    """The folders whose trust counts: the one worked in, the project's, the repository's."""
    repository = [each for each in (project, *project.parents) if is_there(each / ".git")][:1]
    return list(dict.fromkeys([host.cwd, project, *repository]))
