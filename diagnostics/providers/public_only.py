"""Keeps a request whose address came from somebody else's text within the public internet.

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
from diagnostics.providers.proxy import is_private


def guard(pools: Any) -> None:
    """Makes a urllib3 PoolManager refuse connections to addresses that are not public."""
    pools.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


def _checked(connection: socket.socket) -> socket.socket:
    peer = ""
    with suppress(OSError):
        peer = str(connection.getpeername()[0])
    if not peer or is_private(peer):
        connection.close()
        raise HttpError("private-address", "the address is not one of the public internet")
    return connection


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn())


class _TlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn())


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection
