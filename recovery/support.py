"""Gathers a support bundle: the run's report, the host, configs as structure, failures, the trail's and history's sums.

What can't be had is named in the bundle and keeps nothing else out. Before a bundle leaves here it was swept: where a
secret, or what looks like one, is still in it there is no bundle.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnostics import __version__
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.model import Finding, Syntax
from diagnostics.report import Report
from diagnostics.secret import Secret
from diagnostics.support.bundle import Bundle, Part
from diagnostics.support.redaction import Redactor
from recovery.model import RecoveryError

_SECONDS = 20.0
"""For one part: it may read logs, or a disk that is away."""


class LeakError(RecoveryError):
    """The sweep found something in the finished bundle that must not be there; nothing was written."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person asked for."""

    keep_names: bool = False
    """Names of entries and servers stay as they are."""
    reasons: bool = False
    """What the audit trail says in free text is put in, redacted like everything else."""


def gather(
    context: Context, findings: Sequence[Finding], wanted: Wanted, now: datetime | None = None
) -> Bundle:
    """The bundle of a run. Blocks on slow disks, each part for a while at most: call it off the event loop.

    Raises:
        LeakError: the sweep found a secret, or what looks like one.
    """
    at = now or datetime.now(UTC)
    return _Gathering(context, findings, wanted, at).bundle()


def write(bundle: Bundle, place: Path, form: str) -> None:
    """Puts the bundle there, for its owner alone. In: `form`: `zip`, `folder` or `text`.

    Raises:
        RecoveryError: something has that name already, or it can't be written.
    """
    from recovery.new_file import write_new_file, write_new_folder

    if form == "folder":
        files = {name: text.encode("utf-8", "backslashreplace") for name, text in bundle.files().items()}
        write_new_folder(place, files)
    elif form == "text":
        write_new_file(place, bundle.as_text().encode("utf-8", "backslashreplace"))
    else:
        write_new_file(place, bundle.zipped())


