"""D-Bus calls that never start a service, never wait without limit and never raise anything but `BusError`."""

import contextlib
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageFlag, MessageType, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from diagnostics.deadline import DeadlineError, call_within

CALL_SECONDS = 1.5
"""A healthy daemon answers in milliseconds; one that needs longer is hung for our purpose."""
SECRETS_NAME = "org.freedesktop.secrets"
_AT_ONCE = 64
"""Calls sent before their replies are read: below dbus's built-in limit of 128 pending replies a connection, and
few enough that neither side's socket buffer fills up while the other one writes."""


class BusError(Exception):
    """A call that brought no reply. `name` is the D-Bus error name, or one of ours:

    `timeout` (no reply within the limit), `closed` (the connection ended), `no-socket`, `refused`, `other-user`,
    `invalid` (the address makes no sense), `unsupported` (a transport that no Python client here speaks),
    `garbled` (a reply of another shape than the interface promises).
    """

    def __init__(self, name: str, said: str = "") -> None:
        super().__init__(f"{name}: {said}" if said else name)
        self.name = name
        self.said = said


class Bus:
    """One connection to one bus. Use as a context manager; after a `timeout` open a new one."""

    def __init__(self, connection: DBusConnection, address: str) -> None:
        self._connection = connection
        self.address = address
        self._greeted = False

    @classmethod
    def connect(cls, address: str, seconds: float = CALL_SECONDS) -> Self:
        """A connection to the bus at `address` (`unix:path=…`); of several (`;` between them) the first that answers.

        Raises:
            BusError: `no-socket`, `refused`, `other-user`, `invalid`, `unsupported`, `closed` or `timeout`.
        """
        ends = time.monotonic() + seconds
        failed: BusError | None = None
        for one in filter(None, address.split(";")):
            try:
                return cls(_open(one, max(0.1, ends - time.monotonic())), one)
            except BusError as error:
                failed = failed or error
        raise failed or BusError("invalid", "the address is empty")

    def close(self) -> None:
        """Ends the connection; never raises."""
        with contextlib.suppress(Exception):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def call(
        self,
        to: DBusAddress,
        method: str,
        signature: str | None = None,
        body: tuple[Any, ...] = (),
        *,
        seconds: float = CALL_SECONDS,
        may_start: bool = False,
    ) -> tuple[Any, ...]:
        """The reply's body. `may_start` lets the bus activate a service: recovery alone passes it.

        Raises:
            BusError: the D-Bus error, `timeout` or `closed`.
        """
        self._greet(to, seconds)
        return self._body(self._exchange(_message(to, method, signature, body, may_start), seconds))

    def _greet(self, to: DBusAddress, seconds: float) -> None:
        """Makes the daemon know this connection before anything that matters is asked.

        gnome-keyring 42 takes up a new client beside its first call: under load that call is answered "not
        implemented" or wrongly, and a property as the first question has brought the daemon down. So the first call
        to it is a method without effect, and its answer doesn't count.
        """
        if self._greeted or to.bus_name != SECRETS_NAME:
            return
        service = DBusAddress("/org/freedesktop/secrets", SECRETS_NAME, "org.freedesktop.Secret.Service")
        reply = self._exchange(_message(service, "ReadAlias", "s", ("default",), may_start=False), seconds)
        error = str(reply.header.fields.get(HeaderFields.error_name, ""))
        self._greeted = not error.endswith(("NameHasNoOwner", "ServiceUnknown"))

    def _exchange(self, message: Message, seconds: float) -> Message:
        try:
            return self._connection.send_and_get_reply(message, timeout=seconds)
        except TimeoutError as error:
            raise BusError("timeout", f"no reply within {seconds:g} s") from error
        except (OSError, EOFError) as error:
            raise BusError("closed", str(error)) from error

    @staticmethod
    def _body(reply: Message) -> tuple[Any, ...]:
        if reply.header.message_type is MessageType.error:
            name = str(reply.header.fields.get(HeaderFields.error_name, "error"))
            raise BusError(name, str(reply.body[0]) if reply.body else "")
        return tuple(reply.body)

    def call_and_hear(
        self, to: DBusAddress, method: str, signature: str, body: tuple[Any, ...], signal: str, seconds: float
    ) -> tuple[Any, ...]:
        """Calls a method and waits for the signal of that name, of the same object. Out: the signal's body.

        Raises:
            BusError: as `call`; `timeout` where the signal does not come within the seconds.
        """
        rule = MatchRule(type="signal", interface=to.interface, member=signal, path=to.object_path)
        self.call(message_bus, "AddMatch", "s", (rule.serialise(),))
        try:
            with self._connection.filter(rule) as heard:
                self.call(to, method, signature, body)
                return tuple(self._connection.recv_until_filtered(heard, timeout=seconds).body)
        except TimeoutError as error:
            raise BusError("timeout", f"no {signal} within {seconds:g} s") from error
        except (OSError, EOFError) as error:
            raise BusError("closed", str(error)) from error

    def call_all(
        self,
        calls: list[tuple[DBusAddress, str, str | None, tuple[Any, ...]]],
        *,
        seconds: float = CALL_SECONDS,
    ) -> list[tuple[Any, ...] | BusError]:
        """Many calls in one go, answers in the same order; `seconds` is the limit for all of them together.

        Raises:
            BusError: `timeout` or `closed`, when not all replies came.
        """
        ends = time.monotonic() + seconds
        answers: list[tuple[Any, ...] | BusError] = []
        if calls:
            self._greet(calls[0][0], seconds)
        for first in range(0, len(calls), _AT_ONCE):
            answers += self._some(calls[first : first + _AT_ONCE], ends)
        return answers

    def _some(
        self, calls: list[tuple[DBusAddress, str, str | None, tuple[Any, ...]]], ends: float
    ) -> list[tuple[Any, ...] | BusError]:
        serials: dict[int, int] = {}
        answers: list[tuple[Any, ...] | BusError] = [BusError("timeout")] * len(calls)
        try:
            for number, (to, method, signature, body) in enumerate(calls):
                message = _message(to, method, signature, body, may_start=False)
                serial = next(self._connection.outgoing_serial)
                self._connection.send(message, serial=serial)
                serials[serial] = number
            while serials:
                if time.monotonic() > ends:
                    raise BusError("timeout", "not all replies came in time")
                reply = self._connection.receive(timeout=max(0.001, ends - time.monotonic()))
                number = serials.pop(reply.header.fields.get(HeaderFields.reply_serial, -1), -1)
                if number >= 0:
                    try:
                        answers[number] = self._body(reply)
                    except BusError as error:
                        answers[number] = error
        except TimeoutError as error:
            raise BusError("timeout", "not all replies came in time") from error
        except (OSError, EOFError) as error:
            raise BusError("closed", str(error)) from error
        return answers

    def get_property(
        self, path: str, name: str, interface: str, prop: str, seconds: float = CALL_SECONDS
    ) -> Any:
        """One property's value.

        Raises:
            BusError: as `call`.
        """
        to = DBusAddress(path, name, "org.freedesktop.DBus.Properties")
        body = self.call(to, "Get", "ss", (interface, prop), seconds=seconds)
        with garbled(f"{prop} of {path}"):
            return body[0][1]

    def owner(self, name: str) -> str | None:
        """The unique name that owns `name`, None when nobody does. Asked of the bus, so a hung owner can't block it."""
        try:
            body = self.call(message_bus, "GetNameOwner", "s", (name,))
            with garbled("GetNameOwner"):
                return str(body[0])
        except BusError as error:
            if error.name == "org.freedesktop.DBus.Error.NameHasNoOwner":
                return None
            raise

    def activatable(self) -> list[str]:
        """Names that the bus could start a service for."""
        return [str(each) for each in self.call(message_bus, "ListActivatableNames")[0]]

    def pid_of(self, name: str) -> int:
        """Process id of a name's owner; for the bus's own name, of the bus. 0 where it means nothing here.

        That is in a container or a sandbox that was given a bus from outside: the number is then one of the host's, and
        here another process may have it.
        """
        if self._is_from_outside():
            return 0
        return int(self.call(message_bus, "GetConnectionUnixProcessID", "s", (name,))[0])

    def _is_from_outside(self) -> bool:
        """Whether the bus runs where our process numbers do not count: the kernel then has none for it (unix(7))."""
        if sys.platform != "linux":
            return False
        try:
            seen = self._connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        except OSError:
            return False
        return int.from_bytes(seen[:4], sys.byteorder) == 0

    def uid_of(self, name: str) -> int:
        """User id of a name's owner."""
        return int(self.call(message_bus, "GetConnectionUnixUser", "s", (name,))[0])


