"""A real implementation of the Credential Manager's calls: Wine's advapi32, behind a small program of ours (`cred.c`).

A worker has a prefix and one long-lived helper of its own (one wineserver for all of them gets stuck); the prefix is a copy
by links of the one that the run's first worker made. Tests are kept apart by a mark before every name.
What Wine gets wrong is emulated (2,560 bytes) or injected (`broken`): 1312, and what can't be decrypted.
"""

import contextlib
import os
import secrets
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from diagnostics.stores.windows.credential import ENTERPRISE, GENERIC, Credential, CredentialError
from tests.support.platforms import lacking

_SOURCE = Path(__file__).with_name("cred.c")
_COMPILER = "x86_64-w64-mingw32-gcc"
_BUILTIN = ("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows", "/usr/lib/wine/x86_64-windows")
_START = 90.0
"""Seconds for making the prefix: 3 on an idle machine."""
_ANSWER = 20.0
"""Seconds for one answer, the first of which starts Wine: 0.4 on an idle machine."""


class Wine:
    """The helper, running."""

    def __init__(self, program: Path, prefix: Path) -> None:
        self._helper = subprocess.Popen(
            ["wine", str(program)],
            env=_env(prefix),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self._unread = b""

    def ask(self, *words: str) -> list[Credential]:
        """One request. Raises CredentialError with Wine's code."""
        assert self._helper.stdin
        self._helper.stdin.write((" ".join(words) + "\n").encode())
        found: list[Credential] = []
        while True:
            line = self._line().split()
            if line[0] == ".":
                return found
            if line[0] == "!":
                raise CredentialError(
                    int(line[1]), {"E": "CredEnumerate", "R": "CredRead"}.get(words[0], words[0])
                )
            kind, target, user, comment, blob, persist, seconds = line[1:]
            if int(kind) == GENERIC:
                found.append(
                    Credential(
                        _text(target), _text(user), _raw(blob), int(persist), _text(comment), int(seconds)
                    )
                )

    def _line(self) -> str:
        assert self._helper.stdout
        while b"\n" not in self._unread:
            ready, _, _ = select.select([self._helper.stdout], [], [], _ANSWER)
            assert ready, "Wine does not answer"
            more = os.read(self._helper.stdout.fileno(), 1 << 16)
            assert more, "the helper ended"
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode("ascii")

    def close(self) -> None:
        assert self._helper.stdin
        self._helper.stdin.close()
        try:
            self._helper.wait(5)
        except subprocess.TimeoutExpired:
            self._helper.kill()
            self._helper.wait(5)


class WineCredentials:
    """All four calls for one test: names carry a mark of the test, which it never sees."""

    def __init__(self, wine: Wine) -> None:
        self._wine = wine
        self._mark = f"{secrets.token_hex(4)}|"
        self.broken: dict[str, int] = {}
        """What Wine can't do: a call (`enumerate`, `read`, `write`, `delete`) -> the error that Windows would give."""
        self.calls: list[str] = []

    def enumerate(self, prefix: str = "") -> Sequence[Credential]:
        self._told("enumerate")
        try:
            found = self._wine.ask("E", _hex(f"{self._mark}{prefix}*"))
        except CredentialError as error:
            if error.code == 1168:
                return []
            raise
        return [self._bare(each) for each in found]

    def read(self, target: str) -> Credential | None:
        self._told("read")
        try:
            return self._bare(self._wine.ask("R", _hex(self._mark + target))[0])
        except CredentialError as error:
            if error.code == 1168:
                return None
            raise

    def write(self, credential: Credential) -> None:
        self._told("write")
        one = credential
        blob = one.blob.hex() or "-"
        words = (_hex(self._mark + one.target), _hex(one.user), _hex(one.comment), blob, str(one.persist))
        self._wine.ask("W", *words)

    def delete(self, target: str) -> None:
        self._told("delete")
        self._wine.ask("D", _hex(self._mark + target))

    def add(self, target: str, user: str, blob: bytes, comment: str = "", persist: int = ENTERPRISE) -> None:
        """As another program would."""
        self.write(Credential(target, user, blob, persist, comment))

    def by_keyring(self, service: str, user: str, value: str) -> None:
        """As keyring 25 stores (keyring/backends/Windows.py): what stands under SERVICE is first copied aside."""
        comment = "Stored using python-keyring"
        there = self.read(service)
        if there is not None:
            self.add(f"{there.user}@{service}", there.user, there.blob, comment)
        self.add(service, user, value.encode("utf-16-le"), comment)

    def keyring_reads(self, service: str, user: str) -> str | None:
        """What the keyring library would give, by the same rule."""
        from diagnostics.stores.windows.blob import seen_by_keyring

        there = self.read(service)
        if there is None or there.user != user:
            there = self.read(f"{user}@{service}")
        return None if there is None else seen_by_keyring(there.blob)

    def everything(self) -> dict[str, tuple[str, bytes, int]]:
        """What is there, in a form to be compared."""
        return {each.target: (each.user, each.blob, each.persist) for each in self.enumerate()}

    def clear(self) -> None:
        self.broken.clear()
        for each in self.enumerate():
            self.delete(each.target)

    def _told(self, call: str) -> None:
        self.calls.append(call)
        if call in self.broken:
            raise CredentialError(self.broken[call], call)

    def _bare(self, one: Credential) -> Credential:
        target = one.target.removeprefix(self._mark)
        return Credential(target, one.user, one.blob, one.persist, one.comment, one.modified)


@contextlib.contextmanager
def wine_in(shared: Path) -> Iterator[Wine]:
    """The helper of this worker, on the prefix that the first worker made below `shared`."""
    for each in ("wine", _COMPILER):
        if shutil.which(each) is None:
            package = "wine wine64" if each == "wine" else "gcc-mingw-w64-x86-64-win32"
            lacking(f"needs {each} (Debian: {package}) for the Windows Credential Manager")
    folder = shared / "wine"
    _make(folder)
    own = folder / f"prefix-{os.getpid()}"
    _copied(folder / "prefix", own)
    wine = Wine(folder / "cred.exe", own)
    try:
        yield wine
    finally:
        wine.close()
        _server("-k", _env(own))
        shutil.rmtree(own, ignore_errors=True)


def _env(prefix: Path) -> dict[str, str]:
    return {
        "PATH": f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/lib/wine",
        "HOME": str(prefix.parent),
        "WINEPREFIX": str(prefix),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree=d;mshtml=d;winemenubuilder.exe=d",
    }


def _make(folder: Path) -> None:
    """The run's first worker makes it, the others wait."""
    try:
        folder.mkdir()
    except FileExistsError:
        until = time.monotonic() + _START
        while not (folder / "ready").exists():
            assert time.monotonic() < until, "another worker did not make the prefix"
            time.sleep(0.1)
        return
    compile_it = [_COMPILER, "-O1", "-o", str(folder / "cred.exe"), str(_SOURCE), "-ladvapi32"]
    subprocess.run(compile_it, check=True, timeout=60)
    env = _env(folder / "prefix")
    subprocess.run(["wine", "wineboot", "-i"], env=env, check=True, timeout=_START, capture_output=True)
    _server("-k", env)
    _server("-w", env)
    _without_copies(folder / "prefix")
    (folder / "ready").touch()


def _server(word: str, env: dict[str, str]) -> None:
    """`-k` ends a prefix's server, `-w` waits until it has ended and written everything."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(["wineserver", word], env=env, timeout=20, capture_output=True, check=False)


def _copied(template: Path, own: Path) -> None:
    """By links, but for what Wine writes to."""
    shutil.copytree(template, own, symlinks=True, copy_function=os.link)
    for each in own.glob("*.reg"):
        each.unlink()
        shutil.copy2(template / each.name, each)


def _without_copies(prefix: Path) -> None:
    """Wine copies 700 MB of its own libraries into each prefix; links do as well."""
    system = prefix / "drive_c/windows/system32"
    builtin = next((Path(each) for each in _BUILTIN if Path(each).is_dir()), None)
    if builtin is None:
        return
    for each in system.iterdir():
        if each.is_file() and not each.is_symlink() and (builtin / each.name).is_file():
            each.unlink()
            each.symlink_to(builtin / each.name)


def _hex(text: str) -> str:
    return text.encode("utf-16-le").hex() or "-"


def _raw(text: str) -> bytes:
    return b"" if text == "-" else bytes.fromhex(text)


def _text(text: str) -> str:
    return _raw(text).decode("utf-16-le")
