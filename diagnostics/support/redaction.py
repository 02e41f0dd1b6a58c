"""Takes out of a text who and where: people, computers, addresses, names of entries, and whatever looks like a credential.

What is taken out gets a name of its own that stays the same throughout the bundle (`host-1`), so that what belongs
together can still be seen to.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from diagnostics.secret import MASK, Scrubber
from diagnostics.support.vocabulary import is_everyday, public_hosts
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted, mask_tokens

OURS = frozenset(
    {
        "schema", "generated_at", "platform", "session", "client", "transport", "status", "syntax", "check", "stage", "cause",
        "remedies", "duration_ms", "expires_at", "kind",
    }
)  # fmt: skip
"""Fields whose values are words of the doctor's own, never text of the host."""

_NAMES = frozenset({"id", "server", "reference", "field", "name"})
"""Fields whose values are names, which the run has masked where somebody pasted a credential for one."""

_EMAIL = re.compile(
    r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}(?![\w-])"
)
_V4 = re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)")
_V6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){7}|(?=[0-9A-Fa-f:]*::)[0-9A-Fa-f:]{3,39})(?:%\w+)?(?![\w:])"
)
_IN_ADDRESS = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]{1,20}://(?:[^\s/@]{0,300}@)?)(\[[0-9a-f:.%]+\]|[\w.-]+)")
_AT_HOST = re.compile(
    r"(?<=\w@)(?!(?:latest|next|beta|alpha|canary)\b)[A-Za-z][\w-]*(?:\.[\w-]+)*(?=[:/\s]|$)"
)
_INTERNAL = re.compile(
    r"(?i)\b(?:[a-z0-9_-]+\.)+(?:internal|intranet|local|localdomain|lan|corp|home|private|test|invalid|example|arpa)\b(?![\w-])"
)
_HOMES = re.compile(
    r"(?i)(?P<before>(?<![\w~])/home/|(?<![\w~])/Users/|\b[A-Z]:\\+Users\\+|/mnt/[a-z]/Users/)(?P<name>[^/\\\s:'\"]+)"
)
_LONG_HEX = re.compile(
    r"(?<![\w-])[0-9A-Fa-f]{32,}(?![\w-])|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
)
_OPAQUE = re.compile(
    r"(?<![A-Za-z0-9+/=_-])(?=[A-Za-z0-9+/=_-]*[a-z])(?=[A-Za-z0-9+/=_-]*[A-Z])(?=[A-Za-z0-9+/=_-]*\d)[A-Za-z0-9+/=_-]{24,}"
)
_CHANGES = re.compile(r"[a-z](?=[A-Z0-9])|[0-9](?=[A-Za-z])|[A-Z](?=[0-9])")
_SHARED_HOMES = frozenset({"shared", "public", "default", "all users"})
_ROOT = frozenset({"root"})


