"""Results of macOS's security calls, by number alone: the words beside them are in the language of the system.

`security` ends with the low byte of the OSStatus (SecurityTool, main); the values are those of Apple's SecBase.h.
"""

AUTH_FAILED = -25293
NO_SUCH_KEYCHAIN = -25294
INVALID_KEYCHAIN = -25295
DUPLICATE_ITEM = -25299
ITEM_NOT_FOUND = -25300
NO_DEFAULT_KEYCHAIN = -25307
INTERACTION_NOT_ALLOWED = -25308
CANCELED = -128

NAMES = {
    AUTH_FAILED: "errSecAuthFailed",
    NO_SUCH_KEYCHAIN: "errSecNoSuchKeychain",
    INVALID_KEYCHAIN: "errSecInvalidKeychain",
    DUPLICATE_ITEM: "errSecDuplicateItem",
    ITEM_NOT_FOUND: "errSecItemNotFound",
    NO_DEFAULT_KEYCHAIN: "errSecNoDefaultKeychain",
    INTERACTION_NOT_ALLOWED: "errSecInteractionNotAllowed",
    CANCELED: "errSecUserCanceled",
    -25243: "errSecNoAccessForItem",
    -25244: "errSecInvalidOwnerEdit",
    -25291: "errSecNotAvailable",
    -25292: "errSecReadOnly",
    -25315: "errSecInteractionRequired",
    -25316: "errSecDataNotAvailable",
    -26275: "errSecDecode",
    -34018: "errSecMissingEntitlement",
    -67030: "errSecCSInfoPlistFailed",
    -67068: "errSecCSStaticCodeNotFound",
}
"""OSStatus -> Apple's name for it."""

_BY_EXIT = {status & 0xFF: status for status in NAMES if status not in {-25244, -67030, -67068}}
_CAUSES = {
    AUTH_FAILED: "macos_keychain_access_denied",
    -25243: "macos_keychain_access_denied",
    -25244: "macos_keychain_access_denied",
    -67030: "macos_keychain_access_denied",
    -67068: "macos_keychain_access_denied",
    INTERACTION_NOT_ALLOWED: "macos_keychain_locked",
    -25315: "macos_keychain_locked",
    -34018: "macos_missing_entitlement",
    CANCELED: "keyring_prompt_dismissed",
    NO_SUCH_KEYCHAIN: "keyring_collection_missing",
    NO_DEFAULT_KEYCHAIN: "keyring_collection_missing",
    INVALID_KEYCHAIN: "keyring_file_damaged",
    -26275: "keyring_file_damaged",
}


def status_of_exit(code: int) -> int | None:
    """The OSStatus behind an exit code of `security`; None for 0 and for codes that are none (1 failure, 2 usage)."""
    return _BY_EXIT.get(code)


def named(status: int) -> str:
    """An OSStatus for people: number and name."""
    name = NAMES.get(status)
    return f"{status} ({name})" if name else str(status)


def cause_of_status(status: int) -> str:
    """The cause behind an OSStatus."""
    return _CAUSES.get(status, "keyring_no_backend")
