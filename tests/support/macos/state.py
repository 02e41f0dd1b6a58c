"""What the stand-ins share: keychain files, lock state by session, signatures of programs, windows that were opened."""

import base64
import contextlib
import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAGIC = b"kych"
NOT_FOUND, DENIED, NO_KEYCHAIN, INVALID, DUPLICATE_KEYCHAIN, NO_DEFAULT, NO_INTERACTION = (
    -25300, -25293, -25294, -25295, -25296, -25307, -25308,
)  # fmt: skip


class MacError(Exception):
    """A call that failed. `status` is the OSStatus."""

    def __init__(self, status: int) -> None:
        super().__init__(status, "Unbekannter Fehler")
        self.status = status


class Mac:
    """The state below a folder, as one process of one session sees it."""

    def __init__(self, root: Path, session: str = "screen") -> None:
        self.root = root
        self.session = session
        self.asks = True
        """Whether this process lets questions be put."""

    @classmethod
    def here(cls) -> "Mac":
        """As the environment says."""
        return cls(Path(os.environ.get("STAND_IN_MAC", "")), os.environ.get("STAND_IN_SESSION", "screen"))

    # ── the state of the system ─────────────────────────────────────────────────────────────────────────────

    @contextlib.contextmanager
    def system(self) -> Iterator[dict[str, Any]]:
        """What is not in a keychain's file; written back at the end."""
        path = self.root / "state.json"
        with (self.root / "state.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = json.loads(path.read_text()) if path.exists() else {}
            for name, empty in (
                ("searched", []),
                ("default", ""),
                ("open", {}),
                ("cdhash", {}),
                ("windows", []),
            ):
                state.setdefault(name, empty)
            yield state
            path.write_text(json.dumps(state))

    def cdhash(self, program: str) -> str:
        """The signature of the program at a path."""
        with self.system() as state:
            return str(state["cdhash"].get(program, "a" * 40))

    def window(self, why: str) -> None:
        """What happens where macOS would ask: a window that nobody answers, or -25308."""
        if not self.asks or self.session != "screen":
            raise MacError(NO_INTERACTION)
        with self.system() as state:
            state["windows"].append(why)
        time.sleep(3600)

    @property
    def for_everybody(self) -> str:
        """The keychain that the system adds to each user's list: always open, and not on the list that `-s` sets."""
        return str(self.root / "Library" / "Keychains" / "System.keychain")

    def searched(self) -> list[str]:
        """Where a program looks that names no keychain."""
        with self.system() as state:
            return [*state["searched"], self.for_everybody]

    # ── keychains ───────────────────────────────────────────────────────────────────────────────────────────

    def load(self, path: str) -> dict[str, Any]:
        """A keychain's content."""
        try:
            raw = Path(path).read_bytes()
        except OSError:
            raise MacError(NO_KEYCHAIN) from None
        if not raw.startswith(MAGIC):
            raise MacError(INVALID)
        try:
            content: dict[str, Any] = json.loads(raw[len(MAGIC) :])
        except ValueError:
            raise MacError(INVALID) from None
        return content

    def save(self, path: str, content: dict[str, Any]) -> None:
        """Writes it as a whole."""
        new = Path(f"{path}.{os.getpid()}")
        new.write_bytes(MAGIC + json.dumps(content).encode())
        new.replace(path)

    def create(self, path: str, password: str) -> None:
        """A new keychain: open in this session, on the search list."""
        if Path(path).exists():
            raise MacError(DUPLICATE_KEYCHAIN)
        which = uuid.uuid4().hex
        content: dict[str, Any] = {
            "id": which,
            "password": password,
            "items": [],
            "timeout": None,
            "sleep": False,
        }
        self.save(path, content)
        self._open(which)
        with self.system() as state:
            if path not in state["searched"]:
                state["searched"].append(path)

    def is_open(self, path: str) -> bool:
        """In this session."""
        content = self.load(path)
        with self.system() as state:
            return path == self.for_everybody or content["id"] in state["open"].get(self.session, [])

    def unlock(self, path: str, password: str) -> None:
        """Wrong passwords are refused; an open keychain takes any."""
        content = self.load(path)
        if self.is_open(path):
            return
        if content["password"] != password:
            raise MacError(DENIED)
        self._open(content["id"])

    def lock(self, path: str) -> None:
        """In this session."""
        content = self.load(path)
        with self.system() as state:
            state["open"][self.session] = [
                each for each in state["open"].get(self.session, []) if each != content["id"]
            ]

    def _open(self, which: str) -> None:
        with self.system() as state:
            state["open"].setdefault(self.session, []).append(which)

    # ── entries ─────────────────────────────────────────────────────────────────────────────────────────────

    def find(self, service: str, account: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """The first match in the order of the search list: path, keychain, entry."""
        for path in self.searched():
            try:
                content = self.load(path)
            except MacError:
                continue
            for each in content["items"]:
                if (each["service"], each["account"]) == (service, account):
                    return path, content, each
        raise MacError(NOT_FOUND)

    def read(self, service: str, account: str, program: str) -> str:
        """The secret, as far as keychain and access list give it to the program."""
        path, _, entry = self.find(service, account)
        if not self.is_open(path):
            self.window(f"unlock {path}")
        rule = entry["access"]
        listed = rule["programs"] is None or any(each["path"] == program for each in rule["programs"])
        if not listed or f"cdhash:{self.cdhash(program)}" not in rule["partitions"] or rule["asks"]:
            self.window(f"{program} wants {service}/{account}")
        return base64.b64decode(entry["value"]).decode("utf-8", "surrogateescape")

    def add(self, service: str, account: str, value: str, program: str, path: str = "") -> None:
        """A new entry that trusts its maker, in the default keychain unless another is named."""
        with self.system() as state:
            path = path or state["default"]
        if not path:
            raise MacError(NO_DEFAULT)
        content = self.load(path)
        if not self.is_open(path):
            self.window(f"unlock {path}")
        digest = self.cdhash(program)
        content["items"].append(
            {
                "service": service,
                "account": account,
                "value": base64.b64encode(value.encode("utf-8", "surrogateescape")).decode(),
                "access": {
                    "programs": [{"path": program, "cdhash": digest}],
                    "partitions": [f"cdhash:{digest}"],
                    "asks": False,
                },
            }
        )
        self.save(path, content)

    def delete(self, service: str, account: str) -> None:
        """The first match alone; whoever may write the keychain may delete."""
        path, content, entry = self.find(service, account)
        if not self.is_open(path):
            self.window(f"unlock {path}")
        content["items"].remove(entry)
        self.save(path, content)
