"""Variables of an environment put together. On Windows `Path` and `PATH` are one variable."""

from collections.abc import Mapping

from diagnostics.model import Platform


def joined(env: Mapping[str, str], more: Mapping[str, str], platform: Platform) -> dict[str, str]:
    """An environment with more variables, which win. Where a name is there in another case, it keeps its spelling."""
    found = dict(env)
    if platform is not Platform.WINDOWS:
        return found | dict(more)
    spelled = {name.upper(): name for name in found}
    for name, value in more.items():
        found[spelled.setdefault(name.upper(), name)] = value
    return found


def name_in(env: Mapping[str, object], name: str, platform: Platform) -> str | None:
    """How a variable's name is spelled there, None where it has none."""
    if name in env:
        return name
    if platform is not Platform.WINDOWS:
        return None
    return next((each for each in env if each.upper() == name.upper()), None)
