"""What a keychain can't do that has no daemon of ours to command: it is opened, locked and made by other means."""

from diagnostics.secret import Secret
from recovery.model import RecoveryError


class WithoutDaemon:
    """The part of `recovery.ports.Keychain` that such a keychain refuses, each time with its own words."""

    def refusal(self) -> RecoveryError:
        """Why it can't, and what to do instead."""
        raise NotImplementedError

    def start_provider(self) -> int:
        """Not here."""
        raise self.refusal()

    def unlock(self, collection: str, password: Secret) -> None:
        """Not here."""
        raise self.refusal()

    def lock(self, collection: str) -> None:
        """Not here."""
        raise self.refusal()

    def create(self, password: Secret, label: str = "login") -> str:
        """Not here."""
        raise self.refusal()

    def remove_collection(self, collection: str) -> None:
        """Not here."""
        raise self.refusal()

    def change_password(self, collection: str, old: Secret, new: Secret) -> None:
        """Not here."""
        raise self.refusal()

    def set_default(self, collection: str) -> None:
        """Not here."""
        raise self.refusal()
