"""The command that starting a server would run, as a person may see it: credentials in it are masked."""

import shlex

from diagnostics.model import Server, Syntax
from diagnostics.secret import MASK
from diagnostics.text import clean


def command_line(server: Server) -> str:
    """One line, safe to show.

    In: any server. Out: the program and its arguments as a shell would quote them; an argument that holds a
    credential in plain text shows only a mask, references stand as they are written. "" for one with an address.
    """
    if server.command is None:
        return ""
    literal = {each.field for each in server.references if each.syntax is Syntax.LITERAL}
    words = [server.command]
    words += [MASK if f"args[{at}]" in literal else each.reveal() for at, each in enumerate(server.args)]
    return " ".join(MASK if word == MASK else shlex.quote(clean(word, 300)) for word in words)
