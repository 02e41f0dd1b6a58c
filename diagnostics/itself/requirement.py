"""What `pyproject.toml` asks for: a requirement line read, a version held against it. For the few forms that we use."""

import re
from dataclasses import dataclass

_LINE = re.compile(r"^\s*([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;()]*)\)?\s*(?:;(.*))?$")
_BOUND = re.compile(r"(>=|<=|==|!=|~=|<|>)\s*([0-9][0-9A-Za-z.!+*]*)")
_SYSTEM = re.compile(r"""sys_platform\s*(==|!=)\s*['"]([^'"]+)['"]""")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One library that is asked for."""

    name: str
    """As packages are named, in lower case and with hyphens."""
    bounds: tuple[tuple[str, str], ...] = ()
    extra: str = ""
    """The extra that it belongs to, "" = it is always needed."""

    @property
    def words(self) -> str:
        """`>=1.4, <2`, or `any version`."""
        return ", ".join(f"{sign}{version}" for sign, version in self.bounds) or "any version"

    def admits(self, version: str) -> bool:
        """Whether that version will do."""
        return all(_holds(_release(version), sign, _release(bound)) for sign, bound in self.bounds)

    def is_older(self, version: str) -> bool:
        """Whether that version is below the lowest that will do."""
        return any(sign == ">=" and _release(version) < _release(bound) for sign, bound in self.bounds)


def requirement(line: str, system: str) -> Requirement | None:
    """A requirement line; None where it is not meant for this system, or can't be read.

    In: `system` as `sys.platform` names it.
    """
    parts = _LINE.match(line)
    if parts is None:
        return None
    name, bounds, condition = parts[1], parts[2], parts[3] or ""
    for sign, value in _SYSTEM.findall(condition):
        if (value == system) is (sign == "!="):
            return None
    extra = _EXTRA.search(condition)
    return Requirement(
        re.sub(r"[-_.]+", "-", name).lower(), tuple(sorted(_BOUND.findall(bounds))), extra[1] if extra else ""
    )


def _holds(version: tuple[int, ...], sign: str, bound: tuple[int, ...]) -> bool:
    match sign:
        case ">=":
            return version >= bound
        case "<=":
            return version <= bound
        case "<":
            return version < bound
        case ">":
            return version > bound
        case "==":
            return version == bound
        case "!=":
            return version != bound
        case _:  # ~=
            return version >= bound and version[: len(bound) - 1] == bound[:-1]


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a version, without what stands behind them and without zeros at the end."""
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    numbers = [int(each) for each in found[0].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
