"""`mcp-doctor`: reads the words of the call and hands over. Imports nothing heavy before it knows the command."""

import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from diagnostics import __version__

EXIT_USAGE = 2
EXIT_BROKE = 4
EXIT_STOPPED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """The command's exit code, as the contract numbers them. In: the words after the program's name."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["--version"]:
        return guarded(_version, signals=False)
    if "run" in words:
        launch = _launcher_words(words)
        if launch is not None and launch[:1] not in (["-h"], ["--help"]):
            return guarded(lambda: _launch(launch), signals=False)
    return guarded(lambda: _dispatch(words))


def guarded(command: Callable[[], int], name: str = "mcp-doctor", *, signals: bool = True) -> int:
    """Runs a command so that nothing but an exit code and one line comes out of it, whatever happens.

    In: `signals` = the command is told of SIGTERM and SIGHUP; a launcher leaves them to the server it becomes.
    """
    from tui.usage import UsageError

    if signals:
        _end_in_order_on_signals()
    _have_a_stdout()
    _let_it_take_every_text()
    try:
        code = command()
        sys.stdout.flush()
        return code
    except UsageError as error:
        return _say(name, str(error), EXIT_USAGE)
    except KeyboardInterrupt:
        return _say(name, "stopped; nothing is half done", EXIT_STOPPED)
    except BrokenPipeError:
        _quiet_stdout()
        return 0
    except OSError as error:
        if _stdout_works() and not _is_of_a_stream(error):
            return _broke(name, error)
        _quiet_stdout()
        return _say(name, f"the output can't be written: {error.strerror}", EXIT_BROKE)
    except Exception as error:  # the last net: one line, never a traceback
        return _broke(name, error)


def _end_in_order_on_signals() -> None:
    """SIGTERM and SIGHUP (a dropped SSH line) end us like an exit: what was started is ended, what is half done noted."""
    import signal

    def end(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def _launch(words: list[str]) -> int:
    from diagnostics.host import this_host
    from recovery.launcher import run

    return run(words, this_host())


def _launcher_words(words: list[str]) -> list[str] | None:
    """The launcher's words when the command is `run`: options before it stand first. None for another command.

    `run` is told apart here, without the argument parser, because every server's start waits for it.
    """
    value_follows = False
    for place, word in enumerate(words):
        if value_follows or word.startswith("-"):
            value_follows = not value_follows and word in {"--config", "--client", "--provider-url"}
        else:
            return words[:place] + words[place + 1 :] if word == "run" else None
    return None


def _dispatch(words: list[str]) -> int:
    from tui.arguments import parse

    call = parse(words)
    leave_no_core()
    return call.run()


def leave_no_core() -> None:
    """Every command may hold credentials, those of the keychain too: a crash must not write them to the disk."""
    from diagnostics.host import this_host
    from recovery.core_dump import forbid

    forbid(this_host())


def _broke(name: str, error: Exception) -> int:
    from diagnostics.text import clean

    place = ""
    trace = error.__traceback__
    while trace is not None:
        place = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return _say(
        name,
        f"the doctor itself broke off ({clean(type(error).__name__)} in {place}); please report it",
        EXIT_BROKE,
    )


def _say(name: str, line: str, code: int) -> int:
    from diagnostics.standard_error import tell
    from diagnostics.text import clean
    from diagnostics.tokens.masking import mask_pasted

    safe = (" " * (len(each) - len(each.lstrip(" "))) + mask_pasted(clean(each)) for each in line.split("\n"))
    tell(f"{name}: " + "\n".join(safe))
    return code


def _version() -> int:
    sys.stdout.write(f"mcp-doctor {__version__}\n")
    return 0


def _quiet_stdout() -> None:
    """Nobody reads on, or nothing more fits: give the interpreter's last flush a place to go."""
    from diagnostics.standard_error import send_to_nowhere

    send_to_nowhere(sys.stdout.fileno())


def _stdout_works() -> bool:
    try:
        sys.stdout.flush()
    except OSError:
        return False
    return True


def _is_of_a_stream(error: OSError) -> bool:
    """Whether what was written to had no room: few bytes are forgotten with the first failure, and the next one works."""
    import errno

    return error.filename is None and error.errno in {errno.ENOSPC, errno.EIO}


def _let_it_take_every_text() -> None:
    """A console with an old code page has no sign for many of ours; UTF-8 has all and costs no import."""
    if any((getattr(each, "encoding", None) or "").lower() != "utf-8" for each in (sys.stdout, sys.stderr)):
        from tui.console import take_every_text

        take_every_text()


def _have_a_stdout() -> None:
    """Cron jobs and services may start us with a closed standard output; Python then has none at all."""
    if sys.stdout is None:
        import os
        from pathlib import Path

        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open as long as we are


if __name__ == "__main__":
    raise SystemExit(main())
