"""Real databases greeted, and what else may answer (or not) at an address."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from diagnostics.connections.reach import Login, Reach, greet
from diagnostics.secret import Secret
from tests.support.databases import (
    PASSWORD,
    Database,
    free_port,
    mariadb,
    open_redis,
    postgres,
    redis,
    tls_redis,
)

__all__ = ["mariadb", "open_redis", "postgres", "redis", "tls_redis"]

HOST = "127.0.0.1"


@contextmanager
def peer_that(
    answers: Callable[[socket.socket], None], *, hears: bool = True
) -> Iterator[tuple[int, list[bytes]]]:
    """A server for one connection; gives its port and what it was sent. One that does not hear speaks first."""
    heard: list[bytes] = []
    with closing(socket.create_server((HOST, 0))) as server:

        def serve() -> None:
            with suppress(OSError):
                peer, _ = server.accept()
                with closing(peer):
                    peer.settimeout(5)
                    if hears:
                        with suppress(TimeoutError):
                            heard.append(peer.recv(4096))
                    answers(peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard


# ── the real ones ───────────────────────────────────────────────────────────────────────────────────────────


def test_postgres(postgres: Database) -> None:
    answer = greet("postgres_url", HOST, postgres.port, tls=False)
    assert (answer.reach, answer.offers_tls) == (Reach.GREETED, False)


def test_mariadb(mariadb: Database) -> None:
    answer = greet("mysql_url", HOST, mariadb.port, tls=False)
    assert answer.reach is Reach.GREETED
    assert "MariaDB" in answer.said
    assert answer.offers_tls is False


def test_redis_that_wants_a_password(redis: Database) -> None:
    answer = greet("redis_url", HOST, redis.port, tls=False)
    assert (answer.reach, answer.wants_password, answer.took_password) == (Reach.GREETED, True, None)


def test_redis_without_one(open_redis: Database) -> None:
    answer = greet("redis_url", HOST, open_redis.port, tls=False)
    assert (answer.reach, answer.wants_password) == (Reach.GREETED, False)
    answer = greet("redis_url", HOST, open_redis.port, tls=False, login=Login("", Secret(PASSWORD)))
    assert (answer.wants_password, answer.took_password) == (False, None)


@pytest.mark.parametrize(
    ("user", "password", "took"), [("", PASSWORD, True), ("default", PASSWORD, True), ("", "no", False)]
)
def test_redis_with_a_password(redis: Database, user: str, password: str, took: bool) -> None:
    answer = greet("redis_url", HOST, redis.port, tls=False, login=Login(user, Secret(password)))
    assert (answer.reach, answer.took_password) == (Reach.GREETED, took)


def test_redis_over_tls(tls_redis: Database) -> None:
    login = Login("", Secret(PASSWORD))
    known = greet(
        "redis_url",
        "localhost",
        tls_redis.port,
        tls=True,
        login=login,
        authorities=str(tls_redis.authorities),
    )
    assert known.took_password is True
    assert greet("redis_url", "localhost", tls_redis.port, tls=True, login=login).reach is Reach.TLS
    assert greet("redis_url", HOST, tls_redis.port, tls=False).reach in {Reach.CLOSED, Reach.OTHER}


# ── everything else ─────────────────────────────────────────────────────────────────────────────────────────


def test_mongodb_as_its_protocol_is_described() -> None:
    def say(peer: socket.socket) -> None:
        body = b"\x10maxWireVersion\0\x15\0\0\0\x01ok\0" + struct.pack("<d", 1.0)
        document = struct.pack("<I", len(body) + 5) + body + b"\0"
        payload = struct.pack("<I", 0) + b"\0" + document
        peer.sendall(struct.pack("<IIII", 16 + len(payload), 7, 1, 2013) + payload)

    with peer_that(say) as (port, heard):
        assert greet("mongodb_url", HOST, port, tls=False).reach is Reach.GREETED
    assert b"hello" in heard[0]
    assert struct.unpack("<I", heard[0][:4])[0] == len(heard[0])
    document = heard[0][21:]
    assert struct.unpack("<I", document[:4])[0] == len(document)


KINDS = ["postgres_url", "mysql_url", "mongodb_url", "redis_url"]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_listens(kind: str) -> None:
    assert greet(kind, HOST, free_port(), tls=False).reach is Reach.REFUSED


@pytest.mark.parametrize("kind", KINDS)
def test_a_web_server_is_no_database(kind: str) -> None:
    with peer_that(lambda peer: peer.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")) as (
        port,
        _,
    ):
        # MySQL's server speaks first, so that a web server says nothing to its client
        expected = {Reach.OTHER, Reach.TIMEOUT, Reach.CLOSED} if kind == "mysql_url" else {Reach.OTHER}
        assert greet(kind, HOST, port, tls=False, seconds=1).reach in expected


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_closes(kind: str) -> None:
    with peer_that(lambda peer: None, hears=kind != "mysql_url") as (port, _):
        assert greet(kind, HOST, port, tls=False, seconds=8).reach is Reach.CLOSED


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_never_answers(kind: str) -> None:
    with closing(socket.create_server((HOST, 0))) as server:
        began = time.monotonic()
        assert greet(kind, HOST, server.getsockname()[1], tls=False, seconds=0.4).reach is Reach.TIMEOUT
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_talks_without_end(kind: str) -> None:
    def talk(peer: socket.socket) -> None:
        with suppress(OSError):
            for _ in range(2000):
                peer.sendall(b"\xff" * 65536)

    with peer_that(talk, hears=kind != "mysql_url") as (port, _):
        assert greet(kind, HOST, port, tls=False, seconds=3).reach in {
            Reach.OTHER,
            Reach.TIMEOUT,
            Reach.GREETED,
        }


def test_a_name_that_does_not_exist() -> None:
    assert greet("redis_url", "no-such-host.invalid", 6379, tls=False).reach in {
        Reach.DNS,
        Reach.DNS_LATER,
        Reach.TIMEOUT,
    }


def test_a_password_never_goes_out_in_clear_text_to_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.create_connection
    with peer_that(lambda peer: peer.sendall(b"-NOAUTH Authentication required.\r\n")) as (port, heard):
        monkeypatch.setattr(socket, "create_connection", lambda _, limit: connect((HOST, port), limit))
        answer = greet("redis_url", "db.example.com", 6379, tls=False, login=Login("", Secret(PASSWORD)))
    assert (answer.wants_password, answer.took_password) == (True, None)
    assert PASSWORD.encode() not in heard[0]
