"""A secret that cannot be shown by accident, and the scrubber that keeps it out of other texts."""

import hashlib
import hmac
import os
import re
import threading
from collections.abc import Iterable
from typing import Never, final

MASK = "•••"
_SHORTEST_SCRUBBED = 6
"""Characters. Shorter values ("true", "80") are everyday words: masking them would garble every text."""
_WINDOW = 12
"""Characters. The shortest part of a longer secret that is recognised as one; a public prefix is about as long."""

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
    """Takes every secret it has learned out of a text (a server's stderr, an error message). Thread-safe.

    Programs seldom print a credential as it is: they cut it ("using ghp_AbC…"), escape it or encode it. So its
    beginning and its end are found too, wherever they stand, and the forms that a URL, JSON and base64 give it.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._lock = threading.Lock()
        self._known: set[Secret] = set()
        self._short: tuple[Secret, ...] = ()
        """Those too short for a window, the longest first."""
        self._heads: dict[int, list[Secret]] = {}
        """By the hash of their first window; hashes, because a dictionary of beginnings would be readable."""
        self._tails: dict[int, list[Secret]] = {}
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: Secret) -> None:
        """From now on `scrub` masks this secret, as it stands and in the forms that programs print it in."""
        if secret in self._known:
            return
        with self._lock:
            self._known.add(secret)
            value = secret.reveal()
            forms = {form for part in _of_database(value) or (value,) for form in _forms(part)}
            for form in forms:
                if len(form) >= _WINDOW:
                    self._heads.setdefault(hash(form[:_WINDOW]), []).append(Secret(form))
                    self._tails.setdefault(hash(form[-_WINDOW:]), []).append(Secret(form))
                elif len(form) >= _SHORTEST_SCRUBBED:
                    self._short = tuple(sorted({*self._short, Secret(form)}, key=len, reverse=True))

    @property
    def learned(self) -> tuple[Secret, ...]:
        """All that it knows, for a second look by other means."""
        with self._lock:
            return tuple(self._known)

    def scrub(self, text: str) -> str:
        """The text with every learned secret, and every longer part that begins or ends one, replaced by a mask."""
        if self._heads and len(text) >= _WINDOW:
            text = _masked(text, self._spans(text))
        for secret in self._short:
            value = secret.reveal()
            if value in text:
                text = text.replace(value, MASK)
        return text

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where in the text a secret, or a part of one, begins and ends."""
        windows = [hash(text[at : at + _WINDOW]) for at in range(len(text) - _WINDOW + 1)]
        if self._heads.keys().isdisjoint(windows) and self._tails.keys().isdisjoint(windows):
            return []
        found: list[tuple[int, int]] = []
        for at, window in enumerate(windows):
            found += [(at, at + _in_common(text, at, each.reveal())) for each in self._heads.get(window, ())]
            for secret in self._tails.get(window, ()):
                ends = at + _WINDOW
                before = text[max(0, ends - len(secret)) : ends]
                found.append((ends - _in_common(before[::-1], 0, secret.reveal()[::-1]), ends))
        return sorted(found)


_DATABASE = re.compile(
    r"\s*[\"']?(?:jdbc:)?(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?)(?:\+\w+)?://"
    r"(?P<before>[^:/@?#\s]*:)(?P<password>.+)@[^@?]*(?:\?(?!.*(?:pass|secret|token|key)\w*=)[^@]*)?",
    re.DOTALL | re.IGNORECASE,
)


def _of_database(value: str) -> tuple[str, ...]:
    """The secret part of a database's connection URL: people have to see the rest to find what is wrong with it."""
    found = _DATABASE.fullmatch(value)
    if found is None:
        return ()
    from urllib.parse import unquote

    password = found["password"]
    short = (f"{found['before']}{password}@",) if len(password) < _SHORTEST_SCRUBBED else ()
    return (password, unquote(password), *short)


def _forms(value: str) -> set[str]:
    """A credential as it is stored, and as programs print it (dumped bytes too); each line of one that has several."""
    import base64
    import json
    from urllib.parse import quote

    bare = value.strip()
    lines = [line.strip() for line in bare.splitlines()] if "\n" in bare else []
    raw = bare.encode("utf-8", "surrogateescape" if _is_from_bytes(bare) else "surrogatepass")
    in_64 = base64.b64encode(raw).decode()[: len(raw) // 3 * 4] if len(raw) >= _WINDOW else ""
    url = quote(raw, safe="")
    return {value, bare, *lines, in_64, url, json.dumps(bare)[1:-1], raw.hex(), raw.hex().upper()}


def _is_from_bytes(text: str) -> bool:
    return all("\udc80" <= each <= "\udcff" for each in text if "\ud800" <= each <= "\udfff")


def _in_common(text: str, at: int, value: str) -> int:
    """How many characters of the value stand at this place of the text; at least a window's."""
    low, high = _WINDOW, len(value)
    while low < high:
        middle = (low + high + 1) // 2
        if text.startswith(value[:middle], at):
            low = middle
        else:
            high = middle - 1
    return low


def _masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    out: list[str] = []
    done = 0
    for start, end in spans:
        if start > done or not done:
            out += [text[done:start], MASK]
        done = max(done, end)
    return "".join(out) + text[done:]
