"""References to secrets in AWS Secrets Manager."""

from collections.abc import Iterable

from diagnostics.check import Verdict, check
from diagnostics.checks.managed import verdicts
from diagnostics.context import Context
from diagnostics.managers import SECONDS
from diagnostics.model import Reference, Syntax


@check(of=Reference, within=SECONDS + 1)
def aws(context: Context, reference: Reference) -> Iterable[Verdict]:
    """Does AWS Secrets Manager give this secret?"""
    return verdicts(context, reference, Syntax.AWS)