def _message(
    to: DBusAddress, method: str, signature: str | None, body: tuple[Any, ...], may_start: bool
) -> Message:
    message = new_method_call(to, method, signature, body)
    if not may_start:
        message.header.flags = MessageFlag.no_auto_start
    return message


@contextlib.contextmanager
def garbled(what: str) -> Iterator[None]:
    """Turns the errors of taking apart a reply of unexpected shape into `BusError("garbled")`."""
    try:
        yield
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BusError("garbled", f"{what} is not what the interface promises") from error


def _open(address: str, seconds: float) -> DBusConnection:
    """Opens one address. The time limit also holds for a bus whose queue of connections is full."""
    transport = address.partition(":")[0]
    if transport in {"tcp", "nonce-tcp", "launchd", "unixexec", "autolaunch", "systemd"}:
        raise BusError("unsupported", f"the address is of the kind {transport}:, which is not spoken here")
    try:
        return call_within(
            seconds, lambda: open_dbus_connection(bus=address, auth_timeout=max(0.1, seconds - 0.1))
        )
    except (DeadlineError, TimeoutError) as error:
        raise BusError("timeout", "the bus does not answer") from error
    except FileNotFoundError as error:
        raise BusError("no-socket", str(error)) from error
    except (ConnectionRefusedError, NotADirectoryError) as error:
        raise BusError("refused", str(error)) from error
    except PermissionError as error:
        raise BusError("other-user", str(error)) from error
    except OSError as error:
        dropped = isinstance(error, (BrokenPipeError, ConnectionResetError))
        raise BusError("closed" if dropped else "invalid", str(error)) from error
    except Exception as error:  # jeepney raises ValueError, AuthenticationError, RuntimeError, KeyError …
        said = f"{type(error).__name__}: {error}"
        dropped = "closed" in str(error).lower() or "auth" in type(error).__name__.lower()
        raise BusError("closed" if dropped else "invalid", said) from error


def sockets_of(address: str) -> list[str]:
    """The sockets' paths in a D-Bus address; abstract and other ones have none."""
    parts = [part for one in address.split(";") for part in one.removeprefix("unix:").split(",")]
    return [unquote(part.removeprefix("path=")) for part in parts if part.startswith("path=")]


def is_listening(path: str, seconds: float = 0.5) -> bool:
    """Whether someone accepts connections on a unix socket. Sends nothing."""
    if sys.platform == "win32":
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(seconds)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def address_of(env: Mapping[str, str]) -> str | None:
    """The variable's address, "" when it is set but empty, None when it is unset."""
    return env.get("DBUS_SESSION_BUS_ADDRESS")
