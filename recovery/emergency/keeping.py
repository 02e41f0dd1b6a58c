"""Where the token of an open incident is: in the kernel's keyring, or with the process that began the incident."""

from diagnostics.emergency import OpenIncident, left_in_words
from diagnostics.host import Host
from diagnostics.secret import Secret
from recovery.emergency import holder, kernel_keyring
from recovery.emergency.holder import HolderError
from recovery.emergency.kernel_keyring import KernelKeyringError
from recovery.model import RecoveryError

KERNEL, PROCESS = "", "process"
"""`OpenIncident.held_by`."""


def trouble(host: Host) -> str:
    """Why the kernel can't hold a token here, "" = it can."""
    return kernel_keyring.trouble(host)


def hold(opened: OpenIncident, token: Secret, seconds: int) -> None:
    """Holds it for so long.

    Raises:
        RecoveryError: it is not held.
    """
    try:
        if opened.held_by == PROCESS:
            holder.hold(opened.key_name, token, seconds, opened.socket)
        else:
            kernel_keyring.hold(opened.key_name, token, seconds)
    except (KernelKeyringError, HolderError) as error:
        raise RecoveryError(f"the token is not held: {error}") from error


def is_held(opened: OpenIncident) -> bool:
    """Whether it is there now; False also where that can't be asked from here."""
    try:
        if opened.held_by == PROCESS:
            return holder.is_held(opened.key_name, opened.socket)
        return kernel_keyring.is_held(opened.key_name)
    except KernelKeyringError:
        return False


def read(opened: OpenIncident) -> Secret | None:
    """The token; None = it is gone, or only the process that holds it can hand it on.

    Raises:
        RecoveryError: it can't be asked for.
    """
    try:
        if opened.held_by == PROCESS:
            return holder.read(opened.key_name, opened.socket)
        return kernel_keyring.read(opened.key_name)
    except KernelKeyringError as error:
        raise RecoveryError(str(error)) from error


def extend(opened: OpenIncident, seconds: int) -> None:
    """Its time ends so many seconds from now.

    Raises:
        RecoveryError: it is gone, or can't be reached.
    """
    try:
        if opened.held_by == PROCESS:
            held = holder.extend(opened.key_name, seconds, opened.socket)
        else:
            held = kernel_keyring.extend(opened.key_name, seconds)
    except KernelKeyringError as error:
        raise RecoveryError(str(error)) from error
    if not held:
        raise RecoveryError("the token is gone, so its time can't be made longer: begin another emergency")


def let_go(opened: OpenIncident) -> None:
    """It is gone afterwards.

    Raises:
        RecoveryError: it could not be taken away, and its time is not up.
    """
    try:
        if opened.held_by == PROCESS:
            holder.let_go(opened.key_name, opened.socket)
            return
        kernel_keyring.let_go(opened.key_name)
    except KernelKeyringError as error:
        if opened.seconds_left() > 0:
            raise RecoveryError(
                f"the token could not be taken away: {error}. It is gone by itself in "
                f"{left_in_words(opened.seconds_left())}"
            ) from error
