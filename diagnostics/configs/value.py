"""Values of a config as they are, whatever its notation: spelled out, and named in words."""

from collections.abc import Mapping


def strings(said: object) -> list[str]:
    """The texts of a list, each as a lenient client would hand it on; none where it is no list."""
    return (
        [each if isinstance(each, str) else spelled(each) for each in said] if isinstance(said, list) else []
    )


def spelled(value: object) -> str:
    """A value as a lenient client would hand it on."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list) or value is None:
        return ""
    try:
        return str(value)
    except ValueError:  # a number of more digits than Python writes out
        return ""


def kind_of(value: object) -> str:
    """What a value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "an object"
    kinds = {
        "bool": "true or false",
        "int": "a number",
        "float": "a number",
        "str": "a text",
        "list": "a list",
    }
    return kinds.get(type(value).__name__, "another kind of value")
