"""Starts the server as its client would, and says what happened."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, check, fail, ok, skip, warn
from diagnostics.context import Context
from diagnostics.model import Server
from diagnostics.secret import Secret
from diagnostics.text import clean_lines

if TYPE_CHECKING:
    from diagnostics.servers.launch import StartResult

if TYPE_CHECKING:
    from diagnostics.explain import Match
    from diagnostics.servers.needs.need import Need

_AT_ONCE = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))
"""Servers started at a time: more would only slow each other down until they look hung."""
_SURE = 0.6
"""Confidence from which an explanation stands for the bare exit code."""


@check(
    of=Server,
    needs=("start.command", "lookup.entry", "config.extension"),
    within=600.0,  # waiting for its turn included; each start has a limit of its own
    asks="start",
)
def answers(context: Context, server: Server) -> Verdict:
    """Does the server start and answer?"""
    from diagnostics.bundles.extension import filled
    from diagnostics.checks.browser_login import instead_of_a_browser
    from diagnostics.checks.remote_start import at_its_address
    from diagnostics.references import unwrap, with_home
    from diagnostics.servers.browser import without_browser
    from diagnostics.servers.built_in_node import needs_built_in_node
    from diagnostics.servers.child_environment import inherited_by
    from diagnostics.servers.launch import TEARDOWN, handshake, seconds_for
    from diagnostics.servers.needs.words import still_needed
    from diagnostics.servers.remote_target import given
    from diagnostics.servers.resolve import UnresolvedError, resolve

    if server.disabled:
        return skip("disabled")
    if server.transport != "stdio" or server.command is None:
        return at_its_address(context, server)
    if server.extension is not None and not server.extension.is_installed:
        return skip("not-installed")
    if needs_built_in_node(server, context.host):
        return skip("built-in-node", client=client(server.client).name)
    try:
        launch = resolve(
            filled(unwrap(with_home(server, client(server.client), context.host))),
            lambda each: given(context, server, each),
            inherited_by(server, context.host),
            inherited_wins=client(server.client).inheritance.overrides_entry,
            platform=context.host.platform,
        )
    except UnresolvedError as error:
        return skip("unresolved", reference=error.reference.shown, place=error.reference.field)
    for secret in launch.secrets:
        context.scrubber.learn(secret)
    _learn_env_file(context, server)
    said = instead_of_a_browser(context, server, launch)
    if said is not None:
        return said
    asked = context.options.timeout
    seconds = seconds_for(launch) if asked is None else max(1.0, asked - TEARDOWN)
    launch = without_browser(launch, server)
    with _AT_ONCE:
        result = handshake(launch, context.host, seconds)
    spoken = "\n".join((*result.noise, result.stderr, result.tools_error))
    return _Reading(context, result, seconds, still_needed(spoken, launch.env)).verdict()


def _learn_env_file(context: Context, server: Server) -> None:
    """So that a credential which only the entry's env file holds does not show in what the server prints."""
    from diagnostics.servers.env_file import EnvFileError, variables_of
    from diagnostics.tokens.plain_text import named_value

    try:
        values = variables_of(server, context.host)
    except EnvFileError:
        return
    for name, value in values.items():
        if named_value(name, value) is not None:
            context.scrubber.learn(Secret(value))


