"""A credential stands in plain text in a server's entry: into the keychain with it, and a reference in its place."""

import re

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Reference, Server, Stage, Syntax
from recovery.model import Ask, AskKind, Remedy, Step
from recovery.planner import remedy


@remedy("reference.kind.plain-text", rank=40)
def move_to_keychain(finding: Finding, context: Context) -> Remedy | None:
    """Only where the launcher can serve it; what else stands in the way is said by the preview."""
    from diagnostics.text import clean

    found = _literal(finding, context)
    step = _step(*found, context) if found else None
    if found is None or step is None:
        return None
    reference, server = found
    asks = _asks(step)
    return Remedy(
        id="move-to-keychain",
        title=clean(f"Move {reference.field} of {server.name} into the keychain"),
        why=(
            "The value goes into the keychain and is read back, and only then a reference takes its place in the "
            "config; nothing else in the file changes. The server is started through `mcp-doctor run`, which gives it "
            "the value. What taking it back needs is kept inside the keychain."
        ),
        finding=finding.id,
        steps=(step,),
        asks=asks,
        recheck=(*checks_from(Stage.REFERENCE), "start.command", "start.handshake"),
    )


def _literal(finding: Finding, context: Context) -> tuple[Reference, Server] | None:
    for each in context.references:
        if each.key == finding.subject and each.syntax is Syntax.LITERAL:
            server = context.server(each.server_id)
            is_own = server.transport == "stdio" and server.scope not in {"managed", "extension"}
            is_served = each.field.startswith(("env.", "args["))
            return (each, server) if is_own and is_served and server.extension is None else None
    return None


def _step(reference: Reference, server: Server, context: Context) -> Step | None:
    from diagnostics.catalog.clients import client
    from diagnostics.configs.client_file import document_of, notation_of
    from diagnostics.configs.content import read_text
    from diagnostics.configs.document import SyntaxProblem
    from diagnostics.configs.edit import EditError, entry_path
    from diagnostics.context import SERVICE
    from diagnostics.model import Problem
    from diagnostics.stores import StoreError
    from diagnostics.tokens.masking import mask_pasted
    from recovery.entries import new_undo_id
    from recovery.migration import free_name, launcher_for, literal_at, name_for
    from recovery.steps.migration import MoveBesideOrReplace, MoveToKeychain

    one = client(server.client)
    notation = notation_of(server.path, one)
    try:
        content = read_text(server.path)
        if isinstance(content, Problem):
            return None
        document = document_of(content.text, notation)
        entry = entry_path(document, context.host, one, server.name, server.line, notation)
        if entry is None or any(mask_pasted(each) != each for each in (*entry, reference.field)):
            return None
        launcher = launcher_for(one, server, context.host)
        value = literal_at(content.text, notation, one, entry, reference.field, context.host)
        taken = {each.account: each.secret for each in context.store.entries() if each.service == SERVICE}
    except (OSError, SyntaxProblem, EditError, StoreError):
        return None
    same = sorted(name for name, secret in taken.items() if secret == value and _is_plain(name))
    name = name_for(reference, server)
    if value.reveal() in name or mask_pasted(name) != name:
        return None
    path = str(server.path)
    fields = (path, notation, one.id, entry, server.id, reference.field, SERVICE)
    if same and name not in same:
        name = same[0]
    if name in taken and taken[name] != value:
        other = free_name(name, server, set(taken))
        return MoveBesideOrReplace(*fields, name, launcher, new_undo_id(), other)
    return MoveToKeychain(*fields, name, launcher, new_undo_id())


def _asks(step: Step) -> tuple[Ask, ...]:
    from recovery.steps.migration import BESIDE, NAME, REPLACE, MoveBesideOrReplace

    if not isinstance(step, MoveBesideOrReplace):
        return ()
    return (
        Ask(
            NAME,
            AskKind.CHOICE,
            f"The keychain already holds another value as {step.username}. Which one is right?",
            "Other servers may use the one in the keychain.",
            (
                (BESIDE, f"both: store the config's value as {step.other}"),
                (REPLACE, f"the config's: replace {step.username} (its earlier value is kept for an undo)"),
            ),
        ),
    )


def _is_plain(name: str) -> bool:
    """Whether a name can stand in a reference as it is."""
    return re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", name) is not None
