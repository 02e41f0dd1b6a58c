"""Claude Desktop's extensions: `Claude Extensions/<id>/manifest.json` in its data folder.

Source for the folders: the app's own files as people show them in anthropics/claude-code issues and in
Nemo-Illusionist/claude-code-account-switcher 91.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from diagnostics.bundles.folders import EXTENSIONS
from diagnostics.catalog.clients import Client
from diagnostics.clients.state import read_state
from diagnostics.configs.location import paths_of
from diagnostics.host import Host
from diagnostics.model import ClientFile, Platform, Problem, Status

INSTALLATIONS = "extensions-installations.json"
_OTHER_MODE = "Claude-3p"
"""The data folder when the app runs on another cloud's models."""
_MOST = 200


def installed(host: Host, one: Client, configured: Sequence[ClientFile]) -> Iterator[ClientFile]:  # noqa: ARG001 - see the package
    """A file for each installed extension, and one for the list of them where it names some that are gone."""
    for data in data_folders(host, one):
        folders = _folders_in(data / EXTENSIONS)
        for folder in folders:
            file = _read(host, folder)
            if file is not None:
                yield file
            elif not folder.name.startswith("."):
                yield _broken(one, folder / "manifest.json", "extension-without-manifest", folder.name)
        yield from _gone(one, data, {folder.name for folder in folders})


def _read(host: Host, folder: Path) -> ClientFile | None:
    from diagnostics.bundles.reading import read_installed

    return read_installed(host, folder)


def data_folders(host: Host, one: Client) -> list[Path]:
    """The app's data folders: the one that counts, and that of the other mode. On Windows the package's hides the classic."""
    configs = [path for place in one.places if place.scope == "user" for path in paths_of(place, host)]
    folders = list(dict.fromkeys(path.parent for path in configs))
    if host.platform is Platform.WINDOWS:
        packaged = [each for each in folders if "Packages" in each.parts]
        folders = packaged or folders
    others = [each.with_name(_OTHER_MODE) for each in folders]
    return list(dict.fromkeys([*folders, *others]))


def _folders_in(parent: Path) -> list[Path]:
    try:
        return sorted(each for each in parent.iterdir() if each.is_dir())[:_MOST]
    except OSError:
        return []


def _gone(one: Client, data: Path, there: set[str]) -> Iterator[ClientFile]:
    """Extensions that the app's list names, but whose files are not there."""
    state = read_state(data / INSTALLATIONS)
    listed = state.object("extensions")
    for name in list(listed)[:_MOST]:
        if name not in there:
            yield _broken(one, data / INSTALLATIONS, "extension-gone", name)
            return


def _broken(one: Client, path: Path, outcome: str, name: str) -> ClientFile:
    problem = Problem(outcome, "config_schema_error", name, fatal=False)
    return ClientFile(one.id, path, "extension", Status.WARN, (problem,))
