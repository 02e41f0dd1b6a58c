"""An extension's files made into a `ClientFile`: installed, or a bundle or manifest named on the command line."""

from collections.abc import Callable
from pathlib import Path

from diagnostics.bundles.archive import MANIFEST, Packed, is_bundle, read_bundle
from diagnostics.bundles.extension import Extension, as_server
from diagnostics.bundles.folders import EXTENSIONS
from diagnostics.bundles.manifest import Manifest, is_manifest, read_manifest
from diagnostics.bundles.settings import Settings, read_settings
from diagnostics.catalog.clients import client
from diagnostics.configs.client_file import broken, with_outcome
from diagnostics.configs.content import Content, decoded, read_text
from diagnostics.configs.document import SyntaxProblem
from diagnostics.configs.json_document import JsonDocument
from diagnostics.host import Host
from diagnostics.model import ClientFile, Problem, Status

OWNER = "claude-desktop"
SETTINGS = "Claude Extensions Settings"


def read_installed(host: Host, folder: Path) -> ClientFile | None:
    """An extension in its folder below `Claude Extensions`; None where there is no manifest."""
    path = folder / MANIFEST
    try:
        content = read_text(path)
    except FileNotFoundError:
        return None
    return _of_manifest(host, path, "extension", content, _settings_of(folder))


def read_named(host: Host, path: Path) -> ClientFile | None:
    """A file named with `--config`, if it is a bundle or an extension's manifest; None for any other.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if is_bundle(path):
        packed = read_bundle(path)
        if isinstance(packed, Problem):
            return broken(client(OWNER), path, "named", packed)
        return _of_bundle(host, path, packed)
    if path.name != MANIFEST:
        return None
    content = read_text(path)
    if isinstance(content, Problem):
        return None
    installed = path.parent.parent.name == EXTENSIONS
    try:
        if not installed and not is_manifest(JsonDocument(content.text).data):
            return None
    except SyntaxProblem:
        return None
    return _of_manifest(host, path, "named", content, _settings_of(path.parent) if installed else None)


def _settings_of(folder: Path) -> Settings:
    return read_settings(folder.parent.parent / SETTINGS / f"{folder.name}.json")


def _of_manifest(
    host: Host, path: Path, scope: str, content: Content | Problem, settings: Settings | None
) -> ClientFile:
    one = client(OWNER)
    if isinstance(content, Problem):
        return broken(one, path, scope, content)
    folder = path.parent

    def extension(manifest: Manifest) -> Extension:
        return Extension(folder.name, folder, manifest, settings)

    return _read(host, path, scope, content, extension)


def _of_bundle(host: Host, path: Path, packed: Packed) -> ClientFile:
    content = decoded(packed.manifest, 0)
    if isinstance(content, Problem):
        return broken(client(OWNER), path, "named", content)

    def extension(manifest: Manifest) -> Extension:
        return Extension(path.stem, path, manifest, None, packed.members, packed.unsafe)

    return _read(host, path, "named", content, extension)


def _read(
    host: Host, path: Path, scope: str, content: Content, extension: Callable[[Manifest], Extension]
) -> ClientFile:
    one = client(OWNER)
    try:
        manifest, problems = read_manifest(content.text, host.platform)
    except SyntaxProblem as error:
        return broken(one, path, scope, error.problem)
    server = as_server(extension(manifest), host, one, path)
    return with_outcome(ClientFile(one.id, path, scope, Status.OK), problems, [server])
