"""Real databases on free loopback ports, each with a password: PostgreSQL, MariaDB, Redis (plain and with TLS)."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.platforms import lacking

PASSWORD = "Nw4" + "kT8" + "zR2"
_SECONDS = 40.0


@dataclass(frozen=True)
class Database:
    """Where a database listens, and its authority's certificate where it speaks TLS."""

    port: int
    authorities: Path | None = None


def missing(program: str, package: str) -> NoReturn:
    """Skips here, fails where all that the tests need must be there."""
    said = f"{program} is not installed (package {package})"
    lacking(said)


def free_port() -> int:
    with closing(socket.socket()) as peer:
        peer.bind(("127.0.0.1", 0))
        return int(peer.getsockname()[1])


@contextmanager
def _folder(owner: str | None = None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="db", dir="/tmp"))
    if owner and os.getuid() == 0:
        shutil.chown(folder, owner)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as(user: str, command: list[str]) -> list[str]:
    """PostgreSQL and MariaDB refuse to run as root."""
    return (
        ["setpriv", f"--reuid={user}", "--init-groups", f"--regid={user}", "--", *command]
        if os.getuid() == 0
        else command
    )


@contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C"}
    with subprocess.Popen(
        command,
        env=env,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            until = time.monotonic() + _SECONDS
            while True:
                with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), 1)) as peer:
                    peer.getpeername()
                    break
                assert child.poll() is None, f"{command} ended with {child.returncode}"
                assert time.monotonic() < until, f"{command} does not listen"
                time.sleep(0.05)
            yield
        finally:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(10)
            child.kill()


@pytest.fixture(scope="session")
def redis() -> Iterator[Database]:
    """Redis that asks for a password."""
    program = shutil.which("redis-server") or missing("redis-server", "redis-server")
    with _folder() as folder:
        port = free_port()
        command = [
            str(program),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--requirepass",
            PASSWORD,
        ]
        with _running([*command, "--dir", str(folder)], port, folder):
            yield Database(port)


@pytest.fixture(scope="session")
def open_redis() -> Iterator[Database]:
    """Redis without a password."""
    program = shutil.which("redis-server") or missing("redis-server", "redis-server")
    with _folder() as folder:
        port = free_port()
        command = [
            str(program),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(folder),
        ]
        with _running(command, port, folder):
            yield Database(port)


@pytest.fixture(scope="session")
def tls_redis() -> Iterator[Database]:
    """Redis that speaks TLS alone, with a certificate for localhost of an authority of its own."""
    import trustme

    program = shutil.which("redis-server") or missing("redis-server", "redis-server")
    with _folder() as folder:
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        authority.cert_pem.write_to_path(folder / "ca.pem")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
        port = free_port()
        command = [
            str(program), "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD,
            "--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem", "--tls-ca-cert-file", "ca.pem",
            "--tls-auth-clients", "no",
        ]  # fmt: skip
        with _running(command, port, folder):
            yield Database(port, folder / "ca.pem")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Database]:
    """PostgreSQL without TLS."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        missing("initdb", "postgresql")
    with _folder("postgres") as folder:
        data, port = folder / "data", free_port()
        given = folder / "password"
        given.write_text(PASSWORD)
        given.chmod(0o644)  # it is no secret, and its folder is closed
        made = [str(found[-1]), "-D", str(data), "-A", "scram-sha-256", "--pwfile", str(given), "-N"]
        subprocess.run(_as("postgres", made), cwd=folder, check=True, capture_output=True, timeout=_SECONDS)
        command = [
            str(found[-1].parent / "postgres"),
            "-D",
            str(data),
            "-p",
            str(port),
            "-k",
            str(folder),
            "-h",
            "127.0.0.1",
            "-F",
        ]
        with _running(_as("postgres", command), port, folder):
            yield Database(port)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Database]:
    """MariaDB."""
    program = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/libexec")
    install = shutil.which("mariadb-install-db")
    if not program or not install:
        missing("mariadbd", "mariadb-server")
    with _folder("mysql") as folder:
        port = free_port()
        made = [
            str(install),
            "--no-defaults",
            f"--datadir={folder}/data",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ]
        subprocess.run(_as("mysql", made), cwd=folder, check=True, capture_output=True, timeout=_SECONDS)
        command = [str(program), "--no-defaults", f"--datadir={folder}/data", f"--port={port}", "--bind-address=127.0.0.1",
                   f"--socket={folder}/s", f"--pid-file={folder}/pid"]  # fmt: skip
        with _running(_as("mysql", command), port, folder):
            yield Database(port)
