"""A desktop extension as its client sees it, and as a server like every other."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from diagnostics.bundles.filling import PLACEHOLDER, fill, fill_all
from diagnostics.bundles.folders import system_variables
from diagnostics.bundles.manifest import Manifest, Setting
from diagnostics.bundles.settings import Settings
from diagnostics.bundles.value import Value
from diagnostics.catalog.clients import Client
from diagnostics.host import Host
from diagnostics.model import Server, Syntax
from diagnostics.references import with_references
from diagnostics.secret import Secret
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted
from diagnostics.tokens.plain_text import named_value


@dataclass(frozen=True, slots=True)
class Extension:
    """An installed extension, or a bundle that could be installed."""

    id: str
    """The name of its folder; of a bundle its file's name."""
    folder: Path
    """Where its files lie; of a bundle that is not installed the bundle itself."""
    manifest: Manifest
    settings: Settings | None = field(default=None, repr=False)
    """None for a bundle that is not installed: nobody can have filled in anything."""
    members: frozenset[str] | None = None
    """The files of a bundle that is not unpacked."""
    unsafe: tuple[str, ...] = ()
    """Names in a bundle that point out of its folder."""

    @property
    def is_installed(self) -> bool:
        """Whether the app starts it; else it is a bundle, or a folder that somebody is working on."""
        return self.settings is not None

    @property
    def is_packed(self) -> bool:
        """Whether its files still lie in the bundle."""
        return self.members is not None

    def value(self, key: str) -> Value | None:
        """What the app puts in for `${user_config.<key>}`: what was filled in, else the manifest's default."""
        if self.settings is not None and key in self.settings.values:
            return self.settings.values[key]
        setting = self.manifest.settings.get(key)
        return setting.default if setting else None

    def credential(self, key: str) -> Secret | None:
        """The credential that a setting holds; None where it holds none, or only the app can read it."""
        value = self.value(key)
        if value is None or value.kind != "string" or value.is_sealed:
            return None
        return next(iter(self._credentials(key, value)), None)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every credential that lies open in the settings."""
        filled_in = self.settings.values if self.settings else {}
        return tuple(each for key, value in filled_in.items() for each in self._credentials(key, value))

    def _credentials(self, key: str, value: Value) -> Iterator[Secret]:
        """The texts of a value that are credentials: marked as such, or named or built like one."""
        setting = self.manifest.settings.get(key)
        if value.is_sealed or value.kind not in {"string", "list"}:
            return
        if setting is not None and setting.kind not in {"string", ""}:
            return
        for text in value.texts:
            if text and ((setting and setting.sensitive) or named_value(key, text.reveal())):
                yield text

    @property
    def missing(self) -> tuple[Setting, ...]:
        """Required settings without a value. A default does not count: the app asks for it to be saved."""
        filled_in = self.settings.values if self.settings else {}
        return tuple(
            each
            for each in self.manifest.settings.values()
            if each.required and (each.key not in filled_in or filled_in[each.key].is_missing)
        )

    @property
    def used(self) -> Mapping[str, Sequence[str]]:
        """The settings that the start names: for each key the fields it stands in (`env.NAME`, `args[2]`)."""
        found: dict[str, list[str]] = {}
        for where, text in self._texts():
            for each in PLACEHOLDER.finditer(text):
                found.setdefault(each[1], []).append(where)
        return found

    def is_whole_argument(self, key: str, where: str) -> bool:
        """Whether the placeholder is all that the field holds, so that a list becomes several arguments there."""
        return where.startswith("args[") and dict(self._texts())[where] == f"${{user_config.{key}}}"

    def _texts(self) -> Iterator[tuple[str, str]]:
        yield "command", self.manifest.command or ""
        yield from ((f"args[{number}]", each) for number, each in enumerate(self.manifest.args))
        yield from ((f"env.{name}", each) for name, each in self.manifest.env.items())


def as_server(extension: Extension, host: Host, one: Client, path: Path) -> Server:
    """The server that the extension brings, its own settings still as references. In: the manifest's path."""
    manifest = extension.manifest
    name = mask_pasted(clean(manifest.name or extension.id, 200)) or "extension"
    variables = system_variables(host, extension.folder)
    if extension.is_packed:
        del variables["__dirname"]  # nobody knows yet where it will be unpacked
    server = Server(
        id=f"{one.id}:{name}",
        name=name,
        client=one.id,
        path=path,
        transport="stdio",
        command=fill(manifest.command, variables) if manifest.command else None,
        args=tuple(Secret(fill(each, variables)) for each in manifest.args),
        env={key: Secret(fill(each, variables)) for key, each in manifest.env.items()},
        disabled=extension.settings is not None and not extension.settings.enabled,
        scope="extension",
        line=manifest.line,
        extension=extension,
    )
    return _known_to_be_filled(with_references(server, one))


def filled(server: Server) -> Server:
    """The server with what its extension's settings put in, as far as they can be read; others as they are.

    The references that are filled, or that the app leaves as they stand, are gone from the result. A sealed value's
    reference stays.
    """
    extension = server.extension
    if extension is None:
        return server
    sealed: set[str] = set()
    values: dict[str, str | Sequence[str]] = {}
    for key in dict.fromkeys([*extension.manifest.settings, *_filled_in(extension)]):
        value = extension.value(key)
        if value is None:
            continue
        if value.is_sealed:
            sealed.add(key)
            continue
        texts = [each.reveal() for each in value.texts]
        values[f"user_config.{key}"] = texts if value.kind == "list" else texts[0]
    return dataclasses.replace(
        server,
        command=fill(server.command, values) if server.command else None,
        args=tuple(Secret(each) for each in fill_all([each.reveal() for each in server.args], values)),
        env={name: Secret(fill(each.reveal(), values)) for name, each in server.env.items()},
        references=tuple(
            each for each in server.references if each.syntax is not Syntax.USER_CONFIG or each.name in sealed
        ),
    )


def _filled_in(extension: Extension) -> Iterable[str]:
    return extension.settings.values if extension.settings else ()


def _known_to_be_filled(server: Server) -> Server:
    """The app fills these in extensions' manifests, though not in its config file."""
    references = tuple(
        dataclasses.replace(each, expanded_by_client=True) if each.syntax is Syntax.USER_CONFIG else each
        for each in server.references
    )
    return dataclasses.replace(server, references=references)
