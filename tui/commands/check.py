"""`mcp-doctor check`: the checks without the app, for people at a plain terminal, cron, CI and monitors."""

import sys

from diagnostics.context import Context
from diagnostics.host import Host, this_host
from tui.arguments import Call
from tui.session import DoctorSession
from tui.usage import UsageError


def session_of(call: Call) -> DoctorSession:
    """The session on this host for a call."""
    from diagnostics.stores import open_store
    from recovery.world import LocalWorld

    return DoctorSession(this_host(), call.options, call.names, open_store, LocalWorld)


def run(call: Call) -> int:
    """Checks, writes the report in the asked format, and answers with the exit code of the findings.

    Raises:
        UsageError: options that do not go together.
    """
    if call.extra.get("label_names") and call.extra.get("format") != "prometheus":
        raise UsageError("--label-names goes with --format prometheus")
    if call.extra.get("itself"):
        return examine_itself(call)
    from tui.terminal import warn_of_interrupted

    session = session_of(call)
    if call.extra.get("format", "text") == "text":
        warn_of_interrupted(session.host)
    return examine(session, call)


def examine(session: DoctorSession, call: Call) -> int:
    """`check` on a given session (the demo has its own)."""
    from time import monotonic

    from diagnostics import report
    from diagnostics.runner import diagnose
    from recovery.planner import names_for

    _refuse_output(call)
    began = monotonic()
    context = looked(session)
    findings = list(diagnose(context))
    made = report.build(context, findings, names_for)
    if call.extra.get("format") == "prometheus":
        _write_metrics(made, session.host, call, monotonic() - began)
    else:
        _put(_rendered(made, call), call)
    return report.exit_code(findings, call.extra.get("fail_on", "fail"))


def examine_itself(call: Call) -> int:
    """`check --self`: the doctor looks at itself. Starts and reads nothing that a broken library could keep from working.

    Raises:
        UsageError: servers or configs were named, which are not looked at.
    """
    from diagnostics import report
    from diagnostics.itself.questions import examined

    if call.names or call.options.config or call.options.client:
        raise UsageError("check --self looks at mcp-doctor itself: name no server, client or config")
    _refuse_output(call)
    context, findings = examined(this_host(), call.options)
    made = report.build(context, findings, lambda _finding: ())
    _put(_rendered(made, call, of_servers=False), call)
    return report.exit_code(findings, call.extra.get("fail_on", "fail"))


def looked(session: DoctorSession) -> Context:
    """The session's fresh view.

    Raises:
        UsageError: a server, client or named file that is not there.
    """
    from diagnostics.discovery import ConfigFileError, UnknownClientError, UnknownServerError

    try:
        return session.look()
    except (UnknownServerError, UnknownClientError, ConfigFileError) as error:
        raise UsageError(str(error)) from error


def _rendered(made: dict[str, object], call: Call, *, of_servers: bool = True) -> str:
    chosen = call.extra.get("format", "text")
    if chosen == "json":
        import json

        return json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    if chosen == "text":
        import shutil

        from diagnostics.report import text

        to_screen = call.extra.get("output") is None
        return text.render(
            made,
            colour=to_screen and _may_colour(call),
            ascii_only="utf" not in (sys.stdout.encoding or "").lower(),
            width=shutil.get_terminal_size((80, 24)).columns,
            of_servers=of_servers,
        )
    if chosen == "sarif":
        from diagnostics.report import sarif

        host = this_host()
        return sarif.render(made, str(host.home), str(host.cwd))
    if chosen == "markdown":
        from diagnostics.report import markdown

        return markdown.render(made, of_servers=of_servers)
    import importlib

    rendered: str = importlib.import_module(f"diagnostics.report.{chosen}").render(made)
    return rendered


def _write_metrics(made: dict[str, object], host: Host, call: Call, seconds: float) -> None:
    """The metrics. The collector runs as another user, who has to read them; nothing in them is secret."""
    from diagnostics.report.measures import measured
    from diagnostics.report.prometheus import render
    from diagnostics.standard_error import tell
    from diagnostics.text import clean
    from tui.output import is_standard, put

    output = call.extra.get("output")
    if not is_standard(output) and not str(output).endswith(".prom"):
        tell(f"{clean(str(output))}: node_exporter's textfile collector reads only names that end in .prom")
    text = render(made, measured(host, seconds), label_names=call.extra.get("label_names", False))
    put(text, output, host, mode=0o644)


def _put(text: str, call: Call) -> None:
    from tui.output import put

    for_people = call.extra.get("format", "text") == "text"
    put(text, call.extra.get("output"), this_host(), for_people=for_people)


def _refuse_output(call: Call) -> None:
    """A place that can't be written to is told before the checks are asked, not after."""
    from tui.output import is_standard, refuse

    if not is_standard(call.extra.get("output")):
        refuse(call.extra["output"])


def _may_colour(call: Call) -> bool:
    env = this_host().env
    return (
        call.colour is None and not env.get("NO_COLOR") and sys.stdout.isatty() and env.get("TERM") != "dumb"
    )
