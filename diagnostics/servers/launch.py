"""Starts a server as its client would, asks it who it is, ends it, and says what happened."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from diagnostics.host import Host
from diagnostics.presence import is_folder
from diagnostics.servers import mcp_protocol
from diagnostics.servers.mcp_protocol import Era
from diagnostics.servers.program import Program, ProgramState, look_up
from diagnostics.servers.resolve import Launch
from diagnostics.servers.server_process import ServerProcess

SECONDS = 20.0
"""Limit for a server that is installed."""
SECONDS_WITH_DOWNLOAD = 60.0
"""Limit for a command that may have to download its package first."""
TEARDOWN = 3.0
"""What ending a server may take on top of the limit."""
_DOWNLOADERS = {"npx", "pnpx", "bunx", "uvx", "pipx", "docker", "podman", "yarn", "pnpm", "npm", "uv"}
_MOST_NOISE_LINES = 20
_LONGEST_NOISE = 4096
"""Characters kept of a line: far more than is ever shown, so that no secret is cut in half before it is masked."""
_MOST_REPLIES = 50
_MOST_PAGES = 20


class Outcome(StrEnum):
    """What happened to the server."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """It runs and answers, but with errors to both eras' first questions."""
    EXITED = "exited"
    POLLUTED = "polluted"
    """It wrote other text on stdout, and no answer came."""
    HUNG = "hung"
    """It runs and says nothing within the limit."""
    NO_COMMAND = "no-command"
    NOT_EXECUTABLE = "not-executable"
    NO_INTERPRETER = "no-interpreter"
    """The program's first line names an interpreter that is not there."""
    WRONG_FORMAT = "wrong-format"
    """The program is for another kind of machine, or a script without a first line."""
    NO_FOLDER = "no-folder"
    """The working directory does not exist."""


@dataclass(frozen=True, slots=True)
class StartResult:
    """What one start showed. `stderr`, `noise` and `said` are raw text from the server: clean and scrub before showing."""

    outcome: Outcome
    name: str = ""
    version: str = ""
    protocol: str = ""
    tools: int | None = None
    """How many tools it lists; None when it did not say."""
    tools_error: str = ""
    exit_code: int | None = None
    """Set when it ended by itself; negative = the signal."""
    stderr: str = ""
    noise: tuple[str, ...] = ()
    """The first lines of stdout that are not protocol messages."""
    endless: bool = False
    """It flooded stdout, or wrote a line without an end."""
    said: str = ""
    """The error it answered with (REFUSED), or what the system said."""
    program: Program | None = None
    """What is known of the command, when it could not be started."""
    seconds: float = 0.0
    """From the start to the answer, or to the end."""


def seconds_for(launch: Launch) -> float:
    """How long this command may take: more where it may first have to download its package."""
    program = re.split(r"[\\/]", launch.command)[-1].casefold()
    return SECONDS_WITH_DOWNLOAD if program.partition(".")[0] in _DOWNLOADERS else SECONDS


def handshake(launch: Launch, host: Host, seconds: float) -> StartResult:
    """Starts the server, speaks the protocol's first messages with it, and ends it with all its processes.

    In: `seconds` for everything but the ending (at most `TEARDOWN` more). A server that refuses or ignores
    `initialize` gets a second process and `server/discover`: some stop answering when eras change within one.
    Never raises for anything that the server does; an interrupt ends the server before it goes on.
    """
    program = look_up(launch.command, launch.env, Path(launch.cwd) if launch.cwd else host.cwd, host)
    stopped = _cannot_start(launch, program)
    if stopped is not None:
        return stopped
    ends = time.monotonic() + seconds
    first = _attempt(launch, program, Era.HANDSHAKE, time.monotonic() + seconds * 0.75)
    if first.outcome not in {Outcome.REFUSED, Outcome.HUNG}:
        return first
    second = _attempt(launch, program, Era.STATELESS, ends)
    return second if second.outcome is Outcome.ANSWERED else first


def _cannot_start(launch: Launch, program: Program) -> StartResult | None:
    if launch.cwd is not None and not is_folder(Path(launch.cwd)):
        return StartResult(Outcome.NO_FOLDER, said=launch.cwd, program=program)
    outcomes = {
        ProgramState.MISSING: Outcome.NO_COMMAND,
        ProgramState.NOT_EXECUTABLE: Outcome.NOT_EXECUTABLE,
        ProgramState.NO_INTERPRETER: Outcome.NO_INTERPRETER,
        ProgramState.WRONG_FORMAT: Outcome.WRONG_FORMAT,
    }
    outcome = outcomes.get(program.state)
    return None if outcome is None else StartResult(outcome, program=program)


