"""Placeholders filled as the app fills them, its odd cases included.

The app replaces with JavaScript's `String.replace`: `$$` in a value becomes `$`, `$&` the placeholder itself. And in
`args` a placeholder that is the whole item is not replaced at all when its value is empty.
"""

import re
from collections.abc import Mapping, Sequence

PLACEHOLDER = re.compile(r"\$\{user_config\.([^}]+)\}")
_DOLLAR = re.compile(r"\$[$&`']")

LONGEST = 1_000_000
"""Characters of a filled text. No system takes an argument or variable anywhere near this."""
Values = Mapping[str, str | Sequence[str]]
"""By variable (`HOME`, `user_config.key`): its text, or the texts of a list."""


def fill(text: str, values: Values) -> str:
    """A text with every variable replaced that has one text; a list's placeholder stays as it is."""
    for name, value in values.items():
        mark = f"${{{name}}}"
        if isinstance(value, str) and mark in text:
            text = _replace(text, mark, value)
    return text


def fill_all(items: Sequence[str], values: Values) -> list[str]:
    """`args` with their variables replaced; an item that is nothing but a list's placeholder becomes its items."""
    filled: list[str] = []
    for item in items:
        whole = PLACEHOLDER.fullmatch(item)
        value = values.get(f"user_config.{whole[1]}") if whole else None
        if whole is None:
            filled.append(fill(item, values))
        elif value is None or value == "":
            filled.append(item)
        elif isinstance(value, str):
            filled.append(value)
        else:
            filled += value
    return filled


def changes_in_passing(value: str) -> bool:
    """Whether a value does not arrive as it was typed, for it holds a dollar sign that means something."""
    return _DOLLAR.search(value) is not None


def _replace(text: str, mark: str, value: str) -> str:
    signs = len(_DOLLAR.findall(value))
    if len(text) + text.count(mark) * (len(value) + signs * len(text)) > LONGEST:
        return text  # made to grow without end
    if not signs:
        return text.replace(mark, value)

    def meant(found: re.Match[str]) -> str:
        before, after = text[: found.start()], text[found.end() :]
        dollars = {"$$": "$", "$&": mark, "$`": before, "$'": after}
        return _DOLLAR.sub(lambda each: dollars[each[0]], value)

    return re.sub(re.escape(mark), meant, text)