class Redactor:
    """Redacts the texts of one bundle. `replaced` counts what was taken out, by kind, since it was last emptied.

    In: `home` folders as they are spelled; `people`, `computers`, `entries`, `servers`: the names to look for; `scrubber`
    knows the secrets. An everyday word (a computer called "laptop") is left in prose, for it says nothing there.
    """

    def __init__(
        self,
        scrubber: Scrubber,
        home: Iterable[str] = (),
        people: Iterable[str] = (),
        computers: Iterable[str] = (),
        entries: Iterable[str] = (),
        servers: Iterable[str] = (),
    ) -> None:
        self._scrubber = scrubber
        self.replaced: Counter[str] = Counter()
        self._names: dict[tuple[str, str], str] = {}
        self._told: dict[tuple[str, bool], tuple[str, Counter[str]]] = {}
        """Texts that were redacted before, with what was taken out: a bundle says the same thing many times."""
        self._counts: Counter[str] = Counter()
        homes = sorted(
            {each.rstrip("/\\") for each in home if len(each.strip("/\\")) > 1}, key=len, reverse=True
        )
        spelled = [re.escape(each).replace(r"\\", r"\\{1,2}") for each in homes]
        self._home = re.compile(rf"(?:{'|'.join(spelled)})(?![\w.-])") if homes else None
        self._people = [each for each in _known(people) if each.lower() not in _ROOT]
        for each in self._people:
            self._name("user", each)
        self._known = [
            *((each, "user") for each in self._people if not is_everyday(each)),
            *((each, "host") for each in _known(computers) if not is_everyday(each)),
            *((each, "entry") for each in _known(entries) if not is_everyday(each)),
            *((each, "server") for each in _known(servers) if not is_everyday(each)),
        ]
        whoever = [(name, kind) for name, kind in self._known if kind in {"user", "host"}]
        named = [(name, kind) for name, kind in self._known if kind not in {"user", "host"}]
        self._by_name = {name.lower(): kind for name, kind in reversed(whoever)} | dict(reversed(named))
        self._any = [
            re.compile(rf"(?<![A-Za-z0-9])(?:{listed})(?![A-Za-z0-9])", flags)
            # An entry github_token is not the variable GITHUB_TOKEN; people and computers are spelled either way.
            for names, flags in ((named, re.NOFLAG), (whoever, re.IGNORECASE))
            if (
                listed := "|".join(
                    re.escape(each) for each, _ in sorted(names, key=lambda one: (-len(one[0]), one))
                )
            )
        ]
        for name, kind in self._known:  # numbered in the order given, not in that of their finding
            self._name(kind, name)

    def text(self, said: str, *, is_name: bool = False) -> str:
        """A text without secrets, people, computers, addresses and names.

        In: `is_name` = it names something of the doctor's own making (`env.A_TOKEN:entry`): that is no `token: value`.
        """
        known = self._told.get((said, is_name))
        if known is None:
            before, self.replaced = self.replaced, Counter()
            told = self._redacted(said, is_name=is_name)
            known = self._told[said, is_name] = (told, self.replaced)
            self.replaced = before
        self.replaced.update(known[1])
        return known[0]

    def _redacted(self, said: str, *, is_name: bool) -> str:
        said = self._counted("secret", said, self._scrubbed if is_name else self._masked)
        said = self._sub("secret", _OPAQUE, said, lambda found: MASK if _is_random(found[0]) else found[0])
        said = self._sub("email", _EMAIL, said, lambda found: self._name("email", found[0]))
        if self._home is not None:
            said = self._sub("home", self._home, said, lambda _found: "~")
        said = self._sub("user", _HOMES, said, self._of_home)
        said = self._sub("host", _IN_ADDRESS, said, lambda found: found[1] + self._host(found[2]))
        said = self._sub("host", _AT_HOST, said, lambda found: self._host(found[0]))
        said = self._sub("ip", _V4, said, lambda found: self._ip(found[0]))
        said = self._sub("ip", _V6, said, lambda found: self._ip(found[0]))
        said = self._sub("host", _INTERNAL, said, lambda found: self._host(found[0]))
        for pattern in self._any:
            said = pattern.sub(self._of_known, said)
        return self._sub("id", _LONG_HEX, said, lambda found: self._name("id", found[0]))

    def data(self, value: Any) -> Any:
        """Plain data with every text in it redacted, keys too; the doctor's own words stay."""
        if isinstance(value, str):
            return self.text(clean(value, 4000))
        if isinstance(value, Mapping):
            found: dict[str, Any] = {}
            for key, each in value.items():
                is_ours = key in OURS or is_everyday(str(key))
                name = told = str(key) if is_ours else self.text(clean(str(key), 400))
                number = 1
                while name in found:
                    number += 1
                    name = f"{told} ({number})"
                is_name = key in _NAMES and isinstance(each, str)
                found[name] = (
                    each
                    if key in OURS
                    else self.text(clean(each, 4000), is_name=True)
                    if is_name
                    else self.data(each)
                )
            return found
        if isinstance(value, list | tuple):
            return [self.data(each) for each in value]
        return value

    def _scrubbed(self, said: str) -> str:
        return mask_pasted(self._scrubber.scrub(said))

    def _masked(self, said: str) -> str:
        return mask_pasted(mask_tokens(self._scrubber.scrub(said)))

    def _of_known(self, found: re.Match[str]) -> str:
        kind = self._by_name.get(found[0]) or self._by_name[found[0].lower()]
        self.replaced[kind] += 1
        return self._name(kind, found[0])

    def _of_home(self, found: re.Match[str]) -> str:
        if found["name"].lower() in _SHARED_HOMES:
            return found[0]
        return found["before"] + self._name("user", found["name"])

    def _host(self, name: str) -> str:
        bare = name.strip("[]").lower()
        if bare in public_hosts() or any(bare.endswith(f".{each}") for each in public_hosts() if "." in each):
            return name
        if _V4.fullmatch(bare) or ":" in bare:
            return self._ip(name)
        return name if re.fullmatch(r"host-\d+|ip-\d+|email-\d+", name) else self._name("host", name)

    def _ip(self, address: str) -> str:
        bare = address.strip("[]")
        if bare in public_hosts() or bare.startswith("127.") or bare == "::" or re.fullmatch(r"[:0]*", bare):
            return address
        return self._name("ip", bare)

    def _name(self, kind: str, original: str) -> str:
        key = (kind, original.lower())
        if key not in self._names:
            self._counts[kind] += 1
            self._names[key] = f"{kind}-{self._counts[kind]}"
        return self._names[key]

    def _sub(self, kind: str, pattern: re.Pattern[str], said: str, by: Callable[[re.Match[str]], str]) -> str:
        def replace(found: re.Match[str]) -> str:
            told = by(found)
            self.replaced[kind] += told != found[0]
            return told

        return pattern.sub(replace, said)

    def _counted(self, kind: str, said: str, by: Callable[[str], str]) -> str:
        told = by(said)
        if told != said:
            self.replaced[kind] += max(1, told.count(MASK) - said.count(MASK))
        return told


def _known(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(each for each in names if each.strip()))


def _is_random(run: str) -> bool:
    """Whether letters of both cases and digits are mixed as no name is."""
    return len(_CHANGES.findall(run)) >= 5
