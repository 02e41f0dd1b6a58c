"""The step that has a config's entries refer to the keychain for what they took from a file of variables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.catalog.clients import client
from diagnostics.configs.edit import EditError, Planned
from diagnostics.configs.text_edit import Edit
from diagnostics.text import clean
from recovery.config_file import Look, clear, exchange
from recovery.edit_record import note_edits, noted_edits, take_back
from recovery.entry_writing import default, matches, shown
from recovery.migration import see_it_start
from recovery.model import Answers, Change, HalfDoneError, RecoveryError, Risk
from recovery.ports import RecoveryWorld
from recovery.undo_copies import forget
from recovery.variable_file import look_at, value_in


@dataclass(frozen=True, slots=True)
class ReferToVariables:
    """Has entries of one config get variables by references to the keychain, behind the launcher."""

    kind: ClassVar[str] = "refer-to-variables"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    path: str
    notation: str
    client: str
    entries: tuple[tuple[str, ...], ...]
    """For each: its way in the config."""
    servers: tuple[str, ...]
    """For each: its server's name."""
    launchers: tuple[tuple[str, ...], ...]
    """For each: what starts the launcher, up to `--`; () = the entry starts it already."""
    wanted: tuple[tuple[str, ...], ...]
    """For each: the variables that it gets."""
    variables: tuple[str, ...]
    usernames: tuple[str, ...]
    """For each variable: the entry in the keychain."""
    service: str
    source: str
    dialect: str
    """The file that the variables came from until now."""
    undo_id: str

    @property
    def title(self) -> str:
        """See `Step`."""
        return f"Refer to the keychain in {clean(self.path, 120)}"

    def preview(self, world: RecoveryWorld) -> list[Change]:
        """Each place of each entry."""
        default(world)
        _, plans = self._planned(world)
        changes = []
        for server, launcher, planned in zip(self.servers, self.launchers, plans, strict=True):
            name = clean(server, 60)
            if planned.fields:
                fields = ", ".join(clean(each, 80) for each in planned.fields)
                after = ", ".join(self._references().values())
                changes.append(Change(f"{clean(self.path, 200)}: {name}, {fields}", "from outside", after))
            if planned.wraps:
                words = clean(" ".join(launcher))
                changes.append(
                    Change(
                        f"{clean(self.path, 200)}: {name}, the command",
                        "the server's own",
                        f"{words} and then the server's own",
                    )
                )
        return changes

    def apply(self, world: RecoveryWorld, answers: Answers) -> Mapping[str, str]:
        """Makes sure that the keychain has what is referred to, notes the way back, edits the config."""
        collection = default(world)
        for username in self.usernames:
            if len(matches(world, self.service, username)) != 1:
                raise RecoveryError(f"{shown(self.service, username)} is not in the keychain")
        before, plans = self._planned(world)
        rounds: list[Sequence[Edit]] = [each.edits for each in plans]
        try:
            new = note_edits(world, self.undo_id, collection, before, rounds, {})
            exchange(before, new, self._mark, world.host.uid)
        except RecoveryError as error:
            raise HalfDoneError(str(error)) from error
        told = [clean(client(self.client).reload), *see_it_start(self.servers)]
        return {"undo_id": self.undo_id, "tell": "\n".join(told)}

    def verify(self, world: RecoveryWorld) -> None:
        """The config is as it was written."""
        record = noted_edits(world, self.undo_id)
        if record is None:
            raise RecoveryError("the config was not edited yet")
        if look_at(world, self.path).digest != record["new"]:
            raise RecoveryError(f"{clean(self.path)} is not as it was written")

    def undo(self, world: RecoveryWorld, kept: Mapping[str, str]) -> None:
        """Gives the config its old content back; refuses while the variables are not where it took them from."""
        default(world)
        record = noted_edits(world, self.undo_id)
        if record is None:
            forget(world, self.undo_id)
            return
        now = look_at(world, self.path)
        clear(now.path, self._mark)
        if now.digest != record["old"] and not self._never_edited(now):
            for variable in self.variables:
                value_in(world, self.source, variable, self.dialect)
            by_hand = "By hand: take the references to the keychain out of it"
            take_back(now, record, self._mark, world.host.uid, by_hand)
        forget(world, self.undo_id)

    def recall(self) -> Mapping[str, str]:
        """What `apply` would have returned, where a crash came before that was recorded."""
        return {"undo_id": self.undo_id}

    @property
    def _mark(self) -> str:
        return f"mcp-doctor-{self.undo_id}"

    def _references(self) -> dict[str, str]:
        named = zip(self.variables, self.usernames, strict=True)
        return {variable: f"${{SECRET:{username}}}" for variable, username in named}

    def _never_edited(self, now: Look) -> bool:
        text = now.text()
        return not any(each in text for each in self._references().values())

    def _planned(self, world: RecoveryWorld) -> tuple[Look, list[Planned]]:
        from diagnostics.configs.variable_edit import plan_variables, server_at
        from recovery.migration import check_launch

        before = look_at(world, self.path)
        text, one = before.text(), client(self.client)
        plans = []
        try:
            for entry, launcher, wanted in zip(self.entries, self.launchers, self.wanted, strict=True):
                way = tuple(entry)
                server = server_at(text, self.notation, one, way, world.host)
                check_launch(server)
                references = {name: said for name, said in self._references().items() if name in wanted}
                planned = plan_variables(text, self.notation, one, way, references, launcher, world.host)
                plans.append(planned)
                text = planned.text
        except EditError as error:
            raise RecoveryError(f"{clean(self.path)}: {clean(str(error))}") from error
        return before, plans
