"""The first words of four protocols, said and understood without a user, a password or a query.

Sources: the protocols' own documentation (PostgreSQL "SSLRequest", MySQL "Initial Handshake Packet", Redis "RESP",
MongoDB "OP_MSG" with the command `hello`).
"""

import socket
import struct
from collections.abc import Callable, Mapping

from diagnostics.secret import Secret

_MOST = 64 * 1024


class NotTheDatabaseError(Exception):
    """The peer does not speak this protocol, or closed the connection; `heard` tells which."""

    def __init__(self, said: str, heard: bool) -> None:
        super().__init__(said)
        self.heard = heard


def greetings() -> Mapping[str, Callable[[socket.socket], Mapping[str, object]]]:
    """Kind's id -> its greeting. Each gives `said` (the server about itself), `tls` and `wants_password` if told."""
    return {"postgres_url": _postgres, "mysql_url": _mysql, "mongodb_url": _mongodb, "redis_url": _redis}


def _postgres(peer: socket.socket) -> Mapping[str, object]:
    peer.sendall(struct.pack(">II", 8, 80877103))
    said = _some(peer, 1)
    if said not in {b"S", b"N", b"E"}:
        raise NotTheDatabaseError("an answer that is not PostgreSQL's", heard=True)
    return {} if said == b"E" else {"tls": said == b"S"}


def _mysql(peer: socket.socket) -> Mapping[str, object]:
    head = _all(peer, 4)
    length = int.from_bytes(head[:3], "little")
    body = _all(peer, min(length, _MOST))
    if head[3] != 0 or not body:
        raise NotTheDatabaseError("an answer that is not MySQL's", heard=True)
    if body[0] == 0xFF:  # an error instead of a greeting: the host is not let in, too many connections
        number = int.from_bytes(body[1:3], "little")
        return {"said": f"error {number}: " + body[3:].decode("utf-8", "replace")}
    if body[0] != 10 or b"\0" not in body:
        raise NotTheDatabaseError("an answer that is not MySQL's", heard=True)
    version, _, rest = body[1:].partition(b"\0")
    capabilities = int.from_bytes(rest[13:15], "little") if len(rest) > 14 else 0
    return {"said": version.decode("ascii", "replace"), "tls": bool(capabilities & 0x0800)}


def _redis(peer: socket.socket) -> Mapping[str, object]:
    peer.sendall(b"*1\r\n$4\r\nPING\r\n")
    said = _line(peer)
    if said.startswith(b"+PONG"):
        return {"said": "PONG", "wants_password": False}
    if said.startswith(b"-"):
        text = said[1:].decode("utf-8", "replace")
        return {"said": text, "wants_password": True if text.startswith("NOAUTH") else None}
    raise NotTheDatabaseError("an answer that is not Redis'", heard=True)


def redis_login(peer: socket.socket, user: str, password: Secret) -> Mapping[str, object]:
    """Redis' `AUTH`, then `PING`. In: a connection that nobody else can read; `user` may be empty.

    Out: `took_password`, where the server's word is clear.
    """
    words = [
        b"AUTH",
        *([user.encode()] if user else []),
        password.reveal().encode("utf-8", "surrogateescape"),
    ]
    peer.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(each), each) for each in words))
    said = _line(peer)
    if said.startswith(b"+OK"):
        return {"took_password": True}
    if said.startswith((b"-WRONGPASS", b"-ERR invalid password")):
        return {"took_password": False, "wants_password": True}
    if said.startswith(b"-") and b"without any password" in said:
        return {"wants_password": False}
    if said.startswith(b"-"):
        return {"said": said[1:].decode("utf-8", "replace").split(" ", 1)[0]}
    raise NotTheDatabaseError("an answer that is not Redis'", heard=True)


def _mongodb(peer: socket.socket) -> Mapping[str, object]:
    hello = b"\x10hello\0\x01\0\0\0" + b"\x02$db\0\x06\0\0\0admin\0"
    document = struct.pack("<I", len(hello) + 5) + hello + b"\0"
    body = struct.pack("<I", 0) + b"\0" + document
    peer.sendall(struct.pack("<IIII", 16 + len(body), 1, 0, 2013) + body)
    length, _, answers, code = struct.unpack("<IIII", _all(peer, 16))
    if code not in {2013, 1} or answers != 1 or not 16 < length <= _MOST:
        raise NotTheDatabaseError("an answer that is not MongoDB's", heard=True)
    said = _all(peer, length - 16)
    if b"maxWireVersion" not in said and b"errmsg" not in said:
        raise NotTheDatabaseError("an answer that is not MongoDB's", heard=True)
    return {}


def _some(peer: socket.socket, most: int) -> bytes:
    said = peer.recv(most)
    if not said:
        raise NotTheDatabaseError("", heard=False)
    return said


def _all(peer: socket.socket, count: int) -> bytes:
    said = b""
    while len(said) < count:
        part = peer.recv(count - len(said))
        if not part:
            raise NotTheDatabaseError("an answer that ends too early" if said else "", heard=bool(said))
        said += part
    return said


def _line(peer: socket.socket) -> bytes:
    said = b""
    while b"\r\n" not in said and len(said) < 512:
        part = peer.recv(512 - len(said))
        if not part:
            break
        said += part
    if not said:
        raise NotTheDatabaseError("", heard=False)
    return said.partition(b"\r\n")[0]
