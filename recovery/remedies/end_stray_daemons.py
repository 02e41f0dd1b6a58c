"""Further keyring daemons run beside the one in use, own nothing and answer nobody."""

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Stage
from recovery.model import Remedy
from recovery.planner import remedy


@remedy("backend.stray-daemons.strays", rank=40)
def end_stray_daemons(finding: Finding, context: Context) -> Remedy | None:
    """Ends them by process id; the one in use stays. Their control socket goes with them."""
    from recovery.steps.provider import EndStrays

    provider = context.store.state().provider
    if not provider.strays or not provider.program:
        return None
    return Remedy(
        id="end-stray-daemons",
        title="End the stray keyring daemons",
        why=(
            f"The daemon in use (process {provider.pid}) is left alone, and so is what it holds. The others were "
            "started beside it and nobody asks them."
        ),
        finding=finding.id,
        steps=(EndStrays(provider.strays, provider.program),),
        recheck=checks_from(Stage.BACKEND),
    )
