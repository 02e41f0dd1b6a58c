"""The steps that remedies are made of, and how the journal writes one and reads it back."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

from recovery.model import RecoveryError, Step


@cache
def step_kinds() -> Mapping[str, type[Step]]:
    """Every kind of step by its name in the journal."""
    found: dict[str, Any] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for each in vars(module).values():
            if dataclasses.is_dataclass(each) and isinstance(each, type) and hasattr(each, "kind"):
                found[each.kind] = each
    return found


def step_data(step: Step) -> dict[str, Any]:
    """The step's fields as JSON takes them. A field that is no plain data (a Secret above all) is a TypeError."""
    fields = dataclasses.fields(step)  # type: ignore[arg-type]  # the protocol can't say that it is a dataclass
    return {each.name: _plain(getattr(step, each.name)) for each in fields}


def read_step(kind: str, data: Mapping[str, Any]) -> Step:
    """The step that `step_data` wrote.

    Raises:
        RecoveryError: it is of a kind, or has fields, that this version does not know.
    """
    try:
        made = step_kinds()[kind]
        return made(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
        )
    except (KeyError, TypeError) as error:
        raise RecoveryError(
            f"the journal names a step {kind!r} that this version of mcp-doctor does not know: "
            "use the version that began the operation"
        ) from error


def _plain(value: object) -> Any:
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    raise TypeError(f"a step's field can't be a {type(value).__name__}")