@dataclass(frozen=True, slots=True)
class _Reading:
    """One start's result, put into a verdict."""

    context: Context
    result: "StartResult"
    seconds: float
    lacking: "Sequence[Need]" = ()
    """What it says that it misses, and was not given."""

    def verdict(self) -> Verdict:
        from diagnostics.servers.launch import Outcome

        result = self.result
        facts = {"seconds": f"{self.seconds * 0.75:.0f}", "took": f"{result.seconds:.1f}"}
        match result.outcome:
            case Outcome.ANSWERED:
                return self._answered(facts)
            case Outcome.EXITED:
                return self._exited(facts)
            case Outcome.POLLUTED if result.endless:
                return fail("flooded", "stdout_pollution", evidence=self._noise(), **facts)
            case Outcome.POLLUTED:
                return fail("polluted", "stdout_pollution", evidence=self._noise(), **facts)
            case Outcome.HUNG:
                return self._hung(facts)
            case Outcome.REFUSED:
                evidence = (self._scrubbed(result.said), *self._errors(3))
                return fail("refused", "protocol_version_mismatch", evidence=evidence, **facts)
            case Outcome.NO_FOLDER:
                return fail("no-folder", "path_not_found", folder=result.said, **facts)
            case _:
                causes = {
                    Outcome.NOT_EXECUTABLE: "not_executable",
                    Outcome.WRONG_FORMAT: "binary_incompatible",
                }
                cause = causes.get(result.outcome, "command_not_found")
                said = result.said or result.outcome.value.replace("-", " ")
                return fail("not-started", cause, said=said, **facts)

    def _answered(self, facts: dict[str, str]) -> Verdict:
        result = self.result
        tools = "an unknown number of" if result.tools is None else str(result.tools)
        facts |= {
            "name": self._scrubbed(result.name) or "It",
            "version": self._scrubbed(result.version),
            "protocol": self._scrubbed(result.protocol),
            "tools": tools,
        }
        if result.noise:
            return warn("answered-with-noise", "stdout_pollution", evidence=self._noise(), **facts)
        if result.tools_error:
            return warn(
                "answered-without-tools",
                self._cause(result.tools_error, "env_var_missing"),
                evidence=(self._scrubbed(result.tools_error), *self._errors(3)),
                **facts,
            )
        if self.lacking:
            said = list(dict.fromkeys(self._scrubbed(each.evidence) for each in self.lacking))
            return warn("answered-but-wants", "env_var_missing", evidence=said, **facts | self._wanted())
        return ok("answered", **facts)

    def _exited(self, facts: dict[str, str]) -> Verdict:
        result = self.result
        code = result.exit_code or 0
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        match = self._explanation()
        evidence = self._errors(8) or self._noise()
        if self.lacking and (match is None or match.cause == "env_var_missing"):
            said = list(dict.fromkeys(self._scrubbed(each.evidence) for each in self.lacking))
            said += [each for each in evidence if each not in said]
            return fail(
                "exited-for-want", "env_var_missing", evidence=said, how=how, **facts | self._wanted()
            )
        if match is None:
            return fail("exited", "server_exited_early", evidence=evidence, how=how, **facts)
        return fail(
            "exited-because",
            match.cause,
            evidence=(match.evidence, *(each for each in evidence if each != match.evidence)),
            how=how,
            reason=match.title,
            why=match.why,
            what=" ".join(line.removeprefix("$ ").removeprefix("| ") for line in match.fix),
            **facts,
        )

    def _hung(self, facts: dict[str, str]) -> Verdict:
        match = self._explanation()
        if match is None:
            return fail("hung", "mcp_timeout", evidence=self._errors(5), **facts)
        evidence = (match.evidence, *self._errors(3))
        return fail(
            "hung-because", match.cause, evidence=evidence, reason=match.title, why=match.why, **facts
        )

    def _wanted(self) -> dict[str, str]:
        name = self.lacking[0].choices[0][0]
        names = " and ".join(str(each) for each in self.lacking)
        return {"names": names, "variable": name, "entry": name.lower()}

    def _explanation(self) -> "Match | None":
        """What its own words say, where that is clear enough."""
        from diagnostics.explain import explain

        said = self._scrubbed("\n".join((*self.result.noise, self.result.stderr)))
        found = explain(said, self.context.host)
        return found[0] if found and found[0].confidence >= _SURE else None

    def _cause(self, text: str, otherwise: str) -> str:
        from diagnostics.explain import explain

        found = explain(self._scrubbed(text), self.context.host)
        return found[0].cause if found else otherwise

    def _errors(self, most: int) -> tuple[str, ...]:
        return tuple(clean_lines(self._scrubbed(self.result.stderr), most))

    def _noise(self) -> tuple[str, ...]:
        return tuple(clean_lines(self._scrubbed("\n".join(self.result.noise[:3])), 3))

    def _scrubbed(self, text: str) -> str:
        """Scrubbed before it is cut anywhere: half a secret would not be recognised as one.

        The server has credentials that the config does not tell of: its shell's, its login's, those it was given.
        """
        from diagnostics.tokens.masking import mask_tokens

        return mask_tokens(self.context.scrubber.scrub(text))
