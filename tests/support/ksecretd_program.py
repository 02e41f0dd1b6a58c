"""Stands in for KWallet's two daemons since KDE Frameworks 6.14, as they were observed on 6.30.

`ksecretd` keeps one wallet, with one entry, behind the Secret Service alone: no call opens it, and a program that asks for
it to be unlocked waits for a window. Started as PAM does, with a hash on a pipe, it takes the place of one that runs, and
its wallet is open if the hash is the one that lies beside the wallet. `kwalletd6` is its client: it calls every wallet closed that it did not open itself,
and whoever asks it anything has ksecretd started. Run as: program (closed | open | none | client) value.
"""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

ROOT = "/org/freedesktop/secrets"
WALLET = f"{ROOT}/collection/kdewallet"
ENTRY = f"{WALLET}/0"
SERVICE, COLLECTION, ITEM = (f"org.freedesktop.Secret.{each}" for each in ("Service", "Collection", "Item"))
ATTRIBUTES = {"application": "Python keyring library", "service": "mcp-secrets", "username": "github_token"}
SESSION = "/org/freedesktop/secrets/session/0"
_ERROR = "org.freedesktop.DBus.Error"


class KSecretD:
    """The Secret Service of one wallet. In: `closed`, `open`, or `none` = there is no wallet."""

    names = ("org.kde.ksecretd", "org.kde.secretservicecompat", "org.freedesktop.secrets")

    def __init__(self, wallet: str, value: str) -> None:
        self._wallets = [] if wallet == "none" else [WALLET]
        self._locked = wallet == "closed"
        self._value = value.encode()
        self._key = b""

    def answer(
        self, path: str, interface: str, method: str, body: tuple[Any, ...]
    ) -> tuple[str, tuple[Any, ...]]:
        """Signature and body of the reply. Raises LookupError for what it does not know."""
        path = path.replace(f"{ROOT}/aliases/default", WALLET)
        if interface == "org.freedesktop.DBus.Peer":
            return "", ()
        if method == "SearchItems" and interface == COLLECTION:
            return "ao", ([ENTRY],)
        if method == "Get" and interface == "org.freedesktop.DBus.Properties":
            return "v", (self._property(path, *body),)
        found: dict[str, Callable[..., tuple[str, tuple[Any, ...]]]] = {
            "OpenSession": self._open_session,
            "ReadAlias": lambda _alias: ("o", ((self._wallets or ["/"])[0],)),
            "SearchItems": lambda _attributes: ("aoao", ([], [ENTRY]) if self._locked else ([ENTRY], [])),
            "Unlock": lambda objects: ("aoo", ([], f"{ROOT}/prompts/p0") if self._locked else (objects, "/")),
            "Lock": self._lock,
            "Prompt": lambda _window: ("", ()),  # its window waits, and nobody answers it
            "Dismiss": lambda: ("", ()),
            "GetSecrets": lambda _items, _session: ("a{o(oayays)}", ({ENTRY: self._secret()},)),
            "GetSecret": lambda _session: ("(oayays)", (self._secret(),)),
        }
        return found[method](*body)

    def _lock(self, objects: list[str]) -> tuple[str, tuple[Any, ...]]:
        self._locked = True
        return "aoo", (objects, "/")

    def _property(self, path: str, interface: str, name: str) -> tuple[str, Any]:
        known: dict[tuple[str, str], tuple[str, Any]] = {
            (SERVICE, "Collections"): ("ao", self._wallets),
            (COLLECTION, "Label"): ("s", "kdewallet"),
            (COLLECTION, "Locked"): ("b", self._locked),
            (COLLECTION, "Items"): ("ao", [ENTRY]),
            (ITEM, "Locked"): ("b", self._locked),
            (ITEM, "Label"): ("s", "Password for 'github_token' on 'mcp-secrets'"),
            (ITEM, "Attributes"): ("a{ss}", ATTRIBUTES),
            (ITEM, "Created"): ("t", 1),
            (ITEM, "Modified"): ("t", 1),
        }
        if interface in {COLLECTION, ITEM} and not path.startswith((*self._wallets, "/none")):
            raise LookupError(path)
        return known[interface, name]

    def _open_session(self, algorithm: str, given: tuple[str, bytes]) -> tuple[str, tuple[Any, ...]]:
        from secretstorage.dhcrypto import DH_PRIME_1024, Session

        session = Session()
        session.set_server_public_key(int.from_bytes(given[1], "big"))
        self._key = session.aes_key or b""
        public = pow(2, session.my_private_key, DH_PRIME_1024).to_bytes(128, "big")
        return "vo", (("ay", public), SESSION)

    def _secret(self) -> tuple[str, bytes, bytes, str]:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        iv, room = os.urandom(16), 16 - len(self._value) % 16
        encryptor = Cipher(algorithms.AES(self._key), modes.CBC(iv)).encryptor()
        return (
            SESSION,
            iv,
            encryptor.update(self._value + bytes([room]) * room) + encryptor.finalize(),
            "text/plain",
        )


class Client:
    """kwalletd6, whom nobody should ask."""

    names = ("org.kde.kwalletd", "org.kde.kwalletd5", "org.kde.kwalletd6")

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection

    def answer(
        self, path: str, interface: str, method: str, body: tuple[Any, ...]
    ) -> tuple[str, tuple[Any, ...]]:
        """As `KSecretD.answer`; ksecretd runs afterwards, as far as the bus can start it."""
        start = ("org.kde.secretservicecompat", 0)
        self._connection.send(_call("StartServiceByName", "su", start))
        replies = {"networkWallet": ("s", ("kdewallet",)), "wallets": ("as", (["kdewallet"],))}
        return replies.get(method, ("b", (False,)))


def _call(method: str, signature: str, body: tuple[Any, ...]) -> Message:
    from jeepney import new_method_call

    to = DBusAddress(message_bus.object_path, message_bus.bus_name, message_bus.interface)
    return new_method_call(to, method, signature, body)


def logged_in(pipe: int, waiting: int) -> str:
    """`open` or `closed`, after what PAM sends: a hash, and then the session's environment."""
    given = os.read(pipe, 56)
    server = socket.socket(fileno=waiting)
    with server, server.accept()[0] as client:
        lines = client.makefile().read().splitlines()
    home = dict(each.partition("=")[::2] for each in lines)["HOME"]
    right = (Path(home) / ".local/share/kwalletd/kdewallet.hash").read_bytes()
    return "open" if given == right else "closed"


def serve(kind: str, value: str) -> None:
    """Answers until the bus ends, or another of its kind takes its place."""
    connection = open_dbus_connection()
    program: Client | KSecretD = Client(connection) if kind == "client" else KSecretD(kind, value)
    for name in program.names:
        connection.send_and_get_reply(_call("RequestName", "su", (name, 7)))
    while True:
        message = connection.receive()
        if message.header.fields.get(HeaderFields.member) == "NameLost":
            return
        if message.header.message_type is not MessageType.method_call:
            continue
        fields = message.header.fields
        where = fields[HeaderFields.path], fields.get(HeaderFields.interface, ""), fields[HeaderFields.member]
        try:
            signature, body = program.answer(*where, message.body)
        except (LookupError, TypeError) as error:
            connection.send(new_error(message, f"{_ERROR}.UnknownObject", "s", (str(error),)))
        else:
            connection.send(new_method_return(message, signature or None, body))


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[0] == "--pam-login":
        words = [logged_in(int(words[1]), int(words[2])), os.environ["STAND_IN_VALUE"]]
    serve(words[0], words[1] if len(words) > 1 else "")
