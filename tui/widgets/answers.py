"""One question of a remedy with its field: hidden, hidden twice, shown, or a choice."""

import re
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from diagnostics.secret import Secret
from recovery.model import Ask, AskKind
from tui.widgets.choices import Choices
from tui.widgets.free_text import FreeText
from tui.widgets.secret_input import SecretInput

KEPT = frozenset({"reason", "ticket", "ttl"})
"""Answers that go into the audit trail."""


class AnswerField(VerticalGroup):
    """The prompt, the field, and a line that tells what can't be seen in it."""

    class Given(Message):
        """Enter was pressed in the last field."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask

    def compose(self) -> ComposeResult:
        """By kind."""
        yield Static(Content.styled(self._ask.prompt, "bold"), classes="prompt", markup=False)
        if self._ask.hint:
            yield Static(_with_links(self._ask.hint), markup=False)
        if self._ask.kind is AskKind.TEXT:
            yield FreeText(is_kept=self._ask.name in KEPT)
        elif self._ask.kind is not AskKind.CHOICE:
            yield SecretInput(classes="secret")
            if self._ask.kind is AskKind.NEW_PASSWORD:
                yield Static("Once more:", classes="prompt", markup=False)
                yield SecretInput(classes="secret second")
            yield Static(classes="hint", markup=False)
        elif self._ask.choices:
            yield Choices(
                *(Option(Content(words)) for _, words in self._ask.choices), markup=False, compact=True
            )
        else:
            yield FreeText()

    def show(self, ask: Ask) -> None:
        """The same question, more being known about its choices; the cursor stays where it is."""
        if ask.name == self._ask.name and len(ask.choices) == len(self._ask.choices):
            self._ask = ask
            for number, (_, words) in enumerate(ask.choices):
                self.query_one(OptionList).replace_option_prompt_at_index(number, Content(words))

    def enter(self) -> None:
        """Puts the cursor into the first field."""
        next(iter(self.query("SecretInput, OptionList, Input")), self).focus()

    def problem(self, word: str) -> str:
        """Why the answer can't be taken yet, "" when it can. In: the word of consent."""
        secrets = list(self.query(SecretInput))
        if secrets and not len(secrets[0]) and not self._ask.optional:
            return "Type or paste it first."
        if len(secrets) == 2 and not len(secrets[1]):
            return "Type it a second time, to be sure."
        if len(secrets) == 2 and not secrets[0].is_same_as(secrets[1]):
            for each in secrets:
                each.action_clear()
            return "The two were not the same: type both again."
        if self._ask.kind is AskKind.TEXT:
            is_given = bool(self.query_one(Input).value.strip()) or self._ask.optional
            return "" if is_given else "Type or paste it first."
        if self._ask.kind is AskKind.CHOICE and not self._ask.choices:
            return (
                ""
                if self.query_one(Input).value.strip().lower() == word
                else f"Type “{word}” to go on, or Esc to leave."
            )
        return ""

    @property
    def chosen(self) -> str:
        """The words of the choice that is marked, "" where there is none to make."""
        if self._ask.kind is not AskKind.CHOICE or not self._ask.choices:
            return ""
        return self._ask.choices[self.query_one(OptionList).highlighted or 0][1]

    def take(self) -> dict[str, Secret]:
        """The answer, once. The fields are empty afterwards."""
        if self._ask.kind is AskKind.TEXT:
            return {self._ask.name: Secret(self.query_one(Input).value.strip())}
        if self._ask.kind is not AskKind.CHOICE:
            taken = [each.take() for each in self.query(SecretInput)]
            return {self._ask.name: taken[0]}
        if not self._ask.choices:
            field = self.query_one(Input)
            value, field.value = field.value, ""
            return {self._ask.name: Secret(value)}
        return {self._ask.name: Secret(self._ask.choices[self.query_one(OptionList).highlighted or 0][0])}

    def on_secret_input_edited(self, message: SecretInput.Edited) -> None:
        """The hint follows."""
        message.stop()
        self.query_one(".hint", Static).update(Content.styled(message.field.hint, "$text-warning"))

    def on_secret_input_submitted(self, message: SecretInput.Submitted) -> None:
        """On to the second field, or done."""
        message.stop()
        fields: list[Widget] = list(self.query(SecretInput))
        if message.field is not fields[-1]:
            fields[-1].focus()
        else:
            self.post_message(self.Given())

    def on_option_list_option_selected(self, message: Any) -> None:
        """Chosen."""
        message.stop()
        self.post_message(self.Given())

    def on_input_submitted(self, message: Any) -> None:
        """The word of consent."""
        message.stop()
        self.post_message(self.Given())


def _with_links(hint: str) -> Content:
    """The hint, each address in it both as text, to be read or copied over SSH, and as a link to click."""
    parts: list[Content] = []
    for part in re.split(r"(https://[^\s]+)", hint):
        is_address = part.startswith("https://")
        style = Style(link=part, underline=True) if is_address else "$foreground-muted"
        parts.append(Content.styled(part, style))
    return Content("").join(parts)
