"""A secret that cannot be shown by accident, and the scrubber that keeps it out of other texts."""

import hashlib
import hmac
import os
import threading
from bisect import bisect_left
from collections.abc import Iterable
from typing import Never, final

MASK = "•••"
_SHORTEST_SCRUBBED = 6
"""Characters. Shorter values ("true", "80") are everyday words: masking them would garble every text."""

_session_key = os.urandom(32)


@final
class Secret:
    """Text that repr, str, format, copy and pickle never reveal.

    In: the text. Out: only `reveal()` gives it back; the places that call it are the store adapters, the
    provider client, the launcher and `mcp-secrets get`, and a test lists them.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Hand it straight to its one recipient; never keep or print it."""
        return self._value

    def fingerprint(self) -> str:
        """Eight hex digits that tell two secrets apart within this process and mean nothing outside it."""
        return hmac.new(
            _session_key, self._value.encode("utf-8", "surrogatepass"), hashlib.sha256
        ).hexdigest()[:8]

    def __len__(self) -> int:
        return len(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine = self._value.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(mine, other._value.encode("utf-8", "surrogatepass"))

    def __hash__(self) -> int:
        return hash((_session_key, self._value))

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __reduce__(self) -> Never:
        raise TypeError("a Secret is not written anywhere")

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self


class Scrubber:
    """Takes every secret it has learned out of a text (a server's stderr, an error message). Thread-safe."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._lock = threading.Lock()
        self._secrets: set[Secret] = set()
        self._longest_first: tuple[Secret, ...] | None = ()
        """None = to be made anew: sorting at every call would cost more than the search."""
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: Secret) -> None:
        """From now on `scrub` masks this secret, as it stands and without the white space around it."""
        with self._lock:
            for form in {secret.reveal(), secret.reveal().strip()}:
                if len(form) >= _SHORTEST_SCRUBBED and Secret(form) not in self._secrets:
                    self._secrets.add(Secret(form))
                    self._longest_first = None

    def scrub(self, text: str) -> str:
        """The text with every learned secret replaced by a mask; the longest first, so no tail remains."""
        with self._lock:
            if self._longest_first is None:
                self._longest_first = tuple(sorted(self._secrets, key=len, reverse=True))
            known = self._longest_first
        start = bisect_left(known, -len(text), key=lambda secret: -len(secret))
        for secret in known[start:]:
            value = secret.reveal()
            if value in text:
                text = text.replace(value, MASK)
        return text
