"""What one file of a server's code says."""

from dataclasses import dataclass, field

from diagnostics.servers.needs.need import Need


@dataclass(slots=True)
class FileReading:
    """What one file says. Places are `index.js:12`."""

    reads: dict[str, str] = field(default_factory=dict)
    """Variable -> place."""
    needs: list[Need] = field(default_factory=list)
    """Their evidence begins with the place."""
    loose: bool = False
    """It reads variables under names that are only made as it runs."""
