"""What an examination of the trail found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """One place where something is to be said about the trail. `line` counts from 1; 0 = the file as a whole."""

    line: int
    what: str
    kind: str = "changed"
    """`torn`, `changed`, `missing`, `inserted`, `moved`, `repeated`, `cut-off`, `gone`, `copied`, `key`, `anchor`,
    `emergency-log`, `clock`, `noticed`."""
    at: str = ""
    """When the record says it was written."""
    operation: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """Whether the trail holds."""

    records: int
    keyed: int
    """How many of them carry a keyed digest."""
    first: str
    last: str
    """When the first and the newest record were written, "" where there is none."""
    troubles: tuple[Trouble, ...]
    """Where it does not hold."""
    unknown: tuple[Trouble, ...]
    """What could not be found out."""
    notices: tuple[Trouble, ...]
    """What is worth knowing and breaks nothing: clock jumps, a record that the crash kept from the anchor."""

    @property
    def holds(self) -> bool | None:
        """None = could not be found out."""
        if self.troubles:
            return False
        return None if self.unknown else True
