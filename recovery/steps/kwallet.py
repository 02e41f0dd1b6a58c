"""Steps about KWallet: start its daemon without a screen, open a wallet, make one, read the wallets anew."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from diagnostics.stores.bus import Bus, BusError
from diagnostics.stores.processes import environment_of, program_of
from diagnostics.text import clean
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk, UnavailableError
from recovery.ports import RecoveryWorld
from recovery.steps.keychain import PASSWORD

if TYPE_CHECKING:
    from recovery.stores.ksecretd import KSecretD
    from recovery.stores.kwallet import KWallet


@dataclass(frozen=True, slots=True)
class StartKWallet:
    """Starts KWallet's daemon where no screen is."""

    kind: ClassVar[str] = "start-kwallet"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    program: str
    """Its path."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return "Start KWallet without a screen"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        after = "running, without windows; its wallets closed"
        return [Change(f"KWallet ({clean(self.program)})", "not running", after)]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Starts it; a Secret Service that came up meanwhile is left alone."""
        from recovery.stores.kwallet_daemon import start

        if world.keychain.state().provider.running:
            return {"left": "as it was"}
        pid = start(self.program, world.host)
        return {"pid": str(pid), "program": program_of(pid)}

    def verify(self, world: RecoveryWorld) -> None:
        """Someone keeps secrets on the bus, and answers."""
        provider = world.keychain.state().provider
        if not provider.running or provider.hung:
            raise RecoveryError("KWallet was started but does not answer")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Ends the one that was started, if it still is that one, when everything is on the disk."""
        pid, program = int(kept.get("pid") or 0), kept.get("program", "")
        if not kept:  # a crash came between its start and the record of that
            pid = _started_by_us(world)
            program = program_of(pid) if pid else ""
        if not pid or not world.processes.is_running(pid, program):
            return
        with _kwallet(world) as kwallet:
            if kwallet.pid == pid:
                kwallet.save_all()
        world.processes.end(pid, program)


@dataclass(frozen=True, slots=True)
class OpenWallet:
    """Opens the default wallet, and has it handed out to programs."""

    kind: ClassVar[str] = "open-wallet"
    risk: ClassVar[Risk] = Risk.SAFE
    needs: ClassVar[tuple[str, ...]] = (PASSWORD,)

    wallet: str
    fresh: bool = False
    """Whether an earlier step of the same operation made it; it then stays open for that one's undo."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Open the wallet “{clean(self.wallet)}”"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        return [
            Change(f"the wallet “{clean(self.wallet)}”", "closed", "open until you log out or it is closed")
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Opens it; one that is open takes no password (it would not be checked)."""
        if PASSWORD not in answers:
            raise RecoveryError("the wallet's password is needed for this")
        with _kwallet(world) as kwallet:
            was = "open" if kwallet.is_open(self.wallet) else "closed"
            kwallet.open(self.wallet, answers[PASSWORD])
        try:
            kept = _hand_out(world, self.wallet)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        return {**kept, "was": was}

    def verify(self, world: RecoveryWorld) -> None:
        """The default collection is this wallet's, and unlocked."""
        _make_sure_it_is_handed_out(world, self.wallet)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Closes it, where it was us who opened it and nobody needs it any more."""
        _take_back(world, kept)
        was = kept.get("was", "closed")  # not recorded where a crash came; this step is for a closed one
        if self.fresh or was != "closed" or not world.keychain.state().provider.running:
            return
        with _kwallet(world) as kwallet:
            path = kwallet.collection(self.wallet) if kwallet.is_open(self.wallet) else ""
        if path:
            world.keychain.lock(path)


@dataclass(frozen=True, slots=True)
class HandOutWallet:
    """Lets programs read a wallet that is open already. No password is asked for: none is needed."""

    kind: ClassVar[str] = "hand-out-wallet"
    risk: ClassVar[Risk] = Risk.SAFE

    wallet: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Hand out the open wallet “{clean(self.wallet)}” to programs"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        return [
            Change(f"the wallet “{clean(self.wallet)}”, for programs of other desktops", "locked", "unlocked")
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Has the Secret Service unlock it, which brings up no window because it is open."""
        return _hand_out(world, self.wallet)

    def verify(self, world: RecoveryWorld) -> None:
        """The default collection is this wallet's, and unlocked."""
        _make_sure_it_is_handed_out(world, self.wallet)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """The wallet was open before, and stays so: closing it would take more away than was given."""
        _take_back(world, kept)


