"""The doctor's questions about itself (`check --self`): its Python, libraries, language, terminal, folders, launcher, clock.

They take the road of all checks (verdict, words, finding, report), but nobody else asks them. One module a question:
`look` gathers the facts on this host, `judge` decides by them alone. Nothing here needs a library that may be broken.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from diagnostics.check import Check, Verdict
from diagnostics.context import Context
from diagnostics.model import Stage, Store

_Asked = TypeVar("_Asked", bound=Callable[[Context, Any], Iterable[Verdict]])


def about_itself(stage: Stage, within: float | None = None) -> Callable[[_Asked], _Asked]:
    """Marks the one question of a module of this package; its words stand in `catalog/wording/itself.toml`.

    In: the stage of the credential's path that the answer belongs to; `within` seconds where it asks outside.
    """

    def mark(function: _Asked) -> _Asked:
        name = function.__module__.rpartition(".")[2].replace("_", "-")
        question = (function.__doc__ or "").strip().splitlines()[0]
        function.__check__ = Check(  # type: ignore[attr-defined]
            f"itself.{name}", stage, Store, (), within, "", function, question
        )
        return function

    return mark
