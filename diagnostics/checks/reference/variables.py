"""Whether the variables that a server needs reach it: from the catalogue, its manifest, its own words and its code."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, check, fail, ok, skip, warn
from diagnostics.context import Context
from diagnostics.model import Server, Syntax
from diagnostics.presence import at_home, is_file
from diagnostics.text import listed

if TYPE_CHECKING:
    from diagnostics.servers.reach import Reach

if TYPE_CHECKING:
    from diagnostics.catalog.servers import KnownServer
    from diagnostics.servers.needs.known import Known
    from diagnostics.servers.needs.need import Need

_MOST_OPTIONAL = 8
_MOST_PLACES = 4
_MOST_CHOICES = 3
"""Ways to meet a need that a title names; all of them stand in the evidence."""


@check(of=Server, within=20)
def variables(context: Context, server: Server) -> Iterator[Verdict]:
    """Does the server get the variables that it needs?"""
    from diagnostics.references import unwrap
    from diagnostics.servers.child_environment import inherited_by
    from diagnostics.servers.reach import Reach

    if server.disabled or server.transport != "stdio" or server.command is None:
        return
    inner = unwrap(server)
    if inner.extension is not None:
        from diagnostics.bundles.extension import filled

        inner = filled(inner)
    words = [each.reveal() for each in inner.args]
    cwd = context.host.cwd if not inner.cwd else context.host.cwd / at_home(inner.cwd)
    env = inherited_by(server, context.host)
    known = context.packages.known(inner.command or "", words, env, cwd, context.host)
    reach = Reach(server, inner, known.started, context.host)
    if not known.is_known:
        yield skip("not-known")
        return
    asked = _Question(context, server, known, reach, words)
    yield asked.answer()
    yield from asked.misnamed()


class _Question:
    """One server, what is known of it, and what reaches it."""

    def __init__(
        self, context: Context, server: Server, known: "Known", reach: "Reach", words: Sequence[str]
    ) -> None:
        self._context = context
        self._server = server
        self._known = known
        self._reach = reach
        self._words = words
        self._named_for: set[str] = set()
        """Set variables that the answer has already named as meant for another."""

    def answer(self) -> Verdict:
        """What becomes of the needs."""
        known = self._known
        lacking = [need for need in known.needs if not self._is_met(need)]
        facts = {"server_name": known.name, "client": self._reach.client_name}
        if not known.needs:
            return ok("nothing-needed", evidence=self._optional(), **facts)
        if not lacking:
            return self._met(facts)
        told = {name for need in lacking for name in need.names if self._is_told_of(name)}
        lacking = [need for need in lacking if told.isdisjoint(need.names)]
        if not lacking:
            return skip("judged-elsewhere", names=", ".join(sorted(told)), **facts)
        if known.started.wrapper:
            return skip("by-wrapper", wrapper=known.started.wrapper, names=_listed(lacking), **facts)
        if known.catalogue is not None:
            there = next((each for each in known.catalogue.files if is_file(self._path(each))), None)
            if there is not None:
                return ok("by-file", file=there, **facts)
        return self._lacking(lacking, facts)

    def misnamed(self) -> Iterator[Verdict]:
        """Variables that are set and not read, where one is read that is nearly called so."""
        from diagnostics.servers.needs.near_miss import meant_for
        from diagnostics.servers.needs.need import is_of_the_system
        from diagnostics.servers.reach import Arrival

        unset = [name for name in self._known.reads if self._reach.arrival(name) is not Arrival.ARRIVES]
        if not self._known.whole and self._known.catalogue is None:
            return
        for name in self._reach.own:
            if name in self._known.reads or name in self._named_for or is_of_the_system(name):
                continue
            other = meant_for(name, unset, strictly=True)
            if other is not None:
                yield warn(
                    "misnamed",
                    "env_var_misnamed",
                    evidence=(f"{other}: {self._known.reads[other]}",),
                    set_name=name,
                    name=other,
                    server_name=self._known.name,
                )

    def _is_met(self, need: "Need") -> bool:
        from diagnostics.servers.needs.need import Source

        if any(word.partition("=")[0] in need.options for word in self._words):
            return True
        if need.source is Source.CODE and self._has_credential_argument():
            return True
        return any(self._reach.arrives(choice) for choice in need.choices)

    def _is_told_of(self, name: str) -> bool:
        """Whether the entry hands the variable on by name, so that `reference.environment` tells why it is missing."""
        return name not in self._server.env and any(
            each.syntax is Syntax.ENV and each.name == name and not each.spelling
            for each in self._server.references
        )

    def _has_credential_argument(self) -> bool:
        """Code that reads a variable often takes an argument in its place."""
        return any(
            word.startswith("--")
            and any(part in word.casefold() for part in ("key", "token", "secret", "pat", "dsn"))
            for word in self._words
        )

    def _met(self, facts: dict[str, str]) -> Verdict:
        known = self._known
        by_option = next(
            (
                word.partition("=")[0]
                for word in self._words
                if known.catalogue and word.partition("=")[0] in known.catalogue.options
            ),
            "",
        )
        reached = [name for need in known.needs for name in self._through(need)]
        if by_option and not reached:
            return ok("by-option", option=by_option, **facts)
        waiting = [name for name in reached if self._value_is_judged_elsewhere(name)]
        if waiting:
            return skip("judged-elsewhere", names=", ".join(waiting), **facts)
        return ok("reach", evidence=self._optional(), names=", ".join(dict.fromkeys(reached)), **facts)

    def _through(self, need: "Need") -> tuple[str, ...]:
        return next((choice for choice in need.choices if self._reach.arrives(choice)), ())

    def _value_is_judged_elsewhere(self, name: str) -> bool:
        """Whether what stands in the variable is no value yet: a stand-in, or a reference that may be unset."""
        for each in self._server.references:
            if each.field != f"env.{name}":
                continue
            if each.syntax is Syntax.PLACEHOLDER:
                return True
            if each.syntax is Syntax.ENV and not self._context.value_of(each):
                return True
            if each.syntax is Syntax.ENV and not (each.expanded_by_client or self._server.launcher):
                return True
        return False

    def _lacking(self, lacking: "Sequence[Need]", facts: dict[str, str]) -> Verdict:
        from diagnostics.servers.needs.near_miss import meant_for
        from diagnostics.servers.needs.need import Source
        from diagnostics.servers.reach import Arrival

        known = self._known
        definite = [need for need in lacking if need.established]
        shown = definite or list(lacking)
        need = shown[0]
        name = self._wanted(need)
        words_of = known.catalogue
        facts |= {
            "names": _listed(shown),
            "name": name,
            "entry": name.lower(),
            "note": _said_of(words_of),
            "reload": client(self._server.client).reload,
        }
        evidence = [f"{each}: {each.evidence}" for each in shown]
        evidence += [
            f"{each} is read at {known.reads[each]}"
            for one in shown
            for each in sorted(one.names)
            if one.source is Source.CATALOGUE and known.reads.get(each, one.evidence) != one.evidence
        ][:_MOST_PLACES]
        starts = words_of is not None and words_of.starts_without
        outside = [
            each
            for one in shown
            for each in sorted(one.names)
            if self._reach.arrival(each) is Arrival.OUTSIDE
        ]
        if outside:
            return fail(
                "not-into-container", "env_var_missing", evidence=evidence, **facts | {"name": outside[0]}
            )
        verdict = fail if definite and not starts else warn
        for each in self._reach.own:
            meant = (
                None
                if each in known.reads
                else meant_for(each, [one for some in shown for one in sorted(some.names)])
            )
            if meant is not None:
                self._named_for.add(each)
                return verdict(
                    "missing-misnamed",
                    "env_var_misnamed",
                    evidence=evidence,
                    **facts | {"set_name": each, "name": meant},
                )
        kept = [
            one
            for some in shown
            for one in sorted(some.names)
            if self._reach.arrival(one) is Arrival.KEPT_BACK
        ]
        if kept:
            return verdict(
                "missing-kept-back",
                "env_var_missing",
                evidence=evidence,
                **facts | {"name": kept[0], "entry": kept[0].lower()},
            )
        if not definite:
            return warn("missing-perhaps", "env_var_missing", evidence=evidence, **facts)
        if starts:
            return warn("missing-but-starts", "env_var_missing", evidence=evidence, **facts)
        return fail("missing", "env_var_missing", evidence=evidence, **facts)

    def _wanted(self, need: "Need") -> str:
        """The variable to name in the fix: of the way that most is there of, first what holds a credential."""
        from diagnostics.tokens.secret_name import names_secret

        def there(choice: Sequence[str]) -> int:
            return sum(self._reach.arrives([name]) for name in choice)

        best = max(need.choices, key=there)
        lacking = [name for name in best if not self._reach.arrives([name])]
        return next((name for name in lacking if names_secret(name)), lacking[0])

    def _optional(self) -> tuple[str, ...]:
        """The other variables it reads and does not get, as evidence; a few of them."""
        from diagnostics.servers.reach import Arrival

        needed = {name for need in self._known.needs for name in need.names}
        unset = [
            name
            for name in self._known.reads
            if name not in needed and self._reach.arrival(name) is not Arrival.ARRIVES
        ]
        if not unset:
            return ()
        return (f"also read, not set: {listed(unset, _MOST_OPTIONAL)}",)

    def _path(self, text: str) -> Path:
        home = self._context.host.home
        if text.startswith("~/"):
            return home / text[2:]
        return Path(self._reach.inner.cwd or self._context.host.cwd) / text


def _said_of(one: "KnownServer | None") -> str:
    """What the catalogue adds: how it fails in use, another way to sign in."""
    if one is None:
        return ""
    login = f"Its own login is another way: {one.login}" if one.login else ""
    return " ".join(filter(None, (one.late, one.note, login)))


def _listed(needs: "Sequence[Need]") -> str:
    return " and ".join(map(_shortened, needs))


def _shortened(need: "Need") -> str:
    if len(need.choices) <= _MOST_CHOICES:
        return str(need)
    first = replace(need, choices=need.choices[: _MOST_CHOICES - 1])
    return f"{first} (or {len(need.choices) - _MOST_CHOICES + 1} other ways)"
