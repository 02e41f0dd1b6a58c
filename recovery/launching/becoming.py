"""This process becomes the server; on Windows, where none can, it starts it and ends as it ends."""

import os
import re
from pathlib import Path

from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.servers.resolve import Launch
from recovery.launching.failure import NOT_EXECUTABLE, NOT_FOUND, UNRESOLVED, LaunchError


def become(launch: Launch, host: Host) -> int:
    """Becomes the server. Out: on Windows the server's own code, when it has ended; elsewhere this does not return.

    Raises:
        LaunchError: its folder, its program or its arguments don't allow it.
    """
    program = re.split(r"[\\/]", launch.command)[-1]
    try:
        if launch.cwd is not None:
            os.chdir(Path(launch.cwd).expanduser())
    except OSError as error:
        said = f"its working directory {launch.cwd} can't be entered ({error.strerror})"
        raise LaunchError(UNRESOLVED, "path_not_found", said, program=program) from error
    try:
        if host.platform is Platform.WINDOWS:
            return _as_child(launch, program)
        _as_if_never_python()
        os.execvpe(launch.command, [launch.command, *launch.args], dict(launch.env))  # noqa: S606
    except FileNotFoundError as error:
        if _is_file(launch):
            said = f"{launch.command} names an interpreter in its first line that is not installed"
        else:
            said = (
                f"the command {_shown(launch.command)} is not on the PATH ({launch.env.get('PATH', 'empty')})"
            )
        raise LaunchError(NOT_FOUND, "command_not_found", said, program=program) from error
    except (PermissionError, NotADirectoryError) as error:
        said = f"the command {_shown(launch.command)} can't be executed ({error.strerror})"
        raise LaunchError(NOT_EXECUTABLE, "not_executable", said, program=program) from error
    except OSError as error:
        said = f"the command {_shown(launch.command)} can't be executed ({error.strerror})"
        cause = "config_schema_error" if error.errno == 7 else "binary_incompatible"  # E2BIG, ENOEXEC
        raise LaunchError(NOT_EXECUTABLE, cause, said, program=program) from error


def _shown(command: str) -> str:
    """A command as people may see it: some are a whole shell line, with the token in it."""
    from diagnostics.tokens.masking import mask_tokens

    return repr(mask_tokens(command))


def _is_file(launch: Launch) -> bool:
    import shutil

    return shutil.which(launch.command, path=launch.env.get("PATH")) is not None


def _as_if_never_python() -> None:
    """Python ignores SIGPIPE and SIGXFSZ, and exec would hand that on: a server must find them as a shell leaves them."""
    import signal

    for name in ("SIGPIPE", "SIGXFSZ"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_DFL)


def _as_child(launch: Launch, program: str) -> int:
    from recovery.windows_start import UnsafeArgumentError, start

    try:
        return start(launch)
    except UnsafeArgumentError as error:
        raise LaunchError(UNRESOLVED, "windows_cmd_wrapper_needed", str(error), program=program) from error
