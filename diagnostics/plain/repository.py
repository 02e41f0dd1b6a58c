"""Whether a file is part of a git repository, asked of git without letting the repository run anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from diagnostics.child import ChildResult, ChildTimeoutError, run_child

_SECONDS = 3.0


class Tracked(StrEnum):
    """What git says of a file."""

    TRACKED = "tracked"
    WAS_TRACKED = "was-tracked"
    """It no longer is, but an earlier commit holds it."""
    IGNORED = "ignored"
    LOOSE = "loose"
    """In the repository's folder, neither tracked nor ignored: the next `git add .` takes it."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What git says, and which folder the repository is in."""

    tracked: Tracked
    repository: Path
    said: str = ""
    """Why it is not known."""
    has_remote: bool = False


def repository_of(path: Path) -> Path | None:
    """The folder of the repository that a file lies in, None where it is in none. Starts nothing."""
    try:
        real = path.resolve()
        return next((each for each in real.parents if (each / ".git").exists()), None)
    except (OSError, RuntimeError):
        return None


def ask_git(path: Path, repository: Path, env: Mapping[str, str], seconds: float = _SECONDS) -> Answer:
    """What git says of a file. Its hooks, monitors, pagers, lazy fetches and locks are switched off.

    In: the file, the repository that it lies in, the environment (of which no `GIT_*` is handed on).
    """
    git = _Git(path.resolve(), repository, env, seconds)
    try:
        return git.answer()
    except FileNotFoundError:
        return Answer(Tracked.UNKNOWN, repository, "git is not installed")
    except ChildTimeoutError:
        return Answer(Tracked.UNKNOWN, repository, f"git did not answer within {seconds:g} seconds")
    except OSError as error:
        return Answer(Tracked.UNKNOWN, repository, error.strerror or "git can't be started")


class _Git:
    def __init__(self, path: Path, repository: Path, env: Mapping[str, str], seconds: float) -> None:
        self._name = str(path.relative_to(repository))
        self._repository = repository
        self._seconds = seconds
        self._env = {name: value for name, value in env.items() if not name.startswith("GIT_")} | {
            "LC_ALL": "C",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_CEILING_DIRECTORIES": str(repository.parent),
        }

    def answer(self) -> Answer:
        listed = self._run("ls-files", "--error-unmatch", "-z", "--", f":(literal){self._name}")
        if listed.code == 0:
            return Answer(Tracked.TRACKED, self._repository, has_remote=self._has_remote())
        if listed.code != 1:
            return Answer(Tracked.UNKNOWN, self._repository, _why(listed))
        try:
            past = self._run("rev-list", "--all", "--max-count=1", "--", f":(literal){self._name}")
        except ChildTimeoutError:  # a long history: what is true today still counts
            past = ChildResult(0, b"", b"")
        if past.code == 0 and past.output.strip():
            return Answer(Tracked.WAS_TRACKED, self._repository, has_remote=self._has_remote())
        ignored = self._run("check-ignore", "-q", "--", self._name)
        if ignored.code in {0, 1}:
            return Answer(Tracked.LOOSE if ignored.code else Tracked.IGNORED, self._repository)
        return Answer(Tracked.UNKNOWN, self._repository, _why(ignored))

    def _has_remote(self) -> bool:
        return bool(self._run("config", "--get-regexp", r"^remote\..*\.url$").output.strip())

    def _run(self, *words: str) -> ChildResult:
        quiet = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.pager=cat", "core.untrackedCache=false",
                 "log.showSignature=false", "core.sshCommand=false", "credential.helper=")  # fmt: skip
        switches = [part for each in quiet for part in ("-c", each)]
        command = ["git", "--no-pager", "-C", str(self._repository), *switches, *words]
        return run_child(command, env=self._env, seconds=self._seconds)


def _why(result: ChildResult) -> str:
    said = result.errors.decode("utf-8", "replace")
    if "dubious ownership" in said:
        return "the repository belongs to another user, so git does not look into it"
    return (said.strip().splitlines() or ["git gave no reason"])[0].removeprefix("fatal: ")
