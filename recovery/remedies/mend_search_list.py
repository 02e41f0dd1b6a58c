"""The default keychain of macOS is not among those that programs look in."""

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Stage
from recovery.model import RecoveryError, Remedy
from recovery.planner import remedy


@remedy("backend.macos-keychains.not-searched", rank=15)
def mend_search_list(finding: Finding, context: Context) -> Remedy | None:
    """Puts it on the list; everything that is there stays."""
    from recovery.macos_remedies import with_default
    from recovery.stores.macos.keychain import default_path, search_list

    try:
        default, searched = default_path(context.host), search_list(context.host)
    except RecoveryError:
        return None
    if not default or default in searched:
        return None
    return Remedy(
        id="mend-search-list",
        title="Put the default keychain back on the search list",
        why="Programs look in it again. The keychains that are on the list stay on it, and no keychain is changed.",
        finding=finding.id,
        steps=(with_default(searched, default),),
        recheck=checks_from(Stage.BACKEND),
    )
