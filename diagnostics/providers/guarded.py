"""Keeps a request whose address came from somebody else's text out of this machine and its network.

A server's answer may name any address as that of its metadata: this machine, its network, a cloud's own metadata
service. The check is made on the connection itself, after the name was resolved and before a byte is sent, so that a
name which resolves to something else a moment later gains nothing.
"""

import socket
from contextlib import suppress
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from diagnostics.providers.http_error import HttpError
from diagnostics.providers.proxy import Reach, is_within


def guard(pools: Any, reach: Reach) -> None:
    """Makes a urllib3 PoolManager refuse connections that lead out of the reach."""

    def checked(connection: socket.socket) -> socket.socket:
        peer = ""
        with suppress(OSError):
            peer = str(connection.getpeername()[0])
        if not peer or not is_within(peer, reach):
            connection.close()
            raise HttpError("private-address", "the name leads into this computer or its network")
        return connection

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return checked(super()._new_conn())

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return checked(super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    pools.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
