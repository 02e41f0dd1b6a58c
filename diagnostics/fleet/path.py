"""One host's report as the board takes it: the same servers and findings that the host itself showed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from diagnostics.context import Context, Options
from diagnostics.fleet.envelope import shown
from diagnostics.fleet.rollup import MOST_SERVERS, file_of, findings_of
from diagnostics.host import Host
from diagnostics.model import (
    ClientFile,
    Finding,
    Platform,
    Reference,
    Server,
    Session,
    Stage,
    Status,
    Store,
    Syntax,
)
from diagnostics.secret import Secret
from diagnostics.stores import BusState, Entry, StoreState
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted

_MOST_LINES = 200
_OURS_ALONE = "runner.not-asked-to-start"
"""Its short words name a key that is of no use for another host."""


class _StoreElsewhere:
    """The keychain of another host: what is known of it stands in the findings."""

    subject = Store("reported")

    def state(self) -> StoreState:
        return StoreState(BusState(None, "none"))

    def entries(self) -> Sequence[Entry]:
        return ()


def as_run(report: Mapping[str, Any]) -> tuple[Context, list[Finding]]:
    """The run that a report tells of. In: hostile data. Out: only what can be understood, all of it safe to show."""
    servers = [one for told in _dicts(report.get("servers")) if (one := _server(told)) is not None]
    findings = [each for told in findings_of(report) if (each := _finding(told)) is not None]
    files = [
        ClientFile(
            _text(told, "client"), Path(_text(told, "path")), "user", _one_of(Status, told.get("status"))
        )
        for told in _dicts(report.get("clients"))
    ]
    return Context(_host(report.get("host")), Options(), files, servers, _StoreElsewhere()), findings


def _host(told: object) -> Host:
    facts = told if isinstance(told, dict) else {}
    platform = _one_of(Platform, facts.get("platform"), Platform.LINUX)
    session = _one_of(Session, facts.get("session"), Session.LOCAL)
    return Host(platform, session, Path("/"), Path("/"), {})


def _server(told: Mapping[str, Any]) -> Server | None:
    key = _text(told, "id")
    if not key:
        return None
    return Server(
        id=key,
        name=_text(told, "name"),
        client=_text(told, "client"),
        path=Path(_text(told, "path")),
        transport=_text(told, "transport"),
        references=tuple(_references(key, told.get("references"))),
    )


def _references(key: str, told: object) -> Iterator[Reference]:
    for each in _dicts(told):
        syntax = _one_of(Syntax, each.get("syntax"), None)
        if syntax is not None:
            yield Reference(key, _text(each, "field"), syntax, _text(each, "name") or None, Secret(""))


def _finding(told: object) -> Finding | None:
    if not isinstance(told, dict):
        return None
    stage, status = _one_of(Stage, told.get("stage"), None), _one_of(Status, told.get("status"), None)
    if stage is None or status is None:
        return None
    server, check, outcome = _text(told, "server") or None, _text(told, "check"), _text(told, "outcome")
    concerns = told.get("concerns")
    path = None if server else file_of(told)
    is_of_store = server is None and path is None and not isinstance(concerns, list)
    return Finding(
        id=_text(told, "id"),
        check=check,
        stage=stage,
        status=status,
        outcome="" if outcome == _OURS_ALONE else outcome,
        title=_text(told, "title"),
        detail=_text(told, "detail"),
        fix=_lines(told, "fix"),
        evidence=_lines(told, "evidence"),
        cause=_text(told, "cause") or None,
        server=server,
        reference=_text(told, "reference") or None,
        path=None if path is None else str(Path(shown(path))),
        subject="store:reported" if is_of_store else server or "",
        concerns=tuple(shown(each) for each in concerns if isinstance(each, str))
        if isinstance(concerns, list)
        else None,
    )


def _dicts(told: object) -> list[dict[str, Any]]:
    return [each for each in told[:MOST_SERVERS] if isinstance(each, dict)] if isinstance(told, list) else []


def _text(told: Mapping[str, Any], key: str) -> str:
    value = told.get(key)
    return mask_pasted(clean(value)) if isinstance(value, str) else ""


def _lines(told: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = told.get(key)
    if not isinstance(value, list):
        return ()
    return tuple(mask_pasted(clean(each)) for each in value[:_MOST_LINES] if isinstance(each, str))


def _one_of(kind: Any, told: object, otherwise: Any = Status.UNKNOWN) -> Any:
    try:
        return kind(told)
    except ValueError:
        return otherwise
