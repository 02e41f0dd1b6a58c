"""What can happen to a value, and what can be mended."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.secret import Secret
from diagnostics.tokens.damage import Damage
from diagnostics.tokens.hygiene import problems, repaired
from tests.support import tokens

TOKEN = tokens.github("hygiene")

MENDABLE = {
    "newline": (TOKEN + "\n", Damage.TRAILING_NEWLINE),
    "crlf": (TOKEN + "\r\n", Damage.TRAILING_NEWLINE),
    "leading blank": (" " + TOKEN, Damage.SURROUNDING_BLANKS),
    "trailing tab": (TOKEN + "\t", Damage.SURROUNDING_BLANKS),
    "leading newline": ("\n" + TOKEN, Damage.SURROUNDING_BLANKS),
    "double quotes": (f'"{TOKEN}"', Damage.QUOTES),
    "single quotes": (f"'{TOKEN}'", Damage.QUOTES),
    "curly quotes": (f"“{TOKEN}”", Damage.QUOTES),
    "bearer": (f"Bearer {TOKEN}", Damage.SCHEME_WORD),
    "token word": (f"token {TOKEN}", Damage.SCHEME_WORD),
    "bot": (f"Bot {TOKEN}", Damage.SCHEME_WORD),
    "header": (f"Authorization: Bearer {TOKEN}", Damage.HEADER_LINE),
    "own header": (f"X-Api-Key: {TOKEN}", Damage.HEADER_LINE),
    "assignment": (f"GITHUB_TOKEN={TOKEN}", Damage.SHELL_LINE),
    "quoted assignment": (f'GITHUB_TOKEN="{TOKEN}"\n', Damage.TRAILING_NEWLINE),
    "export": (f"export GITHUB_TOKEN={TOKEN}", Damage.SHELL_LINE),
    "mark": ("\ufeff" + TOKEN, Damage.BYTE_ORDER_MARK),
    "zero width": (TOKEN[:12] + "\u200b" + TOKEN[12:], Damage.INVISIBLE),
    "no-break blank": (TOKEN[:12] + "\u00a0" + TOKEN[12:], Damage.INVISIBLE),
    "no-break blank behind": (TOKEN + "\u00a0", Damage.INVISIBLE),
    "wrapped": (TOKEN[:20] + "\n" + TOKEN[20:], Damage.LINE_BREAK),
    "twice": (TOKEN + TOKEN, Damage.PASTED_TWICE),
    "base 64": (base64.b64encode(TOKEN.encode()).decode(), Damage.BASE_64),
    "base 64 of a line": (base64.b64encode(f"{TOKEN}\n".encode()).decode(), Damage.BASE_64),
    "utf-16 little": ("".join(each + "\0" for each in TOKEN), Damage.UTF_16),
    "utf-16 big": ("".join("\0" + each for each in TOKEN), Damage.UTF_16),
    "utf-16 with its mark": ("\udcff\udcfe" + "".join(each + "\0" for each in TOKEN), Damage.UTF_16),
    "trailing zero": (TOKEN + "\0", Damage.NUL),
}
HOPELESS = {
    "empty": ("", Damage.EMPTY),
    "blanks": (" \n", Damage.EMPTY),
    "quotes only": ('""', Damage.EMPTY),
    "null": ("null", Damage.NULL_WORD),
    "undefined": ("undefined\n", Damage.NULL_WORD),
    "variable": ("${GITHUB_TOKEN}", Damage.UNEXPANDED),
    "bare variable": ("$GITHUB_TOKEN", Damage.UNEXPANDED),
    "editor's variable": ("${env:GITHUB_TOKEN}", Damage.UNEXPANDED),
    "input": ("${input:token}", Damage.UNEXPANDED),
    "windows variable": ("%GITHUB_TOKEN%", Damage.UNEXPANDED),
    "behind bearer": ("Bearer ${TOKEN}", Damage.UNEXPANDED),
    "command": ("$(gh auth token)", Damage.UNEXPANDED),
    "password manager": ("op://vault/item/field", Damage.MANAGER_REFERENCE),
    "stars": (TOKEN[:4] + "*" * 36, Damage.MASKED),
    "dots": (TOKEN[:8] + "...", Damage.MASKED),
    "angle": ("<YOUR_TOKEN>", Damage.PLACEHOLDER),
    "your": ("your-github-token", Damage.PLACEHOLDER),
    "capitals": ("YOUR_TOKEN_HERE", Damage.PLACEHOLDER),
    "row of x": ("ghp_" + "x" * 36, Damage.PLACEHOLDER),
    "changeme": ("changeme", Damage.PLACEHOLDER),
    "in an address": ("mongodb+srv://user:<password>@cluster.example/", Damage.PLACEHOLDER),
    "inner zero": (TOKEN[:10] + "\0" + TOKEN[10:], Damage.NUL),
    "not utf-8": (TOKEN[:10] + "\udcff" + TOKEN[10:], Damage.NOT_UTF_8),
    "escape": (TOKEN[:10] + "\x1b[D" + TOKEN[10:], Damage.CONTROL),
    "capital letters": (tokens.github("hygiene").upper(), None),
    "half a token twice": ("abcdefgh12345678" * 2, None),
}


@pytest.mark.parametrize("case", MENDABLE)
def test_damage_is_named_and_mended(case: str) -> None:
    text, damage = MENDABLE[case]
    assert problems(Secret(text), "GITHUB_TOKEN")[0] is damage
    assert repaired(Secret(text), "GITHUB_TOKEN") == Secret(TOKEN)


@pytest.mark.parametrize("case", HOPELESS)
def test_what_is_not_certain_stays(case: str) -> None:
    text, damage = HOPELESS[case]
    if damage is not None:
        assert problems(Secret(text), "GITHUB_TOKEN")[0] is damage
    assert repaired(Secret(text), "GITHUB_TOKEN") is None


def test_the_wrong_letter_case() -> None:
    text = ("sntryu" + "_" + "ab01" * 16).upper()
    assert problems(Secret(text)) == [Damage.WRONG_CASE]
    assert repaired(Secret(text)) is None


def test_several_at_once() -> None:
    value = Secret(f'\ufeff"Bearer {TOKEN}" \r\n')
    assert repaired(value, "GITHUB_TOKEN") == Secret(TOKEN)
    assert len(problems(value)) > 1


@pytest.mark.parametrize("provider_id", tokens.EVERY)
@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_a_good_token_has_no_problem(provider_id: str, seed: str) -> None:
    value = Secret(tokens.EVERY[provider_id](seed))
    assert problems(value) == []
    assert repaired(value) is None


@pytest.mark.parametrize(
    "text",
    [
        "correct horse battery staple",
        "p4ss=w0rd",
        "postgresql://user:word@db.example:5432/app?sslmode=require",
        "dXNlcjpwYXNzd29yZA==",
        "FlyV1 fm2_" + "A" * 120,
        "-----BEGIN PRIVATE KEY-----",
        "Server=tcp:x;Password=y",
        '{"type": "service_account"}',
    ],
)
def test_other_secrets_are_left_alone(text: str) -> None:
    assert problems(Secret(text)) == []


@given(st.text(max_size=200))
def test_any_text_is_judged_without_raising_and_repair_ends_clean(text: str) -> None:
    found = problems(Secret(text))
    better = repaired(Secret(text))
    assert better is None or (found and not problems(better))


@given(st.sampled_from(sorted(MENDABLE)), st.sampled_from(["", " ", "\n", "\r\n", "\t", "\u00a0", "\ufeff"]))
def test_what_stands_around_never_changes_the_token(case: str, around: str) -> None:
    text, _ = MENDABLE[case]
    better = repaired(Secret(around + text + around), "GITHUB_TOKEN")
    assert better is None or better == Secret(TOKEN)
