"""What the remedies of single entries share: the reference that a finding is about, and how to ask for its token."""

from diagnostics.check import checks_from
from diagnostics.context import SERVICE, Context
from diagnostics.model import Finding, Reference, Stage, Syntax
from diagnostics.stores import Entry, StoreError
from diagnostics.text import clean
from recovery.model import Ask, AskKind, Remedy, Step
from recovery.steps.entry import TOKEN


def reference_of(finding: Finding, context: Context) -> tuple[Reference, str] | None:
    """The reference to our keychain that the finding is about, with the entry's name; None for any other."""
    for each in context.references:
        if each.key == finding.subject and each.syntax is Syntax.SECRET and each.name:
            return each, each.name
    return None


def entries_of(name: str, context: Context) -> list[Entry]:
    """The entries of that name, [] where the store can't be read."""
    try:
        return list(context.entries_named(name))
    except StoreError:
        return []


def env_name_of(reference: Reference) -> str:
    """The variable that the server reads the value from, "" = it is no variable."""
    return reference.field.removeprefix("env.") if reference.field.startswith("env.") else ""


def ask_token(reference: Reference, name: str, context: Context, finding: Finding) -> Ask:
    """The question for the new value; `provider` says whose token it should be, as far as is known."""
    from diagnostics.catalog.providers import catalogue
    from diagnostics.tokens.credential import credential_of

    named = [*catalogue().named_by(env_name_of(reference)), *catalogue().named_by(name)]
    provider = named[0].id if named else finding.facts.get("provider_id")
    if provider is None:
        found = credential_of(context, reference)
        provider = found.provider_id if found else None
    where = finding.facts.get("rotation_url", "")
    hint = f"A new one is made at {where}" if where.startswith("https://") else ""
    return Ask(TOKEN, AskKind.TOKEN, f"New value for {clean(name)}", hint, provider=provider)


def entry_remedy(
    name: str, finding: Finding, step: Step, why: str, asks: tuple[Ask, ...] = (), title: str = ""
) -> Remedy:
    """A remedy of one step on one entry."""
    return Remedy(
        id=name,
        title=clean(title or step.title),
        why=clean(why),
        finding=finding.id,
        steps=(step,),
        asks=asks,
        recheck=checks_from(Stage.LOOKUP),
    )


__all__ = ["SERVICE", "ask_token", "entries_of", "entry_remedy", "env_name_of", "reference_of"]
