"""Whether a name is one that credentials have."""

import re

_SECRET_WORDS = {
    "token", "secret", "password", "passwd", "pwd", "pass", "passphrase", "apikey", "key", "credential", "credentials",
    "auth", "authorization", "pat", "bearer", "cookie", "accesstoken", "apitoken", "authtoken", "secretkey",
    "accesskey", "privatekey", "jwt",
}  # fmt: skip
_SECRET_ENDS = ("password", "passwd", "token", "secret", "apikey")
"""Of words run together: PGPASSWORD, authtoken."""
_HARMLESS_PAIRS = {
    ("public", "key"),
    ("sort", "key"),
    ("primary", "key"),
    ("foreign", "key"),
    ("partition", "key"),
}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def names_secret(name: str) -> bool:
    """Whether a variable, header or option of this name is meant to hold a credential."""
    words = [word.casefold() for word in _WORDS.findall(name)]
    if not words or not (words[-1] in _SECRET_WORDS or words[-1].endswith(_SECRET_ENDS)):
        return False
    if (
        words[-1] == "auth"
        and len(words) > 1
        and words[-2] in {"no", "use", "enable", "require", "skip", "disable"}
    ):
        return False
    return tuple(words[-2:]) not in _HARMLESS_PAIRS
