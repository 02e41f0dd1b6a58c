"""Whether a database answers at an address: the protocol's own greeting, and no password in it."""

import socket
import ssl
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from diagnostics.connections.greeting import NotTheDatabaseError, greetings, redis_login
from diagnostics.providers.proxy import is_loopback
from diagnostics.secret import Secret
from diagnostics.text import clean

SECONDS = 6.0


class Reach(StrEnum):
    """What was found at an address."""

    GREETED = "greeted"
    DNS = "dns"
    DNS_LATER = "dns-later"
    """No name server answered: the name may well exist."""
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    CLOSED = "closed"
    OTHER = "other-protocol"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address said. `said` is the server's own word about itself, made safe to show."""

    reach: Reach
    said: str = ""
    offers_tls: bool | None = None
    """None = the greeting does not tell."""
    wants_password: bool | None = None
    took_password: bool | None = None
    """None = none was sent."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user and password that the person agreed to send to this one host."""

    user: str
    password: Secret


def greet(
    kind: str, host: str, port: int, *, tls: bool, seconds: float = SECONDS, login: Login | None = None,
    authorities: str | None = None,
) -> Answer:  # fmt: skip
    """Connects and exchanges the protocol's greeting. No name, no password and no query is sent without a login.

    In: the kind's id; `tls` whether the protocol begins with TLS (`rediss://`, MongoDB with `tls=true`); a `login`
    is only used with Redis, and only over a verified TLS connection or on loopback; the file of certificate
    `authorities`, None = the system's.
    Never raises for what the network does.
    """
    until = time.monotonic() + seconds
    try:
        with closing(_connected(host, port, seconds)) as plain:
            plain.settimeout(max(0.1, until - time.monotonic()))
            with closing(_wrapped(plain, host, authorities) if tls else plain) as peer:
                may_log_in = kind == "redis_url" and (tls or is_loopback(host))
                if login is not None and may_log_in:
                    return _answer(redis_login(peer, login.user, login.password))
                return _answer(greetings()[kind](peer))
    except ssl.SSLError as error:
        return Answer(Reach.TLS, clean(getattr(error, "verify_message", "") or error.reason or "", 120))
    except socket.gaierror as error:
        return Answer(Reach.DNS if error.errno != socket.EAI_AGAIN else Reach.DNS_LATER)
    except ConnectionRefusedError:
        return Answer(Reach.REFUSED)
    except TimeoutError:
        return Answer(Reach.TIMEOUT)
    except NotTheDatabaseError as error:
        return Answer(Reach.OTHER if error.heard else Reach.CLOSED, clean(str(error), 120))
    except (ConnectionError, BrokenPipeError):
        return Answer(Reach.CLOSED)
    except OSError as error:
        return Answer(Reach.UNREACHABLE, clean(error.strerror or "", 120))


def _connected(host: str, port: int, seconds: float) -> socket.socket:
    from diagnostics.deadline import DeadlineError, call_within

    if sys.platform != "win32" and host.startswith("/"):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(seconds)
        try:
            peer.connect(f"{host}/.s.PGSQL.{port}")
        except BaseException:
            peer.close()
            raise
        return peer
    try:  # name resolution knows no limit of its own
        return call_within(seconds, lambda: socket.create_connection((host, port), seconds))
    except DeadlineError:
        raise TimeoutError from None


def _wrapped(peer: socket.socket, host: str, authorities: str | None) -> ssl.SSLSocket:
    is_folder = authorities is not None and Path(authorities).is_dir()
    context = ssl.create_default_context(
        cafile=None if is_folder else authorities, capath=authorities if is_folder else None
    )
    return context.wrap_socket(peer, server_hostname=host)


def _answer(facts: Mapping[str, object]) -> Answer:
    offers, wants, took = facts.get("tls"), facts.get("wants_password"), facts.get("took_password")
    return Answer(
        Reach.GREETED,
        clean(str(facts.get("said", "")), 120),
        offers if isinstance(offers, bool) else None,
        wants if isinstance(wants, bool) else None,
        took if isinstance(took, bool) else None,
    )
