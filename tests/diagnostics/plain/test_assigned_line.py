"""Lines that set variables: told apart from all others, and replaced without touching anything else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.configs.text_edit import Edit, edited
from diagnostics.plain.assigned_line import (
    Dialect,
    NotPlainError,
    assigned_lines,
    in_its_place,
    used_elsewhere,
)

NAME = "API_TOKEN"
VALUE = "s3cr3tValue" + "0123456789"


@pytest.mark.parametrize(
    ("dialect", "line"),
    [
        (Dialect.ENV, f"{NAME}={VALUE}"),
        (Dialect.ENV, f"export {NAME} = '{VALUE}'  # note"),
        (Dialect.ENV, f'{NAME}="{VALUE}"'),
        (Dialect.CONTAINER, f"{NAME}={VALUE}"),
        (Dialect.SHELL, f"export {NAME}={VALUE}"),
        (Dialect.SHELL, f"  declare -gx {NAME}='{VALUE}';  # note"),
        (Dialect.FISH, f"set -gx {NAME} {VALUE}"),
        (Dialect.CSH, f"setenv {NAME} '{VALUE}'"),
    ],
)
def test_a_line_of_its_own_is_found_with_its_value(dialect: Dialect, line: str) -> None:
    text = f"A=1\r\n# {NAME}=old\r\n{line}\r\nB=2"
    (found,) = assigned_lines(text, NAME, dialect)
    assert text[found.start : found.end] == line
    assert found.number == 3
    assert found.value.reveal() == VALUE


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        (Dialect.SHELL, f"export A=1 {NAME}={VALUE}"),
        (Dialect.SHELL, f"{NAME}={VALUE}; start"),
        (Dialect.SHELL, f"x || {NAME}={VALUE}"),
        (Dialect.SHELL, f"{NAME}={VALUE} start"),
        (Dialect.SHELL, f"cat <<-'EOF'\n{NAME}={VALUE}\n\tEOF\n"),
        (Dialect.SHELL, f"echo 'a\n{NAME}={VALUE}\n'"),
        (Dialect.SHELL, f"env \\\n{NAME}={VALUE}"),
        (Dialect.SHELL, f"{NAME}={VALUE}\\\nmore"),
        (Dialect.SHELL, f"{NAME}=$({VALUE})"),
        (Dialect.SHELL, f'{NAME}="{VALUE}$X"'),
        (Dialect.SHELL, f"{NAME}+={VALUE}"),
        (Dialect.SHELL, f"{NAME}=~/{VALUE}"),
        (Dialect.ENV, f"{NAME}={VALUE}#x"),
        (Dialect.ENV, f"{NAME}={VALUE} x"),
        (Dialect.ENV, f'{NAME}="{VALUE}\nmore"'),
        (Dialect.ENV, f"OTHER='\n{NAME}={VALUE}\n'"),
        (Dialect.CONTAINER, f"{NAME}='{VALUE}'"),
        (Dialect.FISH, f"set -gx {NAME} {VALUE} {VALUE}"),
        (Dialect.ENV, f"{NAME}="),
        (Dialect.ENV, "OTHER=1"),
        (Dialect.ENV, f"{NAME}=one\n{NAME}=two"),
    ],
)
def test_whatever_is_in_doubt_is_refused_and_no_value_is_told(dialect: Dialect, text: str) -> None:
    with pytest.raises(NotPlainError) as error:
        assigned_lines(text, NAME, dialect)
    assert VALUE not in str(error.value)


def test_a_block_keeps_a_command() -> None:
    text = f"if x; then\nexport {NAME}={VALUE}\nfi\nexport {NAME}={VALUE}\n"
    first, second = assigned_lines(text, NAME, Dialect.SHELL)
    assert in_its_place(first, text, Dialect.SHELL, "gone") == ": # gone"
    assert in_its_place(second, text, Dialect.SHELL, "gone") == "# gone"


def test_a_use_of_the_variable_is_found() -> None:
    assert used_elsewhere(f"# ${NAME}\n${NAME}S\nx ${{{NAME}:-}}\n", NAME) == 3
    assert used_elsewhere(f"{NAME}=1\n", NAME) == 0


_ODD = st.text(
    alphabet=st.sampled_from("ab=#'\"\\$`<E \t\r;{}()é\u2028\x0c:"),
    max_size=12,
)
_LINE = st.one_of(
    _ODD,
    st.sampled_from(
        ["", "# c", "export B=2", "if x; then", "fi", "cat <<E", "E", f"# {NAME}=x", "C='it'", f"{NAME}S=1"]
    ),
)


@given(
    before=st.lists(_LINE, max_size=6),
    after=st.lists(_LINE, max_size=4),
    end=st.sampled_from(["\n", "\r\n"]),
    dialect=st.sampled_from([Dialect.ENV, Dialect.SHELL]),
    quote=st.sampled_from(["", "'", '"']),
)
def test_everything_but_the_line_stays_byte_for_byte(
    before: list[str], after: list[str], end: str, dialect: Dialect, quote: str
) -> None:
    line = f"export {NAME}={quote}{VALUE}{quote}"
    text = end.join([*before, line, *after])
    try:
        (found,) = assigned_lines(text, NAME, dialect)
    except NotPlainError:
        return
    start = len("".join(each + end for each in before))
    assert (found.start, found.end) == (start, start + len(line))
    assert found.value.reveal() == VALUE
    new = edited(text, [Edit(found.start, found.end, in_its_place(found, text, dialect, "gone"))])
    assert new[:start] == text[:start]
    assert new.endswith(text[start + len(line) :])
    assert VALUE not in new
    assert re.fullmatch(r"(?:: )?# gone", new[start : len(new) - len(text) + start + len(line)])
