"""How a server is configured, as far as it may be shown: names and places, no values."""

from textual.content import Content

from diagnostics.model import Reference, Server, Syntax
from diagnostics.servers.command_line import address_line, command_line
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted
from tui.board import Row

_MEANINGS = {
    Syntax.SECRET: "keychain entry",
    Syntax.ENV: "variable",
    Syntax.LITERAL: "written in plain text",
    Syntax.PLACEHOLDER: "a placeholder, no credential",
    Syntax.USER_CONFIG: "the client's own setting",
    Syntax.INPUT: "asked by the client",
    Syntax.FILE: "kept in a file",
    Syntax.OAUTH: "login for",
    Syntax.KEYTAR: "another program's keychain entry",
    Syntax.VAULT: "Vault's",
    Syntax.AWS: "AWS's secret",
}
_MOST = 12


def about(row: Row | None, server: Server | None) -> Content:
    """A few lines: file, command, and where each credential comes from."""
    if row is None:
        return Content("")
    rows: list[tuple[str, str]] = []
    if row.path:
        place = f"{row.path}:{server.line}" if server is not None and server.line else row.path
        rows.append(("file", place))
    if server is not None:
        line = command_line(server)
        where = address_line(server) or "an address"
        rows.append(("runs", line) if line else ("connects to", f"{where} ({server.transport})"))
        rows += [(mask_pasted(clean(each.field, 60)), _source(each)) for each in server.references[:_MOST]]
    return Content("\n").join(
        Content.assemble((f"{name}\n", "$foreground-muted"), f"  {value}") for name, value in rows
    )


def _source(reference: Reference) -> str:
    meaning = _MEANINGS.get(reference.syntax, reference.syntax.value)
    return f"{meaning} {mask_pasted(clean(reference.name, 120))}" if reference.name else meaning
