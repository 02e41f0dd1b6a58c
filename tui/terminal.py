"""Asking at a plain terminal: hidden answers, consent, choices. Without a terminal nothing is asked, it is said."""

import contextlib
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from diagnostics.host import Host
from diagnostics.model import Status
from diagnostics.report.text import SIGNS
from diagnostics.secret import Secret
from diagnostics.text import clean
from diagnostics.tokens.remark import Remark
from recovery.model import Answers, Ask, AskKind, Change, Remedy, Risk
from tui.usage import UsageError

if TYPE_CHECKING:
    from diagnostics.catalog.why import Why

Judge = Callable[[Ask, Secret], Sequence[Remark]]
"""Tells what is known of a token before it is stored."""
LogIn = Callable[[Ask, Answers], Secret]
"""Gets the answer to a LOGIN question, given the answers so far."""

_RISKS = {
    Risk.SAFE: "changes nothing that lasts",
    Risk.REVERSIBLE: "can be taken back with: mcp-doctor undo",
    Risk.FINAL: "can NOT be taken back",
}


def say(*lines: str) -> None:
    """Lines on standard output, safe whatever stands in them; blanks at their beginning stay."""
    for line in lines:
        text = line.lstrip(" ")
        sys.stdout.write(f"{' ' * (len(line) - len(text))}{clean(text, 20_000)}\n")
    sys.stdout.flush()


