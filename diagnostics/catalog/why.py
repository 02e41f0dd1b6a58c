"""Why a mend is the right one: a page for each remedy, and for everything else that changes something."""

from dataclasses import dataclass
from functools import cache

from diagnostics.catalog import names, read


@dataclass(frozen=True, slots=True)
class Why:
    """One page. Lines of `by_hand` that begin with `$ ` are commands."""

    title: str
    right: str
    """Why this is the right mend."""
    beneath: tuple[str, ...]
    """What happens, in the keychain's own terms."""
    untouched: tuple[str, ...]
    wrong: tuple[str, ...]
    """What can go wrong, and how it is taken back."""
    by_hand: tuple[str, ...]
    links: tuple[str, ...]

    @property
    def parts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Headings with their lines, in the order in which a person reads them."""
        return (
            ("Why this is the right mend", (self.right,)),
            ("What happens beneath", self.beneath),
            ("What it leaves alone", self.untouched),
            ("What can go wrong, and how it is taken back", self.wrong),
            ("By hand instead", self.by_hand),
            ("To read on", self.links),
        )


def why(remedy: str) -> Why | None:
    """The page of a remedy (its id), or of `cleanup`, `backup`, `undo`, `interrupted`; None = it has none."""
    page = _pages().get(remedy)
    if page is None:
        return None
    found = read(f"why/{page}.toml")
    return Why(
        found["title"],
        found["right"],
        *(tuple(found[part]) for part in ("beneath", "untouched", "wrong", "by_hand", "links")),
    )


@cache
def _pages() -> dict[str, str]:
    """Which file has a remedy's page. Raises ValueError where two claim it."""
    pages: dict[str, str] = {}
    for name in names("why"):
        for each in (name, *read(f"why/{name}.toml").get("also", ())):
            if each in pages:
                raise ValueError(f"both {pages[each]} and {name} are the page of {each}")
            pages[each] = name
    return pages
