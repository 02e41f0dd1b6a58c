"""The daemon runs and there is no keychain, nor a file of one."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy


@remedy("permission.default-collection.none", "permission.default-collection.alias-dangling-alone", rank=20)
def create_keychain(finding: Finding, context: Context) -> Remedy | None:
    """Creates `login` with a password of the person's choice."""
    return on_the_way("create-keychain", finding, context)