def say_prose(*lines: str, lead: str = "") -> None:
    """Sentences, broken at blanks within 78 columns, each after `lead`; commands (`$ `) stay whole."""
    for line in lines:
        text = clean(line, 20_000)
        if text.startswith("$ "):
            say(lead + text)
        else:
            say(
                *textwrap.wrap(
                    text,
                    78,
                    initial_indent=lead,
                    subsequent_indent=lead,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )


def warn_of_interrupted(host: Host) -> None:
    """Names on standard error what a crash left half done, so that nobody builds on it unawares. Reads only."""
    from diagnostics.deadline import DeadlineError, on_disk
    from recovery.journal import Journal
    from recovery.model import RecoveryError

    with contextlib.suppress(RecoveryError, OSError, DeadlineError):
        for operation in on_disk(Journal(host).interrupted)[-3:]:
            sys.stderr.write(
                f'Cut off half-way: "{operation.title}", begun {operation.at[:16].replace("T", " ")} UTC. '
                f"To take it back: mcp-doctor undo {clean(operation.id, 40)}; to finish it: mcp-doctor fix\n"
            )


def can_ask() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def hidden(prompt: str) -> Secret:
    """An answer that is not shown while it is typed.

    Raises:
        UsageError: there is no terminal to ask at.
    """
    if not can_ask():
        raise UsageError(f"{prompt.rstrip(': ')}: there is no terminal to ask at")
    import getpass

    from diagnostics.host import this_host
    from recovery.core_dump import forbid

    forbid(this_host())
    try:
        return Secret(getpass.getpass(prompt))
    except EOFError as error:
        raise KeyboardInterrupt from error


def agreed(question: str, page: str = "") -> bool:
    """A yes or no; only a plain yes is a yes. In: `page` = of what `w` tells why, "" = of nothing.

    Raises:
        UsageError: there is no terminal to ask at.
    """
    return _typed_or_why(f"{question} [y/N] ", page).lower() in {"y", "yes"}


def say_why(page: str) -> None:
    """Shows a page, for an answer of `w`."""
    from diagnostics.catalog.why import why

    found = why(page)
    say(*(_lines_of(found) if found else ()))


def _typed_or_why(question: str, page: str) -> str:
    """What was typed. `w` or `?` shows the page, if there is one, and asks again."""
    from diagnostics.catalog.why import why

    found = why(page) if page else None
    prompt = f"{question.rstrip(': ')} (w = why) " if found else question
    while (given := typed(prompt)).lower() in {"w", "?"} and found is not None:
        say(*_lines_of(found))
    return given


def _lines_of(page: "Why") -> list[str]:
    """A page for a terminal, in lines of at most 78 characters; commands and addresses stay whole."""
    lines: list[str] = []
    for heading, part in page.parts:
        lines += ["", heading]
        for each in part:
            if each.startswith(("$ ", "https://")):
                lines.append(f"  {each}")
                continue
            dot = "- " if len(part) > 1 and part is not page.by_hand else ""
            lines += textwrap.wrap(
                each, 76, initial_indent=f"  {dot}", subsequent_indent=" " * (2 + len(dot))
            )
    return [*lines, ""]


def typed(prompt: str) -> str:
    """A shown answer.

    Raises:
        UsageError: there is no terminal to ask at.
    """
    if not can_ask():
        raise UsageError("this needs your consent, and there is no terminal to ask at: add --yes")
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise KeyboardInterrupt
    return line.strip()


def describe(remedy: Remedy, changes: Sequence[Change], advice: str = "") -> None:
    """Shows what a remedy will do, before anything is asked. In: `advice` about a backup, "" = none."""
    say("", remedy.title, f"  {remedy.why}")
    for change in changes:
        say(f"  - {change.what}: {change.before} → {change.after}")
    say(f"  This {_RISKS[remedy.risk]}.")
    if advice:
        say(f"  {advice}")


def consent(remedy: Remedy) -> bool:
    """Asks for consent in the measure of the risk."""
    if remedy.risk is Risk.FINAL:
        return _typed_or_why("Type 'final' to do it all the same: ", remedy.id) == "final"
    return agreed("Do it?", remedy.id)


def ask_all(
    asks: Sequence[Ask],
    given: Mapping[str, Secret] | None = None,
    judge: Judge | None = None,
    log_in: LogIn | None = None,
) -> Answers:
    """The answers to a remedy's questions. In: `given` ones are not asked for; `judge` tells about a new token.

    Raises:
        UsageError: no terminal, or the two entries of a new password differ three times.
        RecoveryError: `log_in` got no login.
    """
    answers = dict(given or {})
    for ask in asks:
        if ask.name in answers:
            continue
        if ask.kind is AskKind.LOGIN:
            if log_in is None:
                raise UsageError(f"{ask.prompt}: that needs `mcp-doctor fix` at a terminal")
            answers[ask.name] = log_in(ask, answers)
        else:
            answers[ask.name] = _judged(ask, judge) if judge and ask.kind is AskKind.TOKEN else _ask(ask)
    return answers


def _ask(ask: Ask) -> Secret:
    if ask.hint:
        say(f"  {ask.hint}")
    match ask.kind:
        case AskKind.CHOICE:
            return _choice(ask)
        case AskKind.NEW_PASSWORD:
            return _twice(ask.prompt)
        case AskKind.TEXT:
            return _text(ask)
        case _:
            return hidden(f"{ask.prompt}: ")


def _judged(ask: Ask, judge: Judge) -> Secret:
    """A token that nothing speaks against, or that the person wants all the same."""
    while True:
        value = _ask(ask)
        if not value:
            say("  It is empty.")
            continue
        remarks = judge(ask, value)
        say(*(f"  {SIGNS[each.status.value]} {each.words}" for each in remarks))
        if all(each.status is not Status.FAIL for each in remarks) or agreed("Store it all the same?"):
            return value


def _choice(ask: Ask) -> Secret:
    for number, (_, words) in enumerate(ask.choices, 1):
        say(f"  {number}. {words}")
    while True:
        picked = typed(f"{ask.prompt} [1-{len(ask.choices)}] ")
        if picked.isdigit() and 1 <= int(picked) <= len(ask.choices):
            return Secret(ask.choices[int(picked) - 1][0])


def _text(ask: Ask) -> Secret:
    if not can_ask():
        raise UsageError(f"{ask.prompt}: there is no terminal to ask at")
    while True:
        value = typed(f"{ask.prompt}: ")
        if value or ask.optional:
            return Secret(value)
        say("  It is empty.")


def _twice(prompt: str) -> Secret:
    for _ in range(3):
        first = hidden(f"{prompt}: ")
        if not first:
            say("  It must not be empty: an empty password stores everything in plain text.")
        elif hidden("The same again: ") == first:
            return first
        else:
            say("  The two differ.")
    raise UsageError("no password was agreed on; nothing was done")
