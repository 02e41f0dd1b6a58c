"""The value of one reference, from where it is kept."""

from collections.abc import Mapping

from diagnostics.host import Host
from diagnostics.model import Reference, Syntax
from diagnostics.secret import Secret
from diagnostics.servers.resolve import UnresolvedError
from diagnostics.stores import StoreError
from diagnostics.stores.one_entry import Entries

_UNREADABLE = {
    Syntax.OAUTH: "an OAuth login",
    Syntax.USER_CONFIG: "a value that only the client knows",
    Syntax.INPUT: "a value that only the client can ask for",
}


def value_of(reference: Reference, entries: Entries, host: Host, agreed: Mapping[str, str]) -> Secret | None:
    """What the reference stands for; None where its text is the value. In: `agreed`, the stores' other addresses.

    Raises:
        UnresolvedError: it has no value, or one that no server can get.
    """
    value: Secret | None
    match reference.syntax:
        case Syntax.LITERAL:
            return None
        case Syntax.PLACEHOLDER:
            raise UnresolvedError(
                reference, "env_placeholder_not_expanded", "still holds the placeholder of an example"
            )
        case Syntax.ENV:
            value = _variable(reference, host)
        case Syntax.SECRET:
            value = _entry(reference, entries)
        case _:
            value = _managed(reference, host, agreed)
    if "\0" in value.reveal():
        raise UnresolvedError(
            reference, "credential_corrupted", "holds a NUL character, so no server can get it"
        )
    return value


def _variable(reference: Reference, host: Host) -> Secret:
    name = reference.name or ""
    value = host.env.get(name)
    refers_to_itself = reference.field == f"env.{name}" and value is not None and value == reference.spelling
    if value is not None and not refers_to_itself and not (value == "" and reference.default is not None):
        return Secret(value)
    if reference.default is not None:
        return reference.default
    raise UnresolvedError(reference, "env_var_missing", f"needs the variable {name}, which is not set here")


def _entry(reference: Reference, entries: Entries) -> Secret:
    name = reference.name or ""
    try:
        found = entries.read(name)
    except StoreError as error:
        raise UnresolvedError(reference, error.cause, f"can't be read: {error}") from error
    if found is None:
        raise UnresolvedError(
            reference, "credential_not_found", "names an entry that the keychain does not have"
        )
    if not found.secret:
        raise UnresolvedError(reference, "credential_not_found", "names an entry that is empty")
    return found.secret


def _managed(reference: Reference, host: Host, agreed: Mapping[str, str]) -> Secret:
    """What another store keeps; its manager, and what that needs, is only loaded for a reference to it."""
    from diagnostics import managers
    from diagnostics.context import Options

    manager = managers.find(reference.syntax)
    if manager is None or reference.name is None:
        what = _UNREADABLE.get(reference.syntax, "something")
        raise UnresolvedError(
            reference, "credential_not_found", f"stands for {what}, which `run` can't read yet"
        )
    options = Options(provider_urls=agreed)
    question = managers.Question(reference.name, host, options, managers.LAUNCH_SECONDS, starting=True)
    answer = managers.ask(manager, question)
    if isinstance(answer, managers.Found):
        return answer.value
    own = {"name": reference.name, "spelling": reference.shown}
    said = managers.in_words(manager, answer, own)
    raise UnresolvedError(reference, answer.cause or "credential_not_found", f"has no value: {said}")
