"""A config's problem in words, from the same wording that the checks use."""

from diagnostics.catalog.clients import client
from diagnostics.catalog.wording import wording
from diagnostics.model import ClientFile, Problem
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted


def facts_of(problem: Problem, client_id: str) -> dict[str, str]:
    """What the wording of a problem asks for."""
    one = client(client_id)
    return {
        "client": one.name,
        "reload": one.reload,
        "line": str(problem.line),
        "column": str(problem.column),
        "said": problem.detail,
        **problem.facts,
    }


def in_one_line(problem: Problem, file: ClientFile) -> str:
    """What is wrong with a file, and where, as one line that is safe to show."""
    facts = {name: mask_pasted(clean(value)) for name, value in facts_of(problem, file.client).items()}
    title = wording()[f"config.readable.{problem.outcome}"].title.format_map(
        facts | {"path": mask_pasted(clean(str(file.path)))}
    )
    place = f" (line {problem.line}, column {problem.column})" if problem.column else ""
    return title if not problem.line or f"line {problem.line}" in title else title + place
