"""Whether a desktop extension is filled in so that its app can start it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, check, fail, ok, skip, unknown, warn
from diagnostics.context import Context
from diagnostics.model import Platform, Server

if TYPE_CHECKING:
    from diagnostics.bundles.extension import Extension
    from diagnostics.bundles.manifest import Setting
    from diagnostics.bundles.value import Value

_MOST_PLACEHOLDERS = 100
"""Told of one by one."""
_SYSTEM_KEYS = {
    Platform.MACOS: "the item `Claude Safe Storage` of the login keychain",
    Platform.WINDOWS: "the key in the file `Local State`, which Windows opens for the user who is signed in",
    Platform.LINUX: "the entry `Claude Safe Storage` of the keyring (gnome-keyring or KWallet)",
}


@check(of=Server, within=5)
def extension(context: Context, server: Server) -> Iterator[Verdict]:
    """Is the extension complete, switched on and filled in?"""
    if server.extension is None:
        return
    question = _Question(context, server, server.extension)
    verdicts = list(question.answers())
    yield from verdicts
    if not verdicts:
        yield question.healthy()


class _Question:
    def __init__(self, context: Context, server: Server, one: "Extension") -> None:
        self.extension = one
        self.manifest = one.manifest
        self.platform = context.host.platform
        self.used = one.used
        self.evidence = (str(one.settings.path),) if one.settings and one.settings.is_there else ()
        self.offers = {"client": client(server.client).name, "extension": one.manifest.title or server.name}

    def healthy(self) -> Verdict:
        if self.extension.is_installed:
            return ok("ok", **self.offers, count=len(self.manifest.settings))
        asked = [each.title for each in self.manifest.settings.values()]
        return ok("not-installed", **self.offers, count=len(asked), asked=", ".join(asked) or "nothing")

    def answers(self) -> Iterator[Verdict]:
        yield from self._manifest()
        yield from self._files()
        if not self.extension.is_installed:
            return
        settings = self.extension.settings
        if settings is not None and settings.problem is not None:
            said = settings.problem.detail or settings.problem.outcome.replace("-", " ")
            yield fail(
                "settings-unreadable", settings.problem.cause, evidence=(str(settings.path),), said=said,
                settings=str(settings.path), **self.offers,
            )  # fmt: skip
            return
        if settings is not None and not settings.enabled:
            yield warn("disabled", "server_switched_off", evidence=(str(settings.path),), **self.offers)
        yield from self._missing()
        for setting in self.manifest.settings.values():
            value = self.extension.value(setting.key)
            if value is not None:
                yield from self._value(setting, value)
        if not self.extension.missing:  # else nothing is started that a placeholder could reach
            yield from self._placeholders()

    def _manifest(self) -> Iterator[Verdict]:
        from diagnostics.bundles.manifest import KNOWN_VERSIONS

        manifest = self.manifest
        if manifest.missing or manifest.mistyped:
            fatal = any(
                each.startswith(("server", "name")) for each in (*manifest.missing, *manifest.mistyped)
            )
            what = [f"{each} is missing" for each in manifest.missing] + list(manifest.mistyped)
            facts = {"what": "; ".join(what), **self.offers}
            if fatal:
                yield fail("manifest-broken", "config_schema_error", **facts)
            else:
                yield warn("manifest-incomplete", "config_schema_error", **facts)
        if manifest.format not in KNOWN_VERSIONS:
            known = ", ".join(sorted(KNOWN_VERSIONS))
            said = manifest.format or "none"
            yield warn("format-unknown", "config_schema_error", said=said, known=known, **self.offers)
        if not manifest.fits:
            yield warn(
                "other-platform", "binary_incompatible", platforms=_listed(manifest.platforms), **self.offers
            )
        if self.extension.unsafe:
            yield fail(
                "unsafe-names", "config_schema_error", evidence=self.extension.unsafe[:5],
                count=len(self.extension.unsafe), **self.offers,
            )  # fmt: skip

    def _files(self) -> Iterator[Verdict]:
        from diagnostics.bundles.archive import leads_out

        entry = self.manifest.entry_point
        if not entry:
            return
        if leads_out(entry):
            yield fail("entry-point-outside", "config_schema_error", entry=entry, **self.offers)
        elif not self._has(entry):
            folder = str(self.extension.folder)
            yield fail("entry-point-missing", "path_not_found", entry=entry, folder=folder, **self.offers)
        elif self._is_linked_out(entry):
            yield warn("entry-point-linked-out", "config_schema_error", entry=entry, **self.offers)

    def _has(self, entry: str) -> bool:
        members = self.extension.members
        if members is not None:
            return entry.removeprefix("./") in members
        try:
            return (self.extension.folder / entry).is_file()
        except (OSError, ValueError):
            return False

    def _is_linked_out(self, entry: str) -> bool:
        if self.extension.is_packed:
            return False
        folder = self.extension.folder.resolve()
        return not (folder / entry).resolve().is_relative_to(folder)

    def _missing(self) -> Iterator[Verdict]:
        missing = self.extension.missing
        if not missing:
            return
        titles = _listed([each.title for each in missing])
        logged = f"Extension {self.manifest.name} has missing required configuration, skipping MCP config"
        facts = {"titles": titles, "count": len(missing), "logged": logged, **self.offers}
        keys = tuple(f"user_config.{each.key}" for each in missing)
        if all(each.default is not None for each in missing):
            yield fail("required-unsaved", "extension_setting_missing", evidence=keys, **facts)
        else:
            yield fail("required-missing", "extension_setting_missing", evidence=keys, **facts)

    def _placeholders(self) -> Iterator[Verdict]:
        """Placeholders that reach the server as they stand."""
        for key, places in list(self.used.items())[:_MOST_PLACEHOLDERS]:
            spelling = f"${{user_config.{key}}}"
            facts = {"spelling": spelling, "places": _listed(places), **self.offers}
            value = self.extension.value(key)
            if value is None and key not in self.manifest.settings:
                yield fail("undeclared", "env_placeholder_not_expanded", key=key, **facts)
            elif value is None:
                title = self.manifest.settings[key].title
                yield warn(
                    "left-empty", "env_placeholder_not_expanded", evidence=self.evidence, title=title, **facts
                )
            elif value.kind == "list":
                inside = [each for each in places if not self.extension.is_whole_argument(key, each)]
                if inside:
                    facts["places"] = _listed(inside)
                    yield fail("list-in-text", "env_placeholder_not_expanded", key=key, **facts)
            elif not value.texts[0] and any(self.extension.is_whole_argument(key, each) for each in places):
                title = self.manifest.settings[key].title if key in self.manifest.settings else key
                yield warn(
                    "left-empty", "env_placeholder_not_expanded", evidence=self.evidence, title=title, **facts
                )

    def _value(self, setting: "Setting", value: "Value") -> Iterator[Verdict]:
        facts = {"title": setting.title, "key": setting.key, **self.offers}
        if value.is_sealed:
            yield self._sealed(value, facts)
            return
        if value.is_missing:
            return
        if not _fits(setting, value):
            expected = f"a list ({setting.kind})" if setting.multiple else _A[setting.kind]
            yield warn(
                "wrong-type",
                "config_schema_error",
                evidence=self.evidence,
                expected=expected,
                found=_A[value.kind],
                **facts,
            )
            return
        if value.number is not None and not _within(setting, value.number):
            yield warn(
                "out-of-range",
                "config_schema_error",
                evidence=self.evidence,
                limits=_limits(setting),
                **facts,
            )
        if setting.kind in {"directory", "file"}:
            yield from self._paths(setting, value, facts)
        if self._is_plain(setting, value):
            if setting.sensitive:
                yield warn("plain-text", "credential_in_plain_text", evidence=self.evidence, **facts)
            else:
                yield warn(
                    "not-marked-sensitive", "credential_in_plain_text", evidence=self.evidence, **facts
                )
        if setting.kind == "string" and self._changes(setting.key, value):
            yield warn("dollar-sign", "credential_corrupted", evidence=self.evidence, **facts)

    def _is_plain(self, setting: "Setting", value: "Value") -> bool:
        """Whether a credential lies open in the settings file; a default is the manifest's, and no secret."""
        from diagnostics.tokens.plain_text import is_token

        if self.extension.settings is None or setting.key not in self.extension.settings.values:
            return False
        return setting.sensitive or any(is_token(each.reveal()) for each in value.texts)

    def _changes(self, key: str, value: "Value") -> bool:
        from diagnostics.bundles.filling import changes_in_passing

        if value.kind != "string" or not changes_in_passing(value.texts[0].reveal()):
            return False
        places = self.used.get(key, ())
        return any(not self.extension.is_whole_argument(key, each) for each in places)

    def _paths(self, setting: "Setting", value: "Value", facts: dict[str, str]) -> Iterator[Verdict]:
        for each in value.texts:
            path = Path(each.reveal())
            try:
                there = path.is_dir() if setting.kind == "directory" else path.is_file()
                is_other = not there and path.exists()
            except (OSError, ValueError):
                there, is_other = False, False
            if there:
                continue
            facts = {**facts, "location": str(path), "kind": "file" if setting.kind == "file" else "folder"}
            if is_other:
                yield warn("path-of-other-kind", "path_not_found", evidence=self.evidence, **facts)
            else:
                yield warn("path-missing", "path_not_found", evidence=self.evidence, **facts)

    def _sealed(self, value: "Value", facts: dict[str, str]) -> Verdict:
        seal = value.seal
        facts["key_place"] = _SYSTEM_KEYS[self.platform]
        if not seal:
            return fail("sealed-damaged", "credential_corrupted", evidence=self.evidence, **facts)
        if seal == "v11" and self.platform is not Platform.LINUX:
            return fail("sealed-elsewhere", "credential_corrupted", evidence=self.evidence, **facts)
        if self.platform is Platform.LINUX and seal == "v10":
            return warn(
                "sealed-with-fixed-password", "keyring_backend_plaintext", evidence=self.evidence, **facts
            )
        if self.platform is Platform.WINDOWS:
            return self._sealed_on_windows(facts)
        return skip("sealed", **facts)

    def _sealed_on_windows(self, facts: dict[str, str]) -> Verdict:
        from diagnostics.clients.state import read_state

        settings = self.extension.settings
        if settings is None:
            return skip("sealed-on-windows", **facts)
        state = read_state(settings.path.parent.parent / "Local State")
        if state.is_broken:
            return unknown("seal-key-unknown", None, evidence=(str(state.path),), **facts)
        if not state.object("os_crypt").get("encrypted_key"):
            return fail("seal-key-missing", "credential_corrupted", evidence=(str(state.path),), **facts)
        return skip("sealed-on-windows", **facts)


_A = {
    "string": "a text", "number": "a number", "boolean": "true or false", "list": "a list", "null": "null",
    "object": "an object", "directory": "a folder's path", "file": "a file's path", "": "a known kind",
}  # fmt: skip


def _fits(setting: "Setting", value: "Value") -> bool:
    expected = "string" if setting.kind in {"directory", "file"} else setting.kind
    if expected not in {"string", "number", "boolean"}:
        return True  # the manifest's own mistake, told there
    if value.kind == "list":
        return setting.multiple and value.item_kinds <= {expected}
    return value.kind == expected


def _within(setting: "Setting", number: float) -> bool:
    return (setting.low is None or number >= setting.low) and (setting.high is None or number <= setting.high)


def _limits(setting: "Setting") -> str:
    low = f"at least {setting.low:g}" if setting.low is not None else ""
    high = f"at most {setting.high:g}" if setting.high is not None else ""
    return " and ".join(each for each in (low, high) if each)


def _listed(words: Sequence[str]) -> str:
    most = [each[:80] for each in words[:6]]
    return ", ".join(most) + (" …" if len(words) > len(most) else "")
