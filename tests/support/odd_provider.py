"""A Secret Service that misbehaves in the way its first argument names. Run as a program, on a lab's bus.

silent: owns the name and never answers.   ping-only: answers a ping and nothing else.
garbled: answers everything with a number.  dies: ends when it is asked for its collections.
breaks-off: has one collection with an entry, and ends when the entries are searched.
"""

import sys
import time
from typing import Any

from jeepney import HeaderFields, Message, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from diagnostics.stores.protocol import COLLECTION, LOGIN_COLLECTION, NAME


def main(how: str) -> None:
    connection = open_dbus_connection()
    connection.send_and_get_reply(message_bus.RequestName(NAME))
    print("ready", flush=True)
    while True:
        message = connection.receive()
        if message.header.message_type is not MessageType.method_call:
            continue
        if how == "silent":
            time.sleep(3600)
        reply = answer(how, message)
        if reply is not None:
            connection.send(reply)


def answer(how: str, message: Message) -> Message | None:
    fields = message.header.fields
    member = str(fields.get(HeaderFields.member))
    if how == "garbled":
        return new_method_return(message, "u", (7,))
    if member == "Ping":
        return new_method_return(message)
    if how == "ping-only":
        return None
    if how == "dies" and member != "Ping":
        sys.exit(0)
    return healthy(message, member)


def healthy(message: Message, member: str) -> Message:
    body: Any = message.body
    if member == "ReadAlias":
        return new_method_return(message, "o", (LOGIN_COLLECTION,))
    if member == "Get":
        values = {
            "Collections": ("ao", [LOGIN_COLLECTION]),
            "Locked": ("b", False),
            "Label": ("s", "login"),
            "Items": ("ao", [f"{LOGIN_COLLECTION}/1"]),
        }
        assert body[0] == COLLECTION or body[1] == "Collections"
        return new_method_return(message, "v", (values[body[1]],))
    if member == "SearchItems":
        sys.exit(0)
    return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")


if __name__ == "__main__":
    main(sys.argv[1])
