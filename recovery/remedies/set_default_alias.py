"""There is a keychain, and it is not the default one."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy


@remedy("permission.default-collection.alias-dangling", "permission.default-collection.not-chosen", rank=20)
def set_default_alias(finding: Finding, context: Context) -> Remedy | None:
    """Makes it the default, and opens it."""
    return on_the_way("set-default-alias", finding, context)
