"""The command that starting a server would run, as a person may see it: credentials in it are masked."""

import shlex

from diagnostics.model import Server, Syntax
from diagnostics.secret import MASK
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_tokens, opaque_parts


def command_line(server: Server) -> str:
    """One line, safe to show.

    In: any server. Out: the program and its arguments as a shell would quote them; an argument that holds a
    credential in plain text shows only a mask, references stand as they are written. "" for one with an address.
    """
    if server.command is None:
        return ""
    literal = {each.field for each in server.references if each.syntax is Syntax.LITERAL}
    defaults = {(each.field, each.default) for each in server.references if each.default}
    words = [mask_tokens(server.command)]
    for at, each in enumerate(server.args):
        field, word = f"args[{at}]", each.reveal()
        for place, default in defaults:
            word = word.replace(default.reveal(), "…") if place == field else word
        for part in opaque_parts(word) if "://" in word else ():
            word = word.replace(part, MASK)
        words.append(MASK if field in literal else mask_tokens(word))
    return " ".join(MASK if word == MASK else shlex.quote(clean(word, 300)) for word in words)


def address_line(server: Server) -> str:
    """Where a server with an address is, safe to show: scheme, host and port; paths and queries may hold a key.

    "" for one without an address, or where host or port hang on a variable.
    """
    from diagnostics.oauth.well_known import origin
    from diagnostics.tokens.masking import mask_pasted

    where = origin(server.url.reveal()) if server.url is not None else ""
    return "" if set(where) & set("${}") else mask_pasted(clean(where, 120))
