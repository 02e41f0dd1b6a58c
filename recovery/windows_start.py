"""Starting a server where there is no exec: the launcher stays, with the server as its child, and ends as it ends.

The child has our handles. An interrupt of the console goes to both and is the server's business. When the client ends
the launcher, the system ends the server with it (a job), as it would be where the launcher had become the server.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from diagnostics.servers.resolve import Launch

_BATCH = (".bat", ".cmd")
_NEVER_SAFE = '"%\r\n'
"""What cmd.exe takes for its own inside quotes, too, so that a value could become a command."""


class UnsafeArgumentError(Exception):
    """An argument holds what a batch file would run as a command. The text says which, by number."""


def start(launch: Launch) -> int:
    """Runs the server to its end. Out: its exit code.

    Raises:
        UnsafeArgumentError: the command is a batch file, and an argument can't be handed to it safely.
        OSError: it is not there, or can't be started.
    """
    import signal

    from diagnostics.child_group import ChildGroup

    found = program_of(launch)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with subprocess.Popen(command_line(found, launch.args), env=dict(launch.env)) as child:
        group = ChildGroup(child)
        code = child.wait()
        group.end()
    return signed(code)


def program_of(launch: Launch) -> str:
    """The file of the command, by the endings of PATHEXT: in the folders of its PATH, and nowhere else.

    Windows itself would look into the working folder first, where a downloaded project may have a `npx.cmd` of its own.

    Raises:
        FileNotFoundError: none of the folders has it.
    """
    from diagnostics.servers.windows_program import find_program, folders_of, variable

    if "/" in launch.command or "\\" in launch.command:
        whole = Path(launch.command)
        return str(find_program(whole.name, [whole.parent], launch.env) or launch.command)
    found = find_program(launch.command, folders_of(variable(launch.env, "PATH") or ""), launch.env)
    if found is None:
        raise FileNotFoundError(2, "no such command on the PATH", launch.command)
    return str(found)


def command_line(program: str, arguments: Sequence[str]) -> Sequence[str] | str:
    """What `Popen` gets. A batch file (`npx.cmd`) is run by cmd.exe, which reads the line by rules of its own.

    Raises:
        UnsafeArgumentError: see above.
    """
    if not program.lower().endswith(_BATCH):
        return [program, *arguments]
    for number, each in enumerate(arguments):
        if any(sign in each for sign in _NEVER_SAFE):
            raise UnsafeArgumentError(
                f"argument {number} holds a quotation mark, a per cent sign or a line break, and {program} is a batch "
                "file, which would run parts of it as commands: put such a value into a variable (env)"
            )
    return " ".join(f'"{each}{_backslashes(each)}"' for each in (program, *arguments))


def _backslashes(text: str) -> str:
    """As many as the text ends with: before a quotation mark each needs another one."""
    return "\\" * (len(text) - len(text.rstrip("\\")))


def signed(code: int) -> int:
    """An exit code as `sys.exit` hands it on: Windows' codes have 32 bits without a sign, `exit` takes them with one."""
    return code - 2**32 if code >= 2**31 else code
