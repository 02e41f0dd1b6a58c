"""`${VAULT:path#field}`: a secret in HashiCorp Vault or OpenBao, asked over the documented HTTP API with hvac.

Only questions that change nothing: health, the token's own state, which engine holds the path, what the token may do
there, and the read itself. Engines that make a new credential on every read are only read for a server's start.
"""

import dataclasses

from diagnostics.managers import Answer, Question, Trouble, extra
from diagnostics.managers.vault_setting import setting_of, wanted_of
from diagnostics.model import Syntax
from diagnostics.secret import Scrubber


class Vault:
    """Follows `${VAULT:…}`."""

    id = "vault"
    syntax = Syntax.VAULT
    network = True

    def ready(self, question: Question) -> Trouble | None:
        """The path's form, the library, the address, the token."""
        wanted = wanted_of(question.name)
        if isinstance(wanted, Trouble):
            return wanted
        library = extra.load("hvac", "vault")
        if isinstance(library, Trouble):
            return library
        setting = setting_of(question.host)
        return setting if isinstance(setting, Trouble) else None

    def lookup(self, question: Question) -> Answer:
        """The field's value. Nothing is written, renewed or followed to another host."""
        wanted, setting = wanted_of(question.name), setting_of(question.host)
        if isinstance(wanted, Trouble):
            return wanted
        if isinstance(setting, Trouble):
            return setting
        from diagnostics.managers.vault_client import StopError
        from diagnostics.managers.vault_conversation import Conversation

        facts = {
            "path": wanted.path,
            "key": wanted.key,
            "host": setting.host,
            "namespace": setting.namespace,
            "token_from": setting.token_from,
        }
        try:
            answer = Conversation(question, setting, wanted).answer()
        except StopError as stop:
            answer = stop.trouble
        answer = _scrubbed(answer, Scrubber([setting.token]))
        return dataclasses.replace(answer, facts={**facts, **answer.facts})


def manager() -> Vault:
    """The one of this module."""
    return Vault()


def _scrubbed(answer: Answer, scrubber: Scrubber) -> Answer:
    return dataclasses.replace(answer, evidence=tuple(scrubber.scrub(each) for each in answer.evidence))
