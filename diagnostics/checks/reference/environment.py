"""Whether a variable that the config refers to is set, replaced and handed on."""

import re

from diagnostics.catalog.clients import GENERIC, Client, client
from diagnostics.check import Verdict, check, fail, ok, skip, unknown, warn
from diagnostics.checks.reference.expansion import wrapped_lines
from diagnostics.configs.location import expand
from diagnostics.context import Context
from diagnostics.model import Platform, Reference, Server, Syntax
from diagnostics.stores import StoreError

_PREFERRED = (
    "${env:VAR}", "${VAR}", "{env:VAR}", "${{ secrets.NAME }}", "$VAR", "%VAR%", "${file:PATH}", "{file:PATH}",
)  # fmt: skip


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
        from diagnostics.client_variables import look_up
        from diagnostics.reference_syntax import find_placeholders

        self.context = context
        self.reference = reference
        self.name = name
        self.server = server
        self.client = one
        self.system = context.host.platform.value
        self.exported = context.host.env.get(name)
        known = look_up(name, one, context.host, context.env_file)
        self.value = None if known is None else known.value
        rules = one.inheritance.under(context.host.env)
        self.reaches = rules.lets_through(name, self.system, self.exported or "")
        self.where = reference.field.split(".")[0].split("[")[0]
        self.place = reference.field.partition(".")[2]
        found = find_placeholders(reference.spelling)
        self.form = found[0].form if found else ""
        self.facts = {
            "name": name,
            "client": one.name,
            "spelling": reference.shown,
            "reload": one.reload,
            "file": str(known.source) if known and known.source else "",
        }

    def answer(self) -> Verdict | None:
        from diagnostics.references import child_expands, shell_expands

        if not self.reference.spelling:
            return self._by_name()
        if child_expands(self.server, self.reference):
            return self._by_the_bridge()
        if self.server.launcher or shell_expands(self.server, self.reference.field):
            return self._from_childs_environment("launcher" if self.server.launcher else "empty")
        if self.form == "%VAR%" and self.context.host.platform is not Platform.WINDOWS:
            return None  # elsewhere percent signs are as likely part of a format or an address
        if self.reference.expanded_by_client or self.client.id == GENERIC:
            return self._expanded(self.client.expansion.when_unset(self.where))
        if self._is_an_aside():
            return None
        if not self.client.expansion.established:
            if self.value is None:
                return self._expanded("unknown")
            if not self._may_be_credential():
                return skip("no-credential", **self.facts)
            return unknown("perhaps-not-expanded", "env_placeholder_not_expanded", **self.facts)
        return self._not_expanded()

    def _by_name(self) -> Verdict | None:
        from diagnostics.references import is_handed_on_by_docker

        if is_handed_on_by_docker(self.reference):
            return None if self.name in self.server.env else self._from_childs_environment("docker")
        if self.client.fields.env_names_upper and self.where == self.client.fields.env_names:
            return self._from_goose()
        return self._expanded(self.client.expansion.when_unset(self.where))

    def _from_goose(self) -> Verdict | None:
        """Looked up in the entry's own variables, in the environment (in capitals), in the client's own secrets."""
        if self.name in self.server.env:
            return None
        if self.context.host.env.get(self.name.upper()):
            return ok("set", **self.facts)
        kept = _kept_by_goose(self.context)
        if kept is None:
            return unknown("own-store-not-read", "env_var_missing", **self.facts)
        if self.name in kept or self.name.upper() in kept:
            return ok("in-own-store", **self.facts)
        return fail("unset-error", "env_var_missing", **self.facts)

    def _by_the_bridge(self) -> Verdict | None:
        """`mcp-remote --header "X: ${NAME}"`: the client's turn first, then the bridge's, from what it was given."""
        if self.name in self.server.env:
            return None
        if self.reference.expanded_by_client and self.value:
            return self._expanded("literal")
        if self.exported and self.reaches is False:
            return warn("filtered", "env_var_missing", **self.facts)
        if self.exported:
            return ok("set-here" if self.client.inheritance.desktop else "set", **self.facts)
        return fail("unset-bridge", "env_var_missing", **self.facts)

    def _expanded(self, when_unset: str) -> Verdict:
        from diagnostics.client_variables import approved_names

        default = self.reference.default
        approved = approved_names(self.client, self.context.host) if self.client.expansion.approved else None
        is_told = self.server.scope != "named" and not self._is_harmless()
        if self.value and self.client.expansion.approved and is_told and self.name not in (approved or ()):
            return skip("approval-tells", **self.facts)  # `config.approval` has the same two answers
        if self.value and approved is not None and self.name not in approved:
            return self._left("not-approved")
        if self.value and self.client.expansion.approved and approved is None:
            if not self._may_be_credential():
                return skip("no-credential", **self.facts)
            return unknown("perhaps-not-approved", "env_placeholder_not_expanded", **self.facts)
        if self.value and self.facts["file"]:
            return ok("set-in-file", **self.facts)
        if self.value:
            return self._set_in_session()
        if default is not None and (self.value is None or ":-" in self.reference.spelling):
            return ok("default" if default else "default-empty", **self.facts)
        if self.value is not None:
            return fail("empty", "env_var_missing", **self.facts)
        if self.client.expansion.only_env_files:
            return fail("not-in-files", "env_var_missing", files=self._files(), **self.facts)
        return fail(f"unset-{when_unset}", "env_var_missing", **self.facts)

    def _set_in_session(self) -> Verdict:
        here = self.context.host.platform is not Platform.WINDOWS  # there the registry keeps variables
        if here and self.exported and self._may_be_credential() and not self._is_set_by_a_profile():
            entry = re.sub(r"[^a-z0-9]+", "_", self.name.lower()).strip("_")
            return ok("set-nowhere-kept", entry=entry or "token", **self.facts)
        return ok("set-here" if self.client.inheritance.desktop else "set", **self.facts)

    def _is_set_by_a_profile(self) -> bool:
        """Whether a shell's profile may set it; one that can't be read may."""
        from diagnostics.plain.assigned_line import dialect_of, may_set
        from diagnostics.plain.exposed import UnreadableError, text_of
        from diagnostics.plain.source import profiles

        for path in profiles(self.context.host):
            try:
                content = text_of(path)
            except UnreadableError:
                return True
            if content is not None and may_set(content.text, self.name, dialect_of(path)):
                return True
        return False

    def _files(self) -> str:
        listed = []
        for written in self.client.expansion.env_files:
            paths = expand(written, self.context.host) if written[0] in "~$/" else [written]
            listed += [str(each) for each in paths]
        return ", ".join(listed)

    def _from_childs_environment(self, when_unset: str) -> Verdict:
        """Where not the client replaces it but what it starts: the client's filter stands in between."""
        if self.exported and self.reaches is False:
            return warn("filtered", "env_var_missing", **self.facts)
        return self._expanded(when_unset)

    def _not_expanded(self) -> Verdict:
        from diagnostics.references import notation_of

        rules = self.client.expansion
        notation = notation_of(self.server)
        fitting = [
            form
            for form in _PREFERRED
            if "PATH" not in form and rules.expands(form, self.where, self.system, notation)
        ]
        facts = {**self.facts, "forms": ", ".join(sorted(fitting)) or "none at all"}
        if instead := self._instead(fitting):
            return self._left("not-expanded", instead=instead, **facts)
        if self._is_harmless():
            return self._left("")
        if self.server.command is None or self.server.transport != "stdio":
            return fail("not-expanded-remote", "env_placeholder_not_expanded", field_name=self.where, **facts)
        command_line, args_line = wrapped_lines(self.server, self.client)
        lines = {"command_line": command_line, "args_line": args_line}
        return fail("not-expanded-anywhere", "env_placeholder_not_expanded", **lines, **facts)

    def _left(self, outcome: str, **facts: str) -> Verdict:
        """The client leaves the text as it is: a broken link for a credential, else a slip that is worth a word."""
        if self._is_harmless():
            slip = "harmless-other-notation" if "instead" in facts else "harmless-not-expanded"
            return warn(slip, "env_placeholder_not_expanded", **{**self.facts, **facts})
        return fail(outcome, "env_placeholder_not_expanded", **{**self.facts, **facts})

    def _is_harmless(self) -> bool:
        """Whether the variable is the system's own, and stands where no credential belongs."""
        from diagnostics.servers.needs.need import is_harmless
        from diagnostics.tokens.secret_name import names_secret

        return is_harmless(self.name) and not names_secret(self.place)

    def _may_be_credential(self) -> bool:
        """Whether a credential hangs on the variable: by its name, the place it is for, or its value's looks."""
        from diagnostics.servers.needs.need import is_harmless
        from diagnostics.tokens.plain_text import named_value
        from diagnostics.tokens.secret_name import names_secret

        if names_secret(self.name) or names_secret(self.place):
            return True
        return not is_harmless(self.name) and named_value(self.name, self.value or "") is not None

    def _instead(self, fitting: list[str]) -> str:
        """What to write for this client in this place; "" where it has nothing of the kind."""
        names = self.client.fields
        if fitting:
            return fitting[0].replace("VAR", self.name).replace("NAME", self.name)
        equals, opened = (
            ("=", f'["{self.name}"]') if self.client.format == "toml" else (":", f"[{self.name}]")
        )
        if self.where == "env" and names.env_names:
            return f"{names.env_names} {equals} {opened}".replace(" :", ":")
        if (
            self.where == "headers"
            and names.bearer_env
            and self.reference.text.reveal().startswith("Bearer ")
        ):
            return f'{names.bearer_env} = "{self.name}"'
        if self.where == "headers" and names.env_headers:
            return f'{names.env_headers} = {{ "{self.reference.field.removeprefix("headers.")}" = "{self.name}" }}'
        return ""

    def _is_an_aside(self) -> bool:
        """A `$NAME` somewhere within an argument: as likely part of a pattern or a query as a variable."""
        is_bare = self.form == "$VAR"
        return is_bare and self.where == "args" and self.reference.text.reveal() != self.reference.spelling


def _kept_by_goose(context: Context) -> frozenset[str] | None:
    """The names in Goose's own secrets: one keychain entry with them all; None where it can't be read."""
    import json

    if context.host.env.get("GOOSE_DISABLE_KEYRING") is not None:
        return _in_goose_file(context)
    try:
        entries = context.store.entries()
    except StoreError:
        return None
    for each in entries:
        if each.service == "goose" and each.account == "secrets":
            if each.secret is None:
                return None
            try:
                said = json.loads(each.secret.reveal())
            except ValueError:
                return None
            return frozenset(said) if isinstance(said, dict) else None
    return frozenset()


def _in_goose_file(context: Context) -> frozenset[str] | None:
    from diagnostics.configs.content import read_text
    from diagnostics.configs.document import SyntaxProblem
    from diagnostics.configs.location import paths_of
    from diagnostics.configs.yaml_document import YamlDocument
    from diagnostics.model import Problem

    for config in paths_of(client("goose").places[0], context.host):
        try:
            content = read_text(config.with_name("secrets.yaml"))
            return None if isinstance(content, Problem) else frozenset(YamlDocument(content.text).data)
        except FileNotFoundError:
            return frozenset()
        except SyntaxProblem:
            return None
    return frozenset()
