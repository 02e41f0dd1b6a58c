"""Steps that bring a credential to where the program that asks for it looks: in its form, or out of the kernel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from diagnostics.model import Platform
from diagnostics.secret import Secret
from diagnostics.stores import Entry
from diagnostics.text import clean
from recovery.emergency.kernel_keyring import KernelKeyringError, read_left_behind
from recovery.entry_writing import make_sure_it_fits, matches, only, shown, verify_written, write
from recovery.model import Answers, Change, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.undo_copies import is_sealed, own, restore

if TYPE_CHECKING:
    from diagnostics.catalog.writers import Writer


@dataclass(frozen=True, slots=True)
class CopyToForm:
    """Writes an entry's value in the form and the keychain in which another program looks for it."""

    kind: ClassVar[str] = "copy-to-form"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    source: Mapping[str, str]
    """The attributes of the entry that is there."""
    collection: str
    """Where it is."""
    service: str
    account: str
    form: str
    """Id of the writer (`catalog/writers.toml`) whose programs will find it."""
    instead: bool
    """Whether it takes the other's place: those that differ by their keychain or their schema alone would be twins."""
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Write {shown(self.service, self.account)} as {self._writer.name} does"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Refuses where the name is taken in that form, or the source is not one entry."""
        entry = self._make_sure(world)
        found = shown(entry.service, entry.account)
        stays = (
            "goes; kept in the keychain for an undo"
            if self.instead
            else "stays as it is, for the programs that use it"
        )
        label = self._writer.name
        return [
            Change(
                f"{shown(self.service, self.account)}, as {label} looks for it",
                "none",
                f"the value of {found}",
            ),
            Change(found, "there", stays),
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Copies it."""
        entry = self._make_sure(world)
        if entry.secret is None:
            raise RecoveryError("the keychain is locked: unlock it first")
        old = [entry] if self.instead else []
        return write(world, self.service, self.account, self.undo_id, old, entry.secret, form=self._writer)

    def verify(self, world: RecoveryWorld) -> None:
        """Exactly one entry has the name in this form, and it holds what was written."""
        found = only(self._there(world), shown(self.service, self.account))
        wanted = self._writer.attributes(self.service, self.account)
        if not wanted.items() <= found.attributes.items() or not is_sealed(world, self.undo_id, found.secret):
            raise RecoveryError(f"{shown(self.service, self.account)} does not hold what was written")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Deletes the copy, unless it was changed meanwhile; what went for it comes back first."""
        restore(world, self.undo_id, self._there(world))

    @property
    def _writer(self) -> "Writer":
        from diagnostics.catalog.writers import writers

        try:
            return writers()[self.form]
        except KeyError as error:
            raise RecoveryError(f"the form {clean(self.form)!r} is not known to this version") from error

    def _there(self, world: RecoveryWorld) -> list[Entry]:
        names = {"service": self.service, self._writer.account: self.account}
        if (
            world.host.platform is Platform.WINDOWS
        ):  # several libraries' entries stand side by side, by other names
            names = self._writer.attributes(self.service, self.account)
        return list(world.keychain.entries(names))

    def _make_sure(self, world: RecoveryWorld) -> Entry:
        wanted = own(self.source)
        named = shown(wanted.get("service", ""), wanted.get("username", wanted.get("account", "")))
        same = [
            each
            for each in world.keychain.entries(wanted)
            if own(each.attributes) == wanted and each.collection == self.collection
        ]
        source = only(same, named)
        if any(each.path != source.path or not self.instead for each in self._there(world)):
            raise RecoveryError(f"{shown(self.service, self.account)} is there by now: look again")
        value = source.secret or Secret("")
        make_sure_it_fits(world, self.service, self.account, value, form=self._writer)
        return source


@dataclass(frozen=True, slots=True)
class KeepKernelSecret:
    """Writes a credential that a program left in the kernel's memory into the keychain."""

    kind: ClassVar[str] = "keep-kernel-secret"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    key: str
    """The key's name in the kernel's keyring."""
    service: str
    username: str
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Keep {shown(self.service, self.username)} in the keychain"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Refuses where the keychain has it, or the kernel has forgotten it."""
        self._make_sure(world)
        return [
            Change(
                shown(self.service, self.username),
                "in the kernel's memory alone, gone when the computer restarts",
                "in the keychain; the kernel's copy stays until then",
            )
        ]

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Copies it."""
        value = self._make_sure(world)
        return write(world, self.service, self.username, self.undo_id, [], value)

    def verify(self, world: RecoveryWorld) -> None:
        """Exactly one entry has the name, and it holds what was written."""
        verify_written(world, self.service, self.username, self.undo_id)

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Deletes the copy, unless it was changed meanwhile, or is the only one by now."""
        found = matches(world, self.service, self.username)
        if any(is_sealed(world, self.undo_id, each.secret) for each in found) and self._value() is None:
            raise RecoveryError(
                "the kernel has forgotten its copy meanwhile, so the one in the keychain stays"
            )
        restore(world, self.undo_id, found)

    def _make_sure(self, world: RecoveryWorld) -> Secret:
        if matches(world, self.service, self.username):
            raise RecoveryError(f"{shown(self.service, self.username)} is in the keychain by now: look again")
        value = self._value()
        if not value:
            raise RecoveryError("the kernel has forgotten it meanwhile: store it anew")
        return value

    def _value(self) -> Secret | None:
        try:
            return read_left_behind(self.key)
        except KernelKeyringError as error:
            raise RecoveryError(str(error)) from error
