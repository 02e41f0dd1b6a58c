"""Credentials as entries: the attributes say what a library looks for, and whatever is odd about one.

`username` is what the keyring library answers to; `account` marks an entry of another library (with `application`, for
keytar the schema that it has on Linux, so that a backup fits both systems). `stale-username` marks a value that the
keyring library left behind under `USER@SERVICE` and does not read while `SERVICE` holds the same user. `encoding`,
`persist` and `comment` stand only where they are not the usual ones.
"""

import base64
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence

from diagnostics.secret import Secret
from diagnostics.stores.protocol import KEYTAR_SCHEMA
from diagnostics.stores.similar import QUARANTINE_SERVICE, UNDO_SERVICE
from diagnostics.stores.state import Entry
from diagnostics.stores.windows.blob import content_of
from diagnostics.stores.windows.credential import (
    ENTERPRISE,
    KEYRING_COMMENT,
    LARGEST_BLOB,
    LOCAL_MACHINE,
    SESSION,
    Credential,
)
from diagnostics.stores.windows.target import WRITTEN_AS, Name, Scheme, name_of, same, target_of

COLLECTION = "windows"
STALE = "stale-username"
OUR_COMMENT = "Kept by mcp-doctor"
PART = "#"
"""Before the mark and number of each further part of what one credential can't hold."""
_IS_PART = re.compile(r"#[0-9a-f]{8}\.\d+$")
_HEADER = 32
"""Bytes for what stands before a document: how many parts there are, and their mark."""
PERSISTENCE = {SESSION: "session", LOCAL_MACHINE: "local machine"}
LOGINS = "mcp-doctor-login"
"""Folder of the logins that one credential can't hold. Only mcp-doctor reads a login, so it may come in parts."""
_OURS = (f"{UNDO_SERVICE}/", f"{QUARANTINE_SERVICE}/", f"{LOGINS}/")


def is_ours(target: str) -> bool:
    """Whether a credential belongs to what mcp-doctor keeps for itself: a document, perhaps in parts."""
    return target.startswith(_OURS)


def entries_of(credentials: Iterable[Credential]) -> list[Entry]:
    """Every credential as an entry, parts put together."""
    found = list(credentials)
    plain = {each.target.casefold(): each.user for each in found}
    entries = []
    for each in found:
        if is_ours(each.target):
            continue
        name = name_of(each.target, each.user, each.comment)
        stale = name.scheme is Scheme.COMPOUND and plain.get(name.service.casefold()) == name.account
        entries.append(_entry(each, name, stale))
    return [*entries, *_documents([each for each in found if is_ours(each.target)])]


def entry_of(credential: Credential) -> Entry:
    """One credential alone."""
    return _entry(credential, name_of(credential.target, credential.user, credential.comment), False)


def found_by_keyring(entries: Iterable[Entry], service: str, account: str) -> list[Entry]:
    """The entry that the keyring library finds by a service and a user name; a login that came in parts, too.

    Windows compares names of credentials without regard to case, and the library compares the user of `SERVICE` with it,
    but not that of `USER@SERVICE`. One whose user is somebody else altogether is not taken for it here.
    """
    parts, by_name = [], {}
    for each in entries:
        if not is_ours(each.path):
            by_name[each.path.casefold()] = each
        elif (each.service, each.account) == (service, account):
            parts.append(each)
    plain = by_name.get(target_of(Scheme.KEYRING, service, account).casefold())
    if plain is not None and plain.account == account:
        return [plain, *parts]
    compound = by_name.get(target_of(Scheme.COMPOUND, service, account).casefold())
    if compound is not None and compound.account and same(compound.account, account):
        return [compound, *parts]
    return parts


def document(label: str, attributes: Mapping[str, str], value: Secret) -> bytes:
    """What mcp-doctor keeps for itself has more to it than a service and a name."""
    raw = value.reveal().encode("utf-8", "surrogateescape")
    told = {
        "label": label,
        "attributes": dict(attributes),
        "value": base64.b64encode(raw).decode("ascii"),
    }
    return json.dumps(told, sort_keys=True).encode("ascii")


