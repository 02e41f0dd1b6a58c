"""What `/usr/bin/security` prints, read back. Pure; a line that is not understood is passed over, never guessed.

The grammar is that of Apple's sources (Security: `keychain_utilities.c` print_buffer, `keychain_list.c`,
`keychain_show_info.c`, `access_utils.c`): a value whose bytes are all printable stands in quotes as it is (quotes in it
are not escaped); any other one is `0x` and hex digits, with a readable rendering behind that is not taken.
"""

import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_INFO = re.compile(r'^Keychain "(?P<path>.*)"(?P<rest>(?: [a-z-]+(?:=\d+s)?)*)\s*$')
_ATTRIBUTE = re.compile(
    r'^ {4}(?:"(?P<tag>[^"]{1,4})"|(?P<number>0x[0-9A-F]{8}) )<(?P<type>\w+)>=(?P<value>.*)$'
)
_APPLICATION = re.compile(r"^ {12}\d+: (?P<path>.*) \((?:(?P<ok>OK)|status (?P<status>-?\d+))\)\s*$")
_AUTHORIZATIONS = re.compile(r"^ {8}authorizations \(\d+\):(?P<names>.*)$")
_LABEL = "0x00000007"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a keychain locks itself."""

    lock_on_sleep: bool
    timeout: int | None
    """Seconds without use, None = never."""


@dataclass(frozen=True, slots=True)
class Application:
    """A program that an entry trusts."""

    path: str
    status: int
    """0 = the program at that path is the trusted one; else the OSStatus (-67068: it changed or is gone)."""


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """One rule of an item's access list."""

    authorizations: frozenset[str]
    asks_password: bool
    description: str
    applications: tuple[Application, ...] | None
    """None = every program."""


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a keychain, without its secret."""

    keychain: str
    kind: str
    """`genp`, `inet`, …; "" where it is a number."""
    attributes: Mapping[str, bytes | None] = field(repr=False)
    access: tuple[AccessEntry, ...] | None = None
    """None = it was not printed."""

    @property
    def service(self) -> str:
        """The attribute `svce`."""
        return self._text("svce")

    @property
    def account(self) -> str:
        """The attribute `acct`."""
        return self._text("acct")

    @property
    def label(self) -> str:
        """What Keychain Access shows as its name."""
        return self._text(_LABEL)

    def _text(self, name: str) -> str:
        return (self.attributes.get(name) or b"").decode("utf-8", "surrogateescape")


def keychain_paths(output: str) -> list[str]:
    """The paths that `list-keychains`, `default-keychain` and `login-keychain` print, one a line in quotes."""
    found = (line.strip() for line in output.splitlines())
    return [line[1:-1] for line in found if len(line) > 2 and line[0] == line[-1] == '"']


def settings(said: str) -> Settings | None:
    """What `show-keychain-info` prints on standard error, None where it is something else."""
    for line in said.splitlines():
        match = _INFO.match(line)
        if match is None:
            continue
        words = match["rest"].split()
        timeout = next((int(word[8:-1]) for word in words if re.fullmatch(r"timeout=\d+s", word)), None)
        if timeout is not None or "no-timeout" in words:
            return Settings("lock-on-sleep" in words, timeout)
    return None


def value_of(printed: str) -> bytes | None:
    """One printed value: `"text"`, `0xHEX  "text"`, or None for `<NULL>` and for what is neither.

    Text is that of the terminal's encoding, which is UTF-8 here.
    """
    if printed.startswith("0x"):
        try:
            return binascii.unhexlify(printed[2:].split(" ", 1)[0])
        except (binascii.Error, ValueError):
            return None
    if len(printed) >= 2 and printed[0] == printed[-1] == '"':
        return printed[1:-1].encode("utf-8", "surrogateescape")
    return None


def password(said: str) -> bytes | None:
    """The secret in what `find-generic-password -g` prints on standard error. An empty one is printed as nothing."""
    for line in said.splitlines():
        if line.startswith("password: "):
            return value_of(line.removeprefix("password: ").rstrip("\n")) or b""
        if line == "password:":
            return b""
    return None


def items(output: str) -> list[Item]:
    """The records of `dump-keychain` (with or without `-a`) and `find-generic-password`."""
    found: list[Item] = []
    block: list[str] = []
    for line in output.split("\n"):
        if line.startswith('keychain: "') and block:
            found += _item(block)
            block = []
        block.append(line)
    return found + _item(block)


def partitions(access: Sequence[AccessEntry]) -> tuple[str, ...] | None:
    """The partition list of an item (`apple-tool:`, `teamid:…`, `cdhash:…`), None where it has none.

    It stands in the description of the rule `partition_id`: as a property list in hex, or readable.
    """
    for rule in access:
        if "partition_id" not in rule.authorizations:
            continue
        text = rule.description.strip()
        if re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", text):
            return _partitions_of(binascii.unhexlify(text))
        return tuple(each.strip() for each in text.split(",") if each.strip())
    return None


def _partitions_of(raw: bytes) -> tuple[str, ...] | None:
    import plistlib
    from xml.parsers.expat import ExpatError

    try:
        told = plistlib.loads(raw)
        return tuple(str(each) for each in told["Partitions"])
    except (ValueError, KeyError, TypeError, AttributeError, ExpatError):
        return None


def _item(block: Sequence[str]) -> list[Item]:
    head = next((line for line in block if line.startswith('keychain: "')), None)
    if head is None:
        return []
    kind = next((line for line in block if line.startswith("class: ")), "")
    attributes: dict[str, bytes | None] = {}
    for line in block:
        match = _ATTRIBUTE.match(line)
        if match is not None:
            attributes[match["tag"] or match["number"]] = value_of(match["value"])
    begins = next((at for at, line in enumerate(block) if line.startswith("access: ")), None)
    rules = None if begins is None else _access(block[begins + 1 :])
    name = kind.removeprefix("class: ").strip('" ')
    path = head.removeprefix('keychain: "').rstrip().removesuffix('"')
    return [Item(path, "" if name.startswith("0x") else name, attributes, rules)]


def _access(lines: Sequence[str]) -> tuple[AccessEntry, ...]:
    rules: list[list[str]] = []
    for line in lines:
        if re.match(r"^ {4}entry \d+:", line):
            rules.append([])
        elif rules:
            rules[-1].append(line)
    return tuple(_rule(each) for each in rules)


def _rule(lines: Sequence[str]) -> AccessEntry:
    names: frozenset[str] = frozenset()
    asks, description = False, ""
    applications: list[Application] | None = None
    for line in lines:
        match = _AUTHORIZATIONS.match(line)
        if match is not None:
            names = frozenset(match["names"].split())
        elif line == "        require-password":
            asks = True
        elif line.startswith("        description: "):
            description = line.removeprefix("        description: ")
        elif line.startswith("        applications ("):
            applications = []
        elif applications is not None and (found := _APPLICATION.match(line)) is not None:
            status = 0 if found["ok"] else int(found["status"])
            applications.append(Application(found["path"], status))
    return AccessEntry(names, asks, description, None if applications is None else tuple(applications))
