"""Whether a variable that the config refers to is set, replaced and handed on."""

from diagnostics.catalog.clients import GENERIC, Client, client
from diagnostics.check import Verdict, check, fail, ok, warn
from diagnostics.context import Context
from diagnostics.model import Reference, Server, Syntax
from diagnostics.reference_syntax import find_references
from diagnostics.references import is_handed_on_by_docker, shell_expands


@check(of=Reference)
def environment(context: Context, reference: Reference) -> Verdict | None:
    """Is the variable set, and does its value get to the server?"""
    if reference.syntax is not Syntax.ENV or reference.name is None:
        return None
    server = context.server(reference.server_id)
    return _Question(context, reference, reference.name, server, client(server.client)).answer()


class _Question:
    def __init__(
        self, context: Context, reference: Reference, name: str, server: Server, one: Client
    ) -> None:
        self.reference = reference
        self.name = name
        self.server = server
        self.client = one
        self.value = context.host.env.get(name)
        self.reaches = one.inheritance.lets_through(name, context.host.platform.value)
        self.where = reference.field.split(".")[0].split("[")[0]
        self.facts = {
            "name": name,
            "client": one.name,
            "spelling": reference.shown,
            "reload": one.reload,
        }

    def answer(self) -> Verdict | None:
        if not self.reference.spelling:
            return self._by_name()
        if self.server.launcher or shell_expands(self.server, self.reference.field):
            return self._from_childs_environment("launcher" if self.server.launcher else "empty")
        if self.reference.expanded_by_client or self.client.id == GENERIC:
            return self._expanded(self.client.expansion.when_unset(self.where))
        if self._is_an_aside():
            return None
        forms = sorted(form for form in self.client.expansion.forms if "VAR" in form)
        own = ", ".join(forms) or "none at all"
        return fail("not-expanded", "env_placeholder_not_expanded", forms=own, **self.facts)

    def _by_name(self) -> Verdict | None:
        if not is_handed_on_by_docker(self.reference):
            return self._expanded(self.client.expansion.when_unset(self.where))
        if self.name in self.server.env:
            return None
        return self._from_childs_environment("docker")

    def _expanded(self, when_unset: str) -> Verdict:
        default = self.reference.default
        if self.value:
            return ok("set-here" if self.client.inheritance.desktop else "set", **self.facts)
        if default is not None and (self.value is None or ":-" in self.reference.spelling):
            return ok("default" if default else "default-empty", **self.facts)
        if self.value is not None:
            return fail("empty", "env_var_missing", **self.facts)
        return fail(f"unset-{when_unset}", "env_var_missing", **self.facts)

    def _from_childs_environment(self, when_unset: str) -> Verdict:
        """Where not the client replaces it but what it starts: the client's filter stands in between."""
        if self.value and self.reaches is False:
            return warn("filtered", "env_var_missing", **self.facts)
        return self._expanded(when_unset)

    def _is_an_aside(self) -> bool:
        """A `$NAME` somewhere within an argument: as likely part of a pattern or a query as a variable."""
        found = find_references(self.reference.spelling)
        is_bare = bool(found) and found[0].form == "$VAR"
        return is_bare and self.where == "args" and self.reference.text.reveal() != self.reference.spelling
