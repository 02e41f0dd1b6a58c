"""References to secrets in HashiCorp Vault and OpenBao."""

from collections.abc import Iterable

from diagnostics.check import Verdict, check
from diagnostics.checks.managed import verdicts
from diagnostics.context import Context
from diagnostics.managers import SECONDS
from diagnostics.model import Reference, Syntax


@check(of=Reference, within=SECONDS + 1)
def vault(context: Context, reference: Reference) -> Iterable[Verdict]:
    """Does Vault give this secret?"""
    return verdicts(context, reference, Syntax.VAULT)
