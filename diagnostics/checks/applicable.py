"""When a question about the credential store has no point: nothing needs a store, or it is of another kind."""

from diagnostics.check import Verdict, skip
from diagnostics.context import Context
from diagnostics.model import Store

SECRET_SERVICE = "secret-service"  # noqa: S105 - a kind of store
STAND_IN = "stand-in"
FILE = "file"
CREDENTIAL_MANAGER = "credential-manager"
MACOS = "macos-keychain"


def not_applicable(context: Context, store: Store, *kinds: str) -> Verdict | None:
    """The verdict for a store that isn't asked about, None where the check should go on.

    In: the kinds of store that the check is about; none = all.
    """
    if not context.needs_store:
        return skip("runner.not-needed")
    if kinds and store.kind not in kinds:
        return skip("runner.other-store")
    return None
