"""What the Credential Manager's error codes mean. Sources: learn.microsoft.com (CredWriteW, CredEnumerateW,
CryptUpdateProtectedState), PowerShell/Win32-OpenSSH issues 996 and 2022, jaraco/keyring issue 355.
"""

from dataclasses import dataclass

NOT_FOUND = 1168
NO_LOGON_SESSION = 1312
TOO_LARGE = 1783


@dataclass(frozen=True, slots=True)
class Meaning:
    """One error code."""

    outcome: str
    """As `backend.credential-manager` words it."""
    cause: str
    said: str
    """For people, after `Windows …`."""


_UNDECRYPTABLE = Meaning(
    "undecryptable",
    "windows_vault_undecryptable",
    "can't decrypt what it kept for you; delete nothing: your earlier password brings it back",
)
_MALFORMED = Meaning("refused", "windows_vault_refused", "found the request malformed")

MEANINGS = {
    NOT_FOUND: Meaning("not-found", "credential_not_found", "has no entry of that name"),
    NO_LOGON_SESSION: Meaning(
        "no-logon-session",
        "windows_no_logon_session",
        "gives a network or service logon (SSH, WinRM, a service) no Credential Manager; sign in at the desktop, or "
        "let a scheduled task of yours do it",
    ),
    TOO_LARGE: Meaning(
        "too-large", "credential_too_large", f"keeps at most 2,560 bytes of a value ({1280:,} characters)"
    ),
    8: Meaning("full", "credential_store_full", "has no room for another entry"),
    5: Meaning("denied", "windows_vault_denied", "does not let this account use the Credential Manager"),
    87: _MALFORMED,
    1004: _MALFORMED,
    2202: Meaning("refused", "windows_vault_refused", "does not take this user name"),
    13: _UNDECRYPTABLE,
    0x8009000B: _UNDECRYPTABLE,  # NTE_BAD_KEY_STATE
    0x80090016: _UNDECRYPTABLE,  # NTE_BAD_KEYSET
}


def meaning_of(code: int) -> Meaning:
    """What an error code means; an unknown one is a refusal of unknown reason."""
    return MEANINGS.get(
        code & 0xFFFFFFFF,
        Meaning("refused", "windows_vault_refused", "refused, and gave no reason known here"),
    )