@dataclass(frozen=True, slots=True)
class CreateWallet:
    """Makes the default wallet, with a password of the person's choice."""

    kind: ClassVar[str] = "create-wallet"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = (PASSWORD,)

    wallet: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Create the wallet “{clean(self.wallet)}”"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        return [
            Change(f"the wallet “{clean(self.wallet)}”", "none", "a new, empty one, open, with your password")
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Makes it; refuses where one, or a file of one, is there."""
        if PASSWORD not in answers:
            raise RecoveryError("a password for the new wallet is needed for this")
        with _kwallet(world) as kwallet:
            kwallet.create(self.wallet, answers[PASSWORD])
        return {"created": self.wallet}

    def verify(self, world: RecoveryWorld) -> None:
        """It is there. (It was open when it was made; a later step closes it, and opens it again.)"""
        wallet = world.keychain.state().wallet
        if wallet is None or self.wallet not in wallet.names:
            raise RecoveryError("the wallet was not created")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Takes it away again as long as it is empty; after a crash, the one of that name, which there was none of."""
        with _kwallet(world) as kwallet:
            kwallet.remove(self.wallet)


@dataclass(frozen=True, slots=True)
class RestartKWallet:
    """Ends KWallet's daemon and starts it as it was, so that a new wallet becomes one of its Secret Service."""

    kind: ClassVar[str] = "restart-kwallet"
    risk: ClassVar[Risk] = Risk.FINAL

    wallet: str
    """The one that is missing there."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return "Start KWallet afresh, so that it offers the wallet to all programs"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        return [
            Change("KWallet", "running", "ended when everything is saved, and started again"),
            Change("wallets of every other program", "as they are", "closed until they are opened again"),
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Saves, ends and starts it; where the wallet is offered by now, it does nothing."""
        from recovery.stores.kwallet_daemon import start

        if _is_gone(world):  # a crash came when it had been ended
            return _start_again(world)
        with _kwallet(world) as kwallet:
            if kwallet.collection(self.wallet):
                return {}
            pid, env = kwallet.pid, environment_of(kwallet.pid)
            kwallet.save_all()
        program = program_of(pid)
        path = _path_of(pid, program)
        world.processes.end(pid, program)
        try:
            return {"pid": str(start(path, world.host, env or None))}
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error

    def verify(self, world: RecoveryWorld) -> None:
        """It answers and offers the wallet."""
        with _kwallet(world) as kwallet:
            if not kwallet.collection(self.wallet):
                raise RecoveryError(f"KWallet still does not offer the wallet “{clean(self.wallet)}”")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """A daemon that was ended can't be brought back; the one that runs now does its work."""
        if not kept and _is_gone(world):
            _start_again(world)
        if kept.get("pid"):
            raise RecoveryError(
                "KWallet was started afresh, which can't be taken back; its wallets are as they were"
            )


