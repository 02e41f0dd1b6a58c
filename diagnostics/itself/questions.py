"""All that the doctor asks about itself, and asking it."""

import importlib
from collections.abc import Sequence

from diagnostics.check import Check
from diagnostics.context import Context, Options
from diagnostics.host import Host
from diagnostics.model import Finding, Store
from diagnostics.stores import FILE_STORE, BusState, Entry, StoreError, StoreState, uses_file_store

_MODULES = (
    "diagnostics.itself.python",
    "diagnostics.itself.libraries",
    "diagnostics.itself.keyring_settings",
    "diagnostics.itself.keyring_library",
    "diagnostics.itself.folders",
    "diagnostics.itself.language",
    "diagnostics.itself.terminal",
    "diagnostics.itself.launcher",
    "diagnostics.itself.clock",
)


def questions() -> Sequence[Check]:
    """All of them, in the order in which they are told."""
    found: list[Check] = []
    for name in _MODULES:
        own = vars(importlib.import_module(name)).values()
        found += [
            each.__check__
            for each in own
            if getattr(each, "__module__", "") == name and hasattr(each, "__check__")
        ]
    return found


def examined(host: Host, options: Options) -> tuple[Context, Sequence[Finding]]:
    """The findings about the doctor itself, and the view of the host in which they were made: no config, no store."""
    from diagnostics.runner import diagnose

    context = Context(host, options, (), (), _NoStore(host))
    return context, list(diagnose(context, questions()))


class _NoStore:
    """Stands where a run has its store. None is opened: what that rests on may be the trouble."""

    def __init__(self, host: Host) -> None:
        self._kind = FILE_STORE if uses_file_store(host) else "keyring"

    @property
    def subject(self) -> Store:
        """The host's kind of store."""
        return Store(self._kind)

    def state(self) -> StoreState:
        """Nothing was looked at."""
        return StoreState(BusState(None, "none"), error="not looked at")

    def entries(self) -> Sequence[Entry]:
        """Raises StoreError: nothing is read."""
        raise StoreError("secret_service_not_provided", "not looked at")