def parts_of(target: str, raw: bytes) -> list[tuple[str, bytes]]:
    """A document's credentials, by name, in the order of writing: the first part says how many there are, and comes last.

    Further parts have names of their own each time, so that writing anew leaves the old ones whole until the end.
    """
    room = LARGEST_BLOB - _HEADER
    mark = secrets.token_hex(4)
    chunks = [raw[start : start + room] for start in range(0, max(len(raw), 1), room)]
    more = [(f"{target}{PART}{mark}.{number}", each) for number, each in enumerate(chunks) if number]
    return [*more, (target, f"{len(chunks)} {mark}\n".encode() + chunks[0])]


def _entry(one: Credential, name: Name, stale: bool) -> Entry:
    content = content_of(one.blob)
    attributes = {"service": name.service}
    if stale:
        attributes[STALE] = name.account
    elif name.scheme in {Scheme.KEYRING, Scheme.COMPOUND}:
        attributes["username"] = name.account
    else:
        attributes["account"] = name.account
        if name.scheme is Scheme.KEYTAR:
            attributes["xdg:schema"] = KEYTAR_SCHEMA
        else:
            attributes["application"] = name.scheme.value
    if one.comment == KEYRING_COMMENT:
        attributes["application"] = "Python keyring library"
    elif one.comment:
        attributes["comment"] = one.comment
    if one.blob and content.encoding != WRITTEN_AS[name.scheme]:
        attributes["encoding"] = content.encoding
    if one.persist in PERSISTENCE:
        attributes["persist"] = PERSISTENCE[one.persist]
    return Entry(one.target, COLLECTION, one.target, attributes, Secret(content.text), modified=one.modified)


def _documents(parts: Sequence[Credential]) -> Iterator[Entry]:
    """Each once; one that is not whole has no value."""
    by_name = {each.target: each for each in parts}
    for first in parts:
        if _IS_PART.search(first.target):
            continue
        try:
            told = json.loads(_joined(first, by_name))
            attributes = {str(name): str(value) for name, value in told["attributes"].items()}
            value = base64.b64decode(told["value"], validate=True).decode("utf-8", "surrogateescape")
            label = str(told["label"])
        except (ValueError, KeyError, TypeError, AttributeError):
            service = first.target.partition("/")[0]
            yield Entry(first.target, COLLECTION, "", {"service": service}, None, modified=first.modified)
            continue
        yield Entry(first.target, COLLECTION, label, attributes, Secret(value), modified=first.modified)


def _joined(first: Credential, by_name: Mapping[str, Credential]) -> bytes:
    """Raises ValueError or KeyError where a part is missing."""
    header, _, raw = first.blob.partition(b"\n")
    count, mark = header.decode("ascii").split()
    return raw + b"".join(
        by_name[f"{first.target}{PART}{mark}.{number}"].blob for number in range(1, int(count))
    )


def left_behind(credentials: Iterable[Credential]) -> list[str]:
    """The names of parts that no document has: a write that was cut off left them."""
    found = list(credentials)
    wanted = set()
    for first in found:
        header = first.blob.partition(b"\n")[0].split()
        if len(header) == 2 and header[0].isdigit() and not _IS_PART.search(first.target):
            mark = header[1].decode("ascii", "replace")
            wanted |= {f"{first.target}{PART}{mark}.{number}" for number in range(1, int(header[0]))}
    return [each.target for each in found if _IS_PART.search(each.target) and each.target not in wanted]


def persistence(attributes: Mapping[str, str]) -> int:
    """How long an entry with these attributes is kept."""
    wanted = attributes.get("persist")
    return next((number for number, words in PERSISTENCE.items() if words == wanted), ENTERPRISE)
