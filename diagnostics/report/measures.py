"""What metrics tell beside the findings: how long the run took, how old the newest backup is, what emergency is open."""

import contextlib
from dataclasses import dataclass
from datetime import datetime

from diagnostics.backups import backups_in, folder_of
from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.emergency import OpenIncident, open_incidents
from diagnostics.host import Host


@dataclass(frozen=True, slots=True)
class Measures:
    """None wherever it could not be found out: a metric is then left out, never zero."""

    user: str = ""
    """Whose credentials they are: several users of a host each write a file, and no series may come twice."""
    seconds: float | None = None
    """How long the run took."""
    backups: int | None = None
    """How many backups the folder holds that they go to by default."""
    newest_backup: datetime | None = None
    incidents: tuple[OpenIncident, ...] | None = None
    """The open emergency incidents."""


def measured(host: Host, seconds: float) -> Measures:
    """The measures of a host. Reads two folders; a disk that hangs leaves its measures out. In: the run's seconds."""
    backups: int | None = None
    newest: datetime | None = None
    incidents: tuple[OpenIncident, ...] | None = None
    with contextlib.suppress(OSError, DeadlineError):
        found = on_disk(lambda: backups_in(folder_of(host)))
        backups, newest = len(found), found[0][1] if found else None
    with contextlib.suppress(OSError, DeadlineError):
        incidents = tuple(on_disk(lambda: open_incidents(host)))
    return Measures(host.user, seconds, backups, newest, incidents)
