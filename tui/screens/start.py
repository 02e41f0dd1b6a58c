"""Before a server is started: the exact command, and what starting it means."""

from textual.content import Content

from diagnostics.model import Server
from diagnostics.servers.command_line import command_line
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted
from tui.screens.confirm import ConfirmScreen


class StartScreen(ConfirmScreen):
    """Asks whether this server may be started for a moment."""

    def __init__(self, server: Server) -> None:
        line = command_line(server)
        names = ", ".join(mask_pasted(clean(name, 60)) for name in server.env)
        parts = [
            Content("To see whether it starts, the doctor runs it the way its client would:"),
            Content(""),
            Content.styled(
                f"  {line}" if line else "  (its address is asked, no program is run)", "bold $text-accent"
            ),
            Content(""),
        ]
        if names:
            parts.append(Content(f"with these variables set: {names}"))
        if server.cwd:
            parts.append(Content(f"in the folder {mask_pasted(clean(server.cwd, 300))}"))
        parts.append(
            Content(
                "Credentials are filled in from where the config says. The server is asked who it is and which tools "
                "it has, then it is ended with everything it started. What the program itself does meanwhile is up to it."
            )
        )
        super().__init__(
            f"Start {mask_pasted(clean(server.name, 40))}?", Content("\n").join(parts), "start it"
        )