class _Gathering:
    def __init__(self, context: Context, findings: Sequence[Finding], wanted: Wanted, at: datetime) -> None:
        self._context = context
        self._findings = findings
        self._wanted = wanted
        self._at = at
        self._parts: list[Part] = []
        self._missing: list[tuple[str, str]] = []
        self._secrets = self._all_secrets()
        self._redactor = self._made_redactor()

    def bundle(self) -> Bundle:
        from diagnostics.report import build, markdown
        from diagnostics.support.failures import failures
        from diagnostics.support.structure import structure
        from diagnostics.support.surroundings import surroundings
        from diagnostics.support.sweep import sweep

        context = self._context
        made: dict[str, Report] = {}

        def report() -> Report:
            from recovery.planner import names_for

            return build(context, self._findings, names_for, self._at)

        self._add("report.json", "every finding, for programs", report, keep=made)
        if "report.json" in made:
            self._add_text(
                "report.md",
                "the same for people; taken out is the same",
                lambda: markdown.render(made["report.json"]),
            )
        self._add("itself.json", "mcp-doctor about itself (check --self)", self._itself, keep=made)
        self._add("host.json", "versions, system, session", lambda: surroundings(context))
        self._add(
            "configs.json", "clients' config files as structure, without values", lambda: structure(context)
        )
        self._add("failures.json", "last failures of servers", lambda: failures(context))
        self._add("audit.json", "what mcp-doctor changed, in numbers", self._audit)
        self._add("history.json", "what the monitor saw, in numbers", self._history)
        kept = [
            words
            for asked, words in (
                (self._wanted.keep_names, "names of entries and servers (--keep-names)"),
                (self._wanted.reasons, "titles and reasons of the audit trail (--with-reasons)"),
            )
            if asked
        ]
        bundle = Bundle(self._at, __version__, tuple(self._parts), tuple(self._missing), tuple(kept))
        hits = sweep(bundle.files(), self._secrets)
        if hits:
            places = "; ".join(
                dict.fromkeys(f"{each.part}, line {each.line}: {each.what}" for each in hits[:5])
            )
            raise LeakError(
                f"nothing was written: the last look found what may be a credential in the bundle ({places}). "
                "This is a fault of mcp-doctor's redaction: please report it, without the bundle"
            )
        return bundle

    def _add(
        self, name: str, about: str, job: Callable[[], Any], keep: dict[str, Report] | None = None
    ) -> None:
        def text() -> str:
            data = self._redactor.data(job())
            if keep is not None:
                keep[name] = data
            return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

        self._add_text(name, about, text)

    def _add_text(self, name: str, about: str, job: Callable[[], str]) -> None:
        from diagnostics.deadline import DeadlineError, call_within

        self._redactor.replaced.clear()
        try:
            text = call_within(_SECONDS, job)
        except DeadlineError:
            self._missing.append((name, f"no answer within {_SECONDS:g} seconds"))
        except Exception as error:  # a broken host is what such a bundle is about
            self._missing.append((name, f"{type(error).__name__} while it was made"))
        else:
            if text:
                self._parts.append(Part(name, about, text, dict(self._redactor.replaced)))

    def _itself(self) -> Report:
        from diagnostics.itself.questions import examined
        from diagnostics.report import build

        context, findings = examined(self._context.host, self._context.options)
        return build(context, findings, lambda _finding: (), self._at)

    def _audit(self) -> dict[str, Any]:
        from recovery.journal import Journal
        from recovery.trail.ledger import ledger

        journal = Journal(self._context.host)
        found = journal.examine()
        rows = ledger(journal.records())
        kinds = Counter((_kind(row.records), row.state) for row in rows)
        told: dict[str, Any] = {
            "the trail holds": {True: "yes", False: "no", None: "could not be found out"}[found.holds],
            "records": found.records,
            "first": found.first,
            "last": found.last,
            "troubles": [
                {"line": each.line, "kind": each.kind} for each in (*found.troubles, *found.unknown)
            ],
            "notices": dict(Counter(each.kind for each in found.notices)),
            "operations": [
                {"kind": kind, "state": state, "count": count}
                for (kind, state), count in sorted(kinds.items())
            ],
        }
        if self._wanted.reasons:
            told["deeds"] = [
                {"at": row.at, "what": row.what, "why": row.why, "state": state, "error": row.error}
                for row in rows
                for state in (row.state,)
            ]
        return told

    def _history(self) -> dict[str, Any]:
        from diagnostics.history import read_history

        history = read_history(self._context.host)
        if history.trouble:
            self._missing.append(("history.json", f"the monitor's history: {history.trouble}"))
        last = history.rounds[-1] if history.rounds else None
        return {
            "rounds": len(history.rounds),
            "first": history.rounds[0].at.isoformat() if last else None,
            "last": last.at.isoformat() if last else None,
            "credentials": [
                {
                    "server": one.server,
                    "field": one.field,
                    "status": how.status.value if how else "gone",
                    "cause": how.cause or None if how else None,
                    "since": found[0].at.isoformat() if (found := history.since(key)) else None,
                }
                for key, one in history.credentials.items()
                for how in (last.states.get(key) if last else None,)
            ],
        }

    def _all_secrets(self) -> list[Secret]:
        """Every secret that this run knows; the scrubber learns those of the keychain and of variables here."""
        from diagnostics.stores import StoreError
        from diagnostics.support.surroundings import secrets_of
        from diagnostics.support.sweep import can_be_masked

        context = self._context
        found = [
            *secrets_of(context.host),
            *(each.text for each in context.references if each.syntax is Syntax.LITERAL),
        ]
        try:
            found += [each.secret for each in context.store.entries() if each.secret is not None]
        except StoreError:
            self._missing.append(
                ("names of entries", "the keychain can't be read, so that only configured ones are known")
            )
        except Exception as error:
            self._missing.append(("names of entries", f"the keychain can't be read ({type(error).__name__})"))
        for each in found:
            if can_be_masked(each):
                context.scrubber.learn(each)
        return [*found, *context.scrubber.learned]

    def _made_redactor(self) -> Redactor:
        from diagnostics.support.surroundings import computers, people

        context, host = self._context, self._context.host
        entries: list[str] = []
        servers: list[str] = []
        if not self._wanted.keep_names:
            entries, servers = _entries(context), _servers(context)
        return Redactor(context.scrubber, _homes(host), people(host), computers(host), entries, servers)


def _entries(context: Context) -> list[str]:
    found = [each.name for each in context.references if each.name and each.syntax is not Syntax.ENV]
    try:
        found += [each.account for each in context.store.entries()]
    except Exception:
        return _sorted(found)  # `names of entries` is among what is missing then
    return _sorted(found)


def _servers(context: Context) -> list[str]:
    return _sorted(server.name for file in context.files for server in file.servers)


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted({each for each in names if each})


def _homes(host: Host) -> list[str]:
    """The home folder as it is named, and as it is called where links lead."""
    found = [str(host.home)]
    try:
        found.append(str(host.home.resolve()))
    except (OSError, RuntimeError):
        return found
    return found


def _kind(records: Sequence[Any]) -> str:
    """Which remedy it was, or what kind of note."""
    for each in records:
        if each.get("remedy") or each.get("deed"):
            return str(each.get("remedy") or each["deed"])
    return "note"
