"""Claude Code: which servers it may start (approval, switches, the organisation's rules), and its plugins' servers.

Sources: code.claude.com/docs (mcp, managed-mcp, settings); observed with version 2.1.197; anthropics/claude-code
CHANGELOG (2.1.196: a repository no longer approves its own servers) and issue 76759 (the plugins' list).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from diagnostics.catalog.clients import Client, client
from diagnostics.clients import Standing
from diagnostics.clients.claude_code_plugins import plugin_files
from diagnostics.clients.claude_code_policy import Policy, blocked_by
from diagnostics.clients.state import State, read_state
from diagnostics.configs.location import paths_of, upward
from diagnostics.host import Host
from diagnostics.model import ClientFile, Server

_ID = "claude-code"


def installed(host: Host, one: Client, configured: Sequence[ClientFile]) -> Iterator[ClientFile]:
    """The files of installed plugins that bring servers."""
    managed = next((each for each in configured if each.scope == "managed"), None)
    yield from plugin_files(host, one, _folder(host), _settings(host, host.cwd), managed)


def standing(host: Host, server: Server) -> Iterator[Standing]:
    """Whether it starts this server: first what the organisation says, then the person, then who was never asked."""
    if server.scope == "extension" and server.disabled:
        yield Standing("plugin-off", _folder(host) / "settings.json")
        return
    own = read_state(_own_file(host))
    project = _project_of(host, server)
    policies = [Policy(each, is_managed=True) for each in _managed(host)]
    policies += [Policy(each, is_managed=False) for each in _settings(host, project)]
    blocked = blocked_by(server, policies)
    if blocked is not None:
        yield blocked
        return
    projects = own.object("projects")
    known = [
        projects[key] for key in _spellings(host, server, project) if isinstance(projects.get(key), dict)
    ]
    rows = known if server.scope == "project" else known[:1]
    if any(server.name in State(own.path, row).texts("disabledMcpServers") for row in (*rows, own.data)):
        yield Standing("switched-off", own.path)
        return
    if server.scope == "project" and own.is_there:
        yield from _approval(host, server, own, rows, project)


def _approval(
    host: Host, server: Server, own: State, rows: Sequence[Mapping[str, object]], project: Path
) -> Iterator[Standing]:
    """A server of `.mcp.json` starts once the person has approved it, for this folder."""
    says = [State(own.path, row) for row in rows]
    settings = [*_settings(host, project), *_managed(host)]
    repository = project / ".claude/settings.json"
    for each in (*says, *settings):
        if server.name in each.texts("disabledMcpjsonServers"):
            yield Standing("rejected", each.path)
            return
    approving = [
        each
        for each in (*says, *settings)
        if server.name in each.texts("enabledMcpjsonServers") or each.flag("enableAllProjectMcpServers")
    ]
    if not approving:
        yield Standing("pending", own.path, {"folder": str(project)})
    elif all(each.path == repository for each in approving):
        yield Standing("approved-by-repository", repository, {"folder": str(project)})
    elif rows and all(each.flag("hasTrustDialogAccepted") is False for each in says):
        yield Standing("folder-pending", own.path, {"folder": str(project)})


def _folder(host: Host) -> Path:
    return Path(host.env.get("CLAUDE_CONFIG_DIR") or host.home / ".claude")


def _own_file(host: Host) -> Path:
    return Path(host.env.get("CLAUDE_CONFIG_DIR") or host.home) / ".claude.json"


def _settings(host: Host, project: Path) -> list[State]:
    """The person's settings, and the project's."""
    paths = [
        _folder(host) / "settings.json",
        project / ".claude/settings.json",
        project / ".claude/settings.local.json",
    ]
    return [each for path in dict.fromkeys(paths) if (each := read_state(path)).is_there]


def _managed(host: Host) -> list[State]:
    """The organisation's settings, as far as they lie in files: beside its file of servers."""
    places = [each for each in client(_ID).places if each.scope == "managed"]
    folders = dict.fromkeys(path.parent for place in places for path in paths_of(place, host))
    found: list[State] = []
    for folder in folders:
        found.append(read_state(folder / "managed-settings.json"))
        found += [read_state(path) for path in _drop_ins(folder / "managed-settings.d")]
    return [each for each in found if each.is_there]


def _drop_ins(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.json"))[:50]
    except OSError:
        return []


def _project_of(host: Host, server: Server) -> Path:
    return server.path.parent if server.scope == "project" else host.cwd


def _spellings(host: Host, server: Server, project: Path) -> Iterable[str]:
    """How the folder may be written as a key: the one Claude Code was started in is not always the one of the file."""
    above = list(upward(host))
    folders = [project, *(each for each in above if each.is_relative_to(project))]
    if server.scope != "project":
        folders = above
    return dict.fromkeys(text for each in folders for text in (str(each), each.as_posix()))
