"""References to logins that the doctor keeps."""

from collections.abc import Iterable

from diagnostics.check import Verdict, check
from diagnostics.checks.managed import verdicts
from diagnostics.context import Context
from diagnostics.managers import SECONDS
from diagnostics.model import Reference, Syntax


@check(of=Reference, needs=("lookup.readable",), within=SECONDS + 1)
def oauth(context: Context, reference: Reference) -> Iterable[Verdict]:
    """Is there a login for this provider, and is its token good?"""
    return verdicts(context, reference, Syntax.OAUTH)
