"""Where a scene is played: on a private keyring daemon, or on the stand-in keychain."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.host import Host
from diagnostics.secret import Secret
from tui.demo.keychain import Keychain, Stand, StandInStore, keyring_attributes

if TYPE_CHECKING:
    from diagnostics.stores import CredentialStore
    from recovery.ports import RecoveryWorld
    from tui.demo.scenario import Scenario

PRIVATE = "a session bus and a gnome-keyring-daemon of its own"
STAND_IN = "a stand-in keychain"


@dataclass(frozen=True, slots=True)
class Stage:
    """The ways in to the scene's keychain."""

    open_store: "Callable[[Host], CredentialStore]"
    open_world: "Callable[[Host], RecoveryWorld]"
    put: Callable[[str, str, Secret], None]
    """Stores an entry: the secret's name, its label, its value. Only before `raise_curtain`."""
    raise_curtain: Callable[[], None]
    """Brings the keychain into the state that the scene begins with."""
    place: str


def stand_in(root: Path, host: Host, scene: "Scenario") -> Stage:
    """On the stand-in keychain, which needs nothing but Python."""
    from tui.demo.world import StandInWorld

    live = {str(host.runtime_dir / "bus")} if scene.bus != "down" else set()
    keychain = Keychain(scene.keychain, Secret(scene.password), live)

    def put(name: str, label: str, secret: Secret) -> None:
        keychain.put(keyring_attributes(name), label, secret)

    return Stage(
        open_store=lambda its_host: StandInStore(keychain, its_host),
        open_world=lambda its_host: StandInWorld(its_host, root, keychain),
        put=put,
        raise_curtain=lambda: None,
        place=STAND_IN,
    )


@contextmanager
def private(root: Path, host: Host, scene: "Scenario") -> Iterator[Stage]:
    """On a real bus and daemon.

    Raises:
        PrivateSessionError: they could not be had.
    """
    import dataclasses

    from diagnostics.stores.secret_service import SecretService
    from tui.demo.private_session import end_daemon, make_keychain, private_session, start_daemon
    from tui.demo.private_world import PrivateWorld

    with private_session(root, host) as watchdog:
        env = {**host.env, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={host.runtime_dir / 'bus'}"}
        backstage = PrivateWorld(dataclasses.replace(host, env=env), root, watchdog)
        collection = make_keychain(backstage, Secret(scene.password))

        def put(name: str, label: str, secret: Secret) -> None:
            backstage.keychain.put(collection, label, keyring_attributes(name), secret)

        def raise_curtain() -> None:
            if scene.keychain is Stand.UNLOCKED:
                return
            end_daemon(backstage)
            if scene.damage:
                file = host.data_home / "keyrings/login.keyring"
                file.write_bytes(file.read_bytes()[: -scene.damage])
            if scene.keychain is not Stand.NOT_RUNNING:
                start_daemon(backstage)  # it reads its files anew: locked, and without what it can't read

        yield Stage(
            open_store=SecretService,
            open_world=lambda its_host: PrivateWorld(its_host, root, watchdog),
            put=put,
            raise_curtain=raise_curtain,
            place=PRIVATE,
        )
