"""Which store the keyring library of this Python would use: asked in a child, with what could start a daemon blocked.

The library decides by importing every plug-in there is, which takes a fifth of a second: the child can be started
ahead. Its own Secret Service plug-in only looks; the ones over PyGObject and python-dbus start the daemon, so these
two modules are not to be had in the child. Neither is the macOS plug-in's list of system calls anywhere else: it is
never used there, and looking for it runs a compiler (ctypes.util.find_library).
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnostics.child import ChildTimeoutError, RunningChild
from diagnostics.host import Host

ASK_SECONDS = 4.0

_PROGRAM = """
import importlib.util, io, json, os, sys
out, sys.stdout = sys.stdout, io.StringIO()
answer = {"gi": importlib.util.find_spec("gi") is not None}
sys.modules["gi"] = sys.modules["dbus"] = None
if sys.platform != "darwin":
    sys.modules["keyring.backends.macOS.api"] = None
name = lambda each: type(each).__module__ + "." + type(each).__qualname__
try:
    import keyring
    from keyring.util import platform_
except Exception as error:
    out.write("\\n" + json.dumps(answer | {"missing": type(error).__name__ + ": " + str(error)}))
    sys.exit()
try:
    path = os.path.join(str(platform_.config_root()), "keyringrc.cfg")
    answer["file"] = path if os.path.exists(path) else ""
    chosen = keyring.get_keyring()
    answer["backend"] = name(chosen)
    answer["chained"] = [name(each) for each in getattr(chosen, "backends", [])]
except BaseException as error:
    answer["error"] = type(error).__name__ + ": " + str(error)
out.write("\\n" + json.dumps(answer))
"""


class KeyringQuestionError(Exception):
    """The library could not be asked; the text says why."""


class KeyringMissingError(KeyringQuestionError):
    """This Python has no keyring library that can be imported."""


@dataclass(frozen=True, slots=True)
class KeyringChoice:
    """What the library chose and what made it choose so."""

    backend: str = ""
    """Full name of the class, "" when choosing failed."""
    chained: tuple[str, ...] = ()
    """For the chainer: what it asks, in this order."""
    error: str = ""
    """What the library said when it could not load what it was told to use."""
    variable: str = ""
    """Value of PYTHON_KEYRING_BACKEND."""
    config_file: str = ""
    """An existing keyringrc.cfg, "" = none."""
    configured: str = ""
    """The store that the config file names."""
    has_gobject: bool = False
    """PyGObject is importable: outside the child the library would chain several stores."""

    @property
    def origin(self) -> str:
        """Who decided: `variable`, `file`, or `library` (its own order of preference)."""
        if self.variable:
            return "variable"
        return "file" if self.configured else "library"


class KeyringQuestion:
    """The question to the library, with this host's environment; its child runs from the beginning.

    Whoever asks it takes the answer or ends it.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._child: RunningChild | OSError
        try:
            self._child = RunningChild([sys.executable, "-P", "-c", _PROGRAM], env=host.env)
        except OSError as error:
            self._child = error

    def answer(self, seconds: float = ASK_SECONDS) -> KeyringChoice:
        """Which store the keyring library would use.

        Raises:
            KeyringMissingError: there is no such library.
            KeyringQuestionError: no answer within the seconds, or the child could not run.
        """
        if isinstance(self._child, OSError):
            raise KeyringQuestionError(str(self._child)) from self._child
        try:
            answer = json.loads(self._child.result(seconds).output.splitlines()[-1])
            if "missing" in answer:
                raise KeyringMissingError(str(answer["missing"]))
            return _choice(answer, self._host)
        except (ChildTimeoutError, OSError) as error:
            raise KeyringQuestionError(str(error)) from error
        except (ValueError, IndexError, TypeError, AttributeError) as error:
            raise KeyringQuestionError("the keyring library ended without an answer") from error

    def end(self) -> None:
        """Ends the child, where nobody took its answer."""
        if isinstance(self._child, RunningChild):
            self._child.end()


def ask_keyring(host: Host, seconds: float = ASK_SECONDS) -> KeyringChoice:
    """Which store the keyring library would use with this host's environment.

    Raises:
        KeyringQuestionError: as `KeyringQuestion.answer`.
    """
    return KeyringQuestion(host).answer(seconds)


def _choice(answer: Any, host: Host) -> KeyringChoice:
    config_file = str(answer.get("file", ""))
    return KeyringChoice(
        backend=str(answer.get("backend", "")),
        chained=tuple(str(each) for each in answer.get("chained", ())),
        error=str(answer.get("error", "")),
        variable=host.env.get("PYTHON_KEYRING_BACKEND", ""),
        config_file=config_file,
        configured=_configured(config_file),
        has_gobject=bool(answer.get("gi")),
    )


def _configured(path: str) -> str:
    """The `default-keyring` of a keyringrc.cfg, "" where there is none or the file is no such file."""
    from configparser import Error, RawConfigParser

    if not path:
        return ""
    parser = RawConfigParser()
    try:
        parser.read_string(Path(path).read_text(encoding="utf-8", errors="replace")[:65536])
        return parser.get("backend", "default-keyring", fallback="").strip()
    except (OSError, Error):
        return ""
