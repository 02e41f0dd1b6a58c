"""Whether macOS would ask before it gives an entry to a program. Decides from its access list; asks nobody.

Two lists must let a program in: the trusted programs of the rule that allows decrypting (by path and signature), and
the partition list (by who signed it). A program that another build has replaced is on neither: that is what an upgrade
of Python or Homebrew does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from diagnostics.stores.macos.parsing import AccessEntry, partitions


class Access(StrEnum):
    """What an access list means for one program."""

    ALLOWED = "allowed"
    CHANGED = "changed"
    """The program at the trusted path is not the one that was trusted."""
    NOT_LISTED = "not-listed"
    """Only other programs are trusted."""
    PARTITION = "partition"
    """It is trusted, but its signature is not on the partition list."""
    PASSWORD = "password"  # noqa: S105 - the name of a case
    """The rule asks for the keychain's password each time."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Program:
    """A program as access lists name it."""

    paths: tuple[str, ...]
    """Every path that it goes by (links resolved and not, the app inside a framework)."""
    cdhash: str = ""
    """Hex digest of its code, "" = not known."""
    team: str = ""

    @property
    def partition(self) -> str:
        """How a partition list names it, "" where its signature is not known."""
        return f"teamid:{self.team}" if self.team else f"cdhash:{self.cdhash}" if self.cdhash else ""


def access_of(rules: Sequence[AccessEntry] | None, program: Program) -> Access:
    """What the rules of an item mean for a program that wants its secret."""
    if rules is None:
        return Access.UNKNOWN
    deciding = [each for each in rules if each.authorizations & {"decrypt", "any"}]
    if not deciding:
        return Access.UNKNOWN
    found = min((_by(each, program) for each in deciding), key=list(Access).index)
    if found is not Access.ALLOWED:
        return found
    listed = partitions(rules)
    if listed is None:
        has_rule = any("partition_id" in each.authorizations for each in rules)
        return Access.UNKNOWN if has_rule else Access.ALLOWED
    if not program.partition:
        return Access.UNKNOWN
    mine = {program.partition, f"cdhash:{program.cdhash}"}
    return Access.ALLOWED if mine & set(listed) else Access.PARTITION


def _by(rule: AccessEntry, program: Program) -> Access:
    if rule.applications is None:
        return Access.PASSWORD if rule.asks_password else Access.ALLOWED
    mine = [each for each in rule.applications if each.path in program.paths]
    if any(each.status == 0 for each in mine):
        return Access.PASSWORD if rule.asks_password else Access.ALLOWED
    return Access.CHANGED if mine else Access.NOT_LISTED


def signature(said: str) -> tuple[str, str]:
    """Code digest and team in what `codesign -d --verbose=4` prints on standard error; "" where it has none."""
    digest = re.search(r"^CDHash=([0-9a-f]{40})$", said, re.MULTILINE)
    team = re.search(r"^TeamIdentifier=([A-Z0-9]{10})$", said, re.MULTILINE)
    return digest[1] if digest else "", team[1] if team else ""