def _attempt(launch: Launch, program: Program, era: Era, until: float) -> StartResult:
    began = time.monotonic()
    try:
        with ServerProcess(launch) as process:
            result = _Talk(process, era, until, began).result()
            if result.outcome is not Outcome.ANSWERED:
                process.end(patience=0.3)  # it owes us no orderly end
            return result
    except OSError as error:
        outcome = {2: Outcome.NO_COMMAND, 8: Outcome.WRONG_FORMAT, 13: Outcome.NOT_EXECUTABLE}.get(
            error.errno or 0, Outcome.NOT_EXECUTABLE
        )
        return StartResult(outcome, said=error.strerror or "", program=program)
    except ValueError as error:  # a NUL character in an argument or variable
        return StartResult(Outcome.NOT_EXECUTABLE, said=str(error), program=program)


class _Talk:
    """One conversation with one process."""

    def __init__(self, process: ServerProcess, era: Era, until: float, began: float) -> None:
        self._process = process
        self._era = era
        self._until = until
        self._began = began
        self._noise: list[str] = []
        self._replies = 0

    def result(self) -> StartResult:
        answer = self._ask(1, mcp_protocol.first_question(self._era, 1))
        spent = time.monotonic() - self._began
        if answer is None:
            return self._silence()
        who = mcp_protocol.introduction(self._era, answer.get("result"))
        if who is None:
            said = (
                mcp_protocol.error_text(answer.get("error"))
                if "error" in answer
                else "an answer without sense"
            )
            return self._with(Outcome.REFUSED, said=said, seconds=spent)
        if self._era is Era.HANDSHAKE:
            self._process.send(mcp_protocol.encode(mcp_protocol.initialized()))
        tools, tools_error = self._tools()
        return self._with(
            Outcome.ANSWERED,
            name=who.name,
            version=who.version,
            protocol=who.protocol,
            tools=tools,
            tools_error=tools_error,
            seconds=spent,
        )

    def _tools(self) -> tuple[int | None, str]:
        """How many tools the server lists, over all pages, and its error where it does not list them."""
        count = 0
        cursor: str | None = None
        for page in range(_MOST_PAGES):
            answer = self._ask(2 + page, mcp_protocol.list_tools(self._era, 2 + page, cursor))
            if answer is None:
                return None, ""
            listed = answer.get("result")
            if not isinstance(listed, dict) or not isinstance(listed.get("tools"), list):
                return None, mcp_protocol.error_text(answer.get("error")) if "error" in answer else ""
            count += len(listed["tools"])
            cursor = listed.get("nextCursor")
            if not isinstance(cursor, str) or not cursor or len(cursor) > 4096:
                break
        return count, ""

    def _ask(self, number: int, question: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The answer with this number; None when none comes in time or the output ends."""
        self._process.send(mcp_protocol.encode(question))
        for raw in self._process.lines(self._until):
            line = mcp_protocol.read_line(raw)
            if line.noise and len(self._noise) < _MOST_NOISE_LINES:
                self._noise.append(line.noise[:_LONGEST_NOISE])
            for message in line.messages:
                if message.get("id") == number and ("result" in message or "error" in message):
                    return message
                self._reply(message)
        return None

    def _reply(self, message: Mapping[str, Any]) -> None:
        """Answers a server's own request; not without limit, for a server that does not read would block us."""
        reply = mcp_protocol.answer_to(message)
        if reply is None or self._replies >= _MOST_REPLIES:
            return
        raw = mcp_protocol.encode(reply)
        if len(raw) < 500:
            self._replies += 1
            self._process.send(raw)

    def _silence(self) -> StartResult:
        """No answer: it has ended, or only closed its stdout, or talks of other things, or is silent."""
        over = self._until - time.monotonic()
        code = self._process.exit_code(min(1.0, max(over, 0.05)))
        spent = time.monotonic() - self._began
        if code is not None:
            self._process.wait_for_errors(0.5)
            return self._with(Outcome.EXITED, exit_code=code, seconds=spent)
        polluted = self._noise or self._process.endless
        return self._with(Outcome.POLLUTED if polluted else Outcome.HUNG, seconds=spent)

    def _with(self, outcome: Outcome, **more: Any) -> StartResult:
        return StartResult(
            outcome,
            stderr=self._process.errors(),
            noise=tuple(self._noise),
            endless=self._process.endless,
            **more,
        )
