"""The advice in words: parts with lines, the same for a terminal, a ticket and the app."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from diagnostics.advice.fact import Fact
from diagnostics.advice.judgement import Advice, Fit, Judged
from diagnostics.catalog.advice import Tool, columns, options, questions, tools


class Kind(StrEnum):
    """What a line is."""

    TEXT = "text"
    FOR = "for"
    AGAINST = "against"
    NEED = "need"
    COMMAND = "command"
    HEAD = "head"
    """Names the lines after it."""
    ASIDE = "aside"
    """Of less weight: what shows a fact, a source."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, safe to show."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the page. `id` is an option's, or `found`, `questions`, `tools`, `answer`."""

    id: str
    title: str
    short: str
    """The title in a list."""
    lines: tuple[Line, ...]
    fit: Fit | None = None
    """Of an option."""


FITS = {
    Fit.FITS: "fits",
    Fit.POSSIBLE: "would work, but more speaks against it",
    Fit.UNCLEAR: "can't tell",
    Fit.RULED_OUT: "does not fit here",
}
IS_SO = {"yes": "yes", "partly": "partly", "no": "no", "unknown": "not established"}


_OPEN = "Open questions"


def page(advice: Advice, keys: Mapping[str, str] | None = None) -> tuple[Part, ...]:
    """All of it, in the order in which a person reads.

    In: `keys` which key answers which question, in the app; None = a page from which the options of the command answer.
    """
    where = "below" if keys is None else f"“{_OPEN}”"
    return (
        Part("answer", "What suits this host", "In short", tuple(_answer(advice, where))),
        *(option_part(each, advice) for each in advice.ranking),
        Part("found", "What was found here", "What was found", tuple(_found(advice))),
        Part(
            "questions",
            "What only you know, and what could not be found out",
            _OPEN,
            tuple(_questions(advice, keys)),
        ),
        Part("tools", "Tools that guides name, as they are today", "Tools of the guides", tuple(_tools())),
    )


def option_part(judged: Judged, advice: Advice) -> Part:
    """One way of keeping credentials."""
    return Part(
        judged.option.id,
        f"{judged.option.name}: {FITS[judged.fit]}",
        judged.option.short,
        tuple(_option(judged, advice)),
        judged.fit,
    )


def _answer(advice: Advice, where: str) -> Iterator[Line]:
    best = advice.best
    if best is None:
        yield Line(
            Kind.TEXT, "Nothing here fits without more: something has to be set up or found out first."
        )
    else:
        yield Line(Kind.TEXT, f"{best.option.name}.")
        yield from _commands(best.first)
    said = len(advice.open_questions)
    if said:
        words = "One question only you can answer" if said == 1 else f"{said} questions only you can answer"
        yield Line(Kind.ASIDE, f"{words}: see {where}. Nothing was assumed about them.")


def _option(judged: Judged, advice: Advice) -> Iterator[Line]:
    yield Line(Kind.TEXT, judged.option.about)
    yield from (Line(Kind.FOR, each) for each in judged.speaks_for)
    yield from (Line(Kind.AGAINST, each) for each in judged.against)
    for name in judged.missing:
        yield Line(Kind.HEAD, f"Could not be found out: {questions()[name].asks}")
        yield Line(Kind.TEXT, _sentence(advice.facts[name].why))
        yield from _commands(questions()[name].how)
    if judged.fit is not Fit.RULED_OUT:
        yield Line(Kind.HEAD, "It needs")
        yield from (Line(Kind.NEED, each) for each in judged.option.needs)
    if judged.first:
        yield Line(Kind.HEAD, "To begin")
        yield from _commands(judged.first)


def _found(advice: Advice) -> Iterator[Line]:
    for name, question in questions().items():
        fact = advice.facts[name]
        if question.option and fact.values is None:
            continue
        yield Line(Kind.TEXT, f"{question.asks} {_capital(answer_of(fact))}.")
        if fact.seen:
            yield Line(Kind.ASIDE, "seen: " + "; ".join(fact.seen))


def answer_of(fact: Fact) -> str:
    """A fact's answer in words."""
    if fact.values is None:
        return f"could not be found out: {fact.why}" if fact.why else "not said"
    words = questions()[fact.name].values
    return "; ".join(words[each] for each in words if each in fact.values)


def _questions(advice: Advice, keys: Mapping[str, str] | None) -> Iterator[Line]:
    names = {each.id: each.name for each in options()}
    best = advice.best
    for name in advice.open_questions:
        question = questions()[name]
        yield Line(Kind.HEAD, question.asks)
        yield Line(Kind.TEXT, f"Press {keys[name]}." if keys else f"Say it with {question.option}.")
        for value, words in question.values.items():
            leads = advice.would_lead[f"{name}={value}"]
            if leads and (best is None or leads != best.option.id):
                yield Line(Kind.TEXT, f"If “{words}”: {names[leads]} would come first.")
            elif not leads and best is not None:
                yield Line(Kind.TEXT, f"If “{words}”: nothing here would fit without more.")
    for fact in advice.not_found_out:
        question = questions()[fact.name]
        yield Line(Kind.HEAD, question.asks)
        yield Line(Kind.TEXT, _sentence(fact.why))
        yield from _commands(question.how)
    if not advice.open_questions and not advice.not_found_out:
        yield Line(Kind.TEXT, "Nothing is left open.")


def _tools() -> Iterator[Line]:
    yield Line(
        Kind.TEXT,
        "What guides claim of them, and what was seen: packages were asked for and read, programs were run. "
        "This computer was not asked for it; the days are those of the look.",
    )
    for tool in tools():
        yield from tool_lines(tool)


def tool_lines(tool: Tool) -> Iterator[Line]:
    """One tool: what it is today, and each column with its reason."""
    yield Line(Kind.HEAD, tool.name)
    yield Line(Kind.TEXT, tool.state)
    for column, heading in columns().items():
        cell = tool.cells[column]
        claimed = "" if cell.claimed == "–" else f" (claimed: {cell.claimed})"
        yield Line(Kind.NEED, f"{heading}: {IS_SO[cell.is_so]}{claimed}. {cell.why}")
        yield Line(Kind.ASIDE, f"{cell.source}; {cell.checked}")


def _commands(lines: Sequence[str]) -> Iterator[Line]:
    for each in lines:
        yield Line(Kind.COMMAND, each.removeprefix("$ ")) if each.startswith("$ ") else Line(Kind.TEXT, each)


def _sentence(text: str) -> str:
    return _capital(text) + ("" if text.endswith(".") else ".")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
