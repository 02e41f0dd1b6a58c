"""An entry that took variables from outside refers to the keychain for them instead."""

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath

from diagnostics.catalog.clients import Client
from diagnostics.configs.client_file import document_of
from diagnostics.configs.container_words import container_variables
from diagnostics.configs.document import Path, SyntaxProblem
from diagnostics.configs.edit import EditError, Planned, plan_entry
from diagnostics.configs.entry_edit import EntryEdit, at_way
from diagnostics.host import Host
from diagnostics.model import Reference, Server, Syntax


def plan_variables(
    text: str,
    notation: str,
    one: Client,
    entry: Path,
    references: Mapping[str, str],
    launcher: Sequence[str],
    host: Host,
) -> Planned:
    """Has the entry get each variable by a reference to the keychain.

    In: variable -> `${SECRET:…}`; the rest as for `edit.plan`. Where the entry names the variable, the reference
    takes that place; else the entry gets the variable as its own.

    Raises:
        EditError: the entry is not as expected, or can't be served by the launcher; the text says which.
    """
    server = server_at(text, notation, one, entry, host)
    if server.transport != "stdio" or server.command is None:
        raise EditError(
            f"{server.name} is reached by its address, so its client itself fills in the credential and "
            "mcp-doctor can't hand it over: change that entry first"
        )

    def change(work: EntryEdit) -> list[str]:
        fields: list[str] = []
        own: dict[str, str] = {}
        for name, reference in references.items():
            named = [each for each in server.references if each.syntax is Syntax.ENV and each.name == name]
            for each in named:
                fields += _refer(work, server, each, reference, own)
            if not named and name not in server.env:
                own[name] = reference
        if own:
            work.set_variables(own)
            _reach_container(work, server, list(own))
            fields += [f"env.{name}" for name in own]
        return list(dict.fromkeys(fields))

    return plan_entry(text, notation, one, entry, launcher, change)


def server_at(text: str, notation: str, one: Client, entry: Path, host: Host) -> Server:
    """The server of an entry, with its references. Raises EditError where it can't be read."""
    from diagnostics.configs.entry import EntryReader
    from diagnostics.references import with_references

    if notation not in {"json", "toml", "yaml"}:
        raise EditError(
            f"files in {notation.upper()} are not edited: change the entry where its program shows it"
        )
    try:
        document = document_of(text, notation)
    except SyntaxProblem as error:
        raise EditError("the file can't be parsed") from error
    row = at_way(document.data, entry)
    if not isinstance(row, Mapping):
        raise EditError("the entry is no longer there")
    reader = EntryReader(one, document, FilePath(f"config.{notation}"), entry, "", entry[-1], row)
    return with_references(reader.read(), one, host)


def _refer(
    work: EntryEdit, server: Server, each: Reference, reference: str, own: dict[str, str]
) -> list[str]:
    """Puts the reference where the variable is named. Out: the fields; a variable to be set goes to `own`."""
    from diagnostics.references import child_expands, shell_expands

    name = each.name or ""
    place, _, rest = each.field.partition(".")
    listed = work.client.fields.env_names
    if each.spelling and place == "env":
        work.put_in((*work.client.fields.env.split("."), rest), each.spelling, reference)
        return [each.field]
    if each.spelling and place.startswith("args["):
        if not child_expands(server, each) and not shell_expands(server, each.field):
            work.put_in(work.way_of_argument(int(place[5:-1])), each.spelling, reference)
            return [each.field]
    elif listed and place.startswith(f"{listed}["):
        work.drop_from_list((listed,), name)
    elif not place.startswith("args["):
        raise EditError(
            f"{each.field} takes {name} from the environment in a place that mcp-doctor does not fill in: change that "
            "entry first"
        )
    if name not in server.env:
        own[name] = reference
    return []


def _reach_container(work: EntryEdit, server: Server, names: Sequence[str]) -> None:
    """`docker run` hands nothing on that it is not told of."""
    passed = container_variables(server.command, [each.reveal() for each in server.args])
    if passed is not None and (left := [name for name in names if name not in passed.names]):
        work.hand_on(left)
