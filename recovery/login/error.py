"""Why a login was not got, in names that the guide and the steps decide by."""

from recovery.model import RecoveryError

SIGN_IN_AGAIN = "sign-in-again"
OUTAGE = "outage"


class LoginError(RecoveryError):
    """No login was got. The text says why and what to do, and holds nothing secret.

    `trouble`: `sign-in-again` (the refresh token is over), `invalid-client`, `refused` (another no), `outage` (nobody
    could say), `lost` (the request may have arrived, its answer did not), `mismatch` (the place is not the issuer's),
    `unsafe` (not over https), `no-metadata`, `no-device-flow`, `no-client`, `denied` (the person said no), `expired` (the
    code is over), `unclear` (an answer that makes no sense), `cancelled`.
    """

    def __init__(self, trouble: str, said: str) -> None:
        super().__init__(said)
        self.trouble = trouble
