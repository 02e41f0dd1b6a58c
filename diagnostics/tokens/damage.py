"""What can happen to a credential on its way from the provider's page into the store."""

from enum import StrEnum


class Damage(StrEnum):
    """What is wrong with a value; the words are those of `format.hygiene`. The order is that of looking."""

    EMPTY = "empty"
    NULL_WORD = "null-word"
    UNEXPANDED = "unexpanded"
    """A reference such as `${NAME}` that nobody replaced."""
    MANAGER_REFERENCE = "manager-reference"
    """The address of a secret in a password manager, not the secret."""
    MASKED = "masked"
    PLACEHOLDER = "placeholder"
    UTF_16 = "utf-16"
    NUL = "nul"
    NOT_UTF_8 = "not-utf-8"
    BYTE_ORDER_MARK = "byte-order-mark"
    TRAILING_NEWLINE = "trailing-newline"
    SURROUNDING_BLANKS = "surrounding-blanks"
    SHELL_LINE = "shell-line"
    HEADER_LINE = "header-line"
    SCHEME_WORD = "scheme-word"
    QUOTES = "quotes"
    INVISIBLE = "invisible"
    """A zero-width or no-break blank within."""
    LINE_BREAK = "line-break"
    CONTROL = "control"
    PASTED_TWICE = "pasted-twice"
    BASE_64 = "base-64"
    WRONG_CASE = "wrong-case"


HARMLESS_MAYBE = frozenset({Damage.MANAGER_REFERENCE, Damage.BASE_64, Damage.WRONG_CASE})
"""Kinds that some set-ups mean: a launcher that looks the address up, a server that wants base64."""
