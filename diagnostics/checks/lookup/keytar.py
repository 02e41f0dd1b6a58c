"""References to entries that keytar keeps."""

from collections.abc import Iterable

from diagnostics.check import Verdict, check
from diagnostics.checks.managed import verdicts
from diagnostics.context import Context
from diagnostics.managers import SECONDS
from diagnostics.model import Reference, Syntax


@check(of=Reference, needs=("lookup.readable",), within=SECONDS + 1)
def keytar(context: Context, reference: Reference) -> Iterable[Verdict]:
    """Is the entry of the Node program (keytar) in the keychain?"""
    return verdicts(context, reference, Syntax.KEYTAR)