@dataclass(frozen=True, slots=True)
class LogInToWallet:
    """Opens the default wallet where ksecretd keeps it, by starting that as a login does."""

    kind: ClassVar[str] = "log-in-to-wallet"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    needs: ClassVar[tuple[str, ...]] = (PASSWORD,)

    wallet: str
    program: str = ""
    """Path of ksecretd where it does not run."""

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Open the wallet “{clean(self.wallet)}” as a login does"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """See `Step`."""
        if self.program:
            daemon = Change(f"KWallet ({clean(self.program)})", "not running", "running, without windows")
        else:
            daemon = Change("KWallet", "running", "started anew, as it was, with your password")
        return [
            daemon,
            Change(f"the wallet “{clean(self.wallet)}”", "closed", "open until you log out or it is closed"),
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Starts it; the one that runs gives way, and had nothing open that was not saved."""
        if PASSWORD not in answers:
            raise RecoveryError("the wallet's password is needed for this")
        with _ksecretd(world, self.program) as ksecretd:
            before = ksecretd.pid
            try:
                ksecretd.open(self.wallet, answers[PASSWORD])
            except RecoveryError as error:
                if ksecretd.pid == before or before:
                    raise  # nothing but a fresh daemon came of it
                raise HalfDoneError(str(error)) from error
            return {"pid": "" if before else str(ksecretd.pid), "program": program_of(ksecretd.pid)}

    def verify(self, world: RecoveryWorld) -> None:
        """The default collection is this wallet's, and unlocked."""
        _make_sure_it_is_handed_out(world, self.wallet)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Closes it, which saves it; a daemon that did not run before is ended."""
        found = world.keychain.state().default
        if found is not None and found.label == self.wallet and not found.locked:
            world.keychain.lock(found.path)
        pid = int(kept.get("pid") or 0) or (0 if kept else _started_by_us(world))
        if pid and world.processes.is_running(pid, kept.get("program") or program_of(pid)):
            world.processes.end(pid, kept.get("program") or program_of(pid))


def _is_gone(world: RecoveryWorld) -> bool:
    """Whether nobody keeps secrets on the bus, and KWallet could."""
    state = world.keychain.state()
    return state.bus.trouble is None and not state.provider.running and state.wallet is not None


def _start_again(world: RecoveryWorld) -> dict[str, str]:
    from recovery.stores.kwallet_daemon import start

    wallet = world.keychain.state().wallet
    if wallet is None or wallet.running:
        raise UnavailableError(
            "KWallet runs without offering its wallets to other programs: end it, and look again"
        )
    return {"pid": str(start(wallet.program, world.host))}


def _started_by_us(world: RecoveryWorld) -> int:
    from recovery.stores.kwallet_daemon import started_by_us

    address = world.host.env.get("DBUS_SESSION_BUS_ADDRESS")
    if not address:
        return 0
    with contextlib.suppress(BusError), Bus.connect(address) as bus:
        return started_by_us(bus)
    return 0


def _hand_out(world: RecoveryWorld, wallet: str) -> dict[str, str]:
    """Out: what `_take_back` needs."""
    with _kwallet(world) as kwallet:
        path = kwallet.announce(wallet)
    state = world.keychain.state()
    if state.default is not None and state.default.path == path:
        return {}
    world.keychain.set_default(path)
    return {"alias": path, "alias_was": state.alias or "/"}


def _take_back(world: RecoveryWorld, kept: Mapping[str, str]) -> None:
    """Names the earlier default again; where there was none, KWallet's own choice stays (it takes no `none`)."""
    before = kept.get("alias_was", "/")
    found = world.keychain.state().default
    if before != "/" and found is not None and found.path == kept.get("alias"):
        world.keychain.set_default(before)


def _make_sure_it_is_handed_out(world: RecoveryWorld, wallet: str) -> None:
    found = world.keychain.state().default
    if found is None or found.label != wallet:
        raise RecoveryError(f"the wallet “{clean(wallet)}” is not the one that programs get")
    if found.locked:
        raise RecoveryError(f"the wallet “{clean(wallet)}” is still locked for programs")


def _path_of(pid: int, program: str) -> str:
    import shutil
    from pathlib import Path

    with contextlib.suppress(OSError):
        return str(Path(f"/proc/{pid}/exe").readlink()).removesuffix(" (deleted)")
    found = shutil.which(program)
    if found is None:
        raise RecoveryError(f"where {clean(program)} is can't be told, so it is not ended")
    return found


@contextlib.contextmanager
def _ksecretd(world: RecoveryWorld, program: str) -> Iterator["KSecretD"]:
    from recovery.stores.ksecretd import KSecretD

    address = world.host.env.get("DBUS_SESSION_BUS_ADDRESS")
    if not address:
        raise UnavailableError("no session bus is known in this session, so KWallet can't be reached")
    try:
        with Bus.connect(address) as bus:
            yield KSecretD(bus, world.host, program)
    except (BusError, OSError) as error:
        raise UnavailableError(f"KWallet does not answer as it should: {clean(str(error))}") from error


@contextlib.contextmanager
def _kwallet(world: RecoveryWorld) -> Iterator["KWallet"]:
    """KWallet on the world's bus; what the bus says becomes words."""
    from recovery.stores.kwallet import KWallet

    address = world.host.env.get("DBUS_SESSION_BUS_ADDRESS")
    if not address:
        raise UnavailableError("no session bus is known in this session, so KWallet can't be reached")
    try:
        with Bus.connect(address) as bus:
            yield KWallet(bus)
    except BusError as error:
        raise UnavailableError(f"KWallet does not answer as it should: {clean(str(error))}") from error
