"""One line on standard error, whatever has become of it."""

import os
import sys


def tell(line: str) -> None:
    """Writes the line. Where nobody reads it, the disk below it is full or it is closed, that is no failure of ours.

    Without the redirection the interpreter would try again at its end, fail, and put its own exit code for ours.
    """
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        send_to_nowhere(2)


def send_to_nowhere(descriptor: int) -> None:
    """What is still buffered for this descriptor goes where everything fits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    if nowhere != descriptor:
        os.close(nowhere)
