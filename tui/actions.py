"""What a person can do, in one table a screen: it feeds the keys, the footer, the palette and the help."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. `id` is the name of the screen's `action_<id>` method."""

    id: str
    key: str
    """As Textual spells it (`slash`), several separated by commas."""
    shown: str
    """The key as people write it (`/`)."""
    label: str
    """One or two words, for the footer."""
    help: str
    """A sentence, for the help and the palette."""
    footer: bool = True
    spare: bool = False
    """Left out of the footer where there is no room for all."""
    palette: bool = True
    at_once: bool = False
    """Done before the next key is looked at, so that what is typed ahead goes where it is meant to go."""


CHECKUP = (
    Action("mend", "m", "m", "mend", "Mend it: shows first what will be done, and asks."),
    Action("evidence", "e", "e", "evidence", "Show what was seen here, word for word."),
    Action("again", "r", "r", "again", "Run all checks again."),
    Action("start", "s", "s", "start", "See whether this server starts; shows its command first."),
    Action("undo", "u", "u", "undo", "Take back the last thing that was mended.", spare=True),
    Action("history", "h", "h", "history", "See since when this is as it is, and what else changed then."),
    Action("logs", "l", "l", "log", "Explain an error that you paste, or a client's log."),
    Action("search", "slash", "/", "find", "Find a server, a client or a state.", at_once=True),
    Action("help", "question_mark,f1", "?", "help", "Show this help."),
    Action("quit", "q", "q", "quit", "Leave. Nothing is left running."),
    Action(
        "next_broken",
        "n",
        "n",
        "next broken",
        "Go to the next link that is not in order.",
        footer=False,
    ),
    Action(
        "audit",
        "a",
        "a",
        "audit trail",
        "See what was done, by whom, and whether its record holds.",
        footer=False,
    ),
    Action(
        "backups",
        "b",
        "b",
        "backups",
        "Encrypted copies of your entries: make, verify, restore.",
        footer=False,
    ),
    Action(
        "emergency",
        "x",
        "x",
        "emergency",
        "Emergency access: a token that ends by itself; close incidents.",
        footer=False,
    ),
    Action(
        "cleanup",
        "c",
        "c",
        "clean up",
        "Look at every entry of the keychain, and clean up the damaged ones.",
        footer=False,
    ),
    Action(
        "rotate",
        "t",
        "t",
        "new token",
        "Replace this server's token by a new one, which is checked first.",
        footer=False,
    ),
    Action(
        "copy",
        "y",
        "y",
        "copy",
        "Copy the first command (or address) of what to do to your terminal's clipboard.",
        footer=False,
    ),
    Action(
        "advise",
        "i",
        "i",
        "advice",
        "Which way of keeping credentials suits this host, and why.",
        footer=False,
    ),
    Action(
        "support",
        "p",
        "p",
        "support bundle",
        "A report for whoever helps you, without names and secrets.",
        footer=False,
    ),
    Action(
        "demo",
        "d",
        "d",
        "demo",
        "Open the demo (where nothing is configured).",
        footer=False,
    ),
)

BARE = tuple(
    replace(each, footer=True)
    for wanted in ("demo", "logs", "again", "help", "quit")
    for each in CHECKUP
    if each.id == wanted
)
"""The keys that are of use where no server is configured."""

WHY = Action(
    "why", "w,f2", "w", "why", "Why this is right, what it does, and how to do it by hand (F2 in a field)."
)

PRACTICE = (
    *(each for each in CHECKUP if each.id not in {"demo", "history"}),
    Action("goal", "g", "g", "goal", "Read the drill's goal again.", footer=False),
    Action("hint", "h", "h", "hint", "A hint; each time one more.", footer=False),
    Action("outside", "o", "o", "outside", "Do something outside of the doctor.", footer=False),
    Action("debrief", "d", "d", "debrief", "How far you are, and what was done.", footer=False),
)
"""A drill's keys stand in its banner, not in the footer."""

GUIDE = (
    Action("go_on", "enter", "Enter", "go on", "Do what the last line says."),
    Action("undo", "u", "u", "undo", "Take back what this guide has just done.", footer=False),
    replace(WHY, footer=False),
    Action("help", "question_mark,f1", "?", "help", "Show this help.", footer=False),
    Action("back", "escape", "Esc", "back", "Leave. What was not agreed to is not done."),
)

EXPLAIN = (
    Action("read", "enter", "Enter", "explain it", "Say what the chosen log shows.", palette=False),
    Action("paste", "v", "v", "paste", "How to paste an error or a log here."),
    Action("help", "question_mark,f1", "?", "help", "Show this help."),
    Action("back", "escape,q", "Esc", "back", "Back to the servers."),
)

ADVICE = (
    Action("team", "t", "t", "who uses them", "Say who uses these credentials: one person, or several."),
    Action("sso", "s", "s", "company login", "Say whether everybody must log in with the company's account."),
    Action("copy", "y", "y", "copy", "Copy its first command to your terminal's clipboard.", footer=False),
    Action("again", "r", "r", "look again", "Look at this host anew."),
    Action("help", "question_mark,f1", "?", "help", "Show this help."),
    Action("back", "escape,q", "Esc", "back", "Back to the servers."),
)

HISTORY = (
    Action("span('24h')", "d", "d", "24 hours", "Show the last 24 hours.", palette=False),
    Action("span('7d')", "w", "w", "7 days", "Show the last 7 days.", palette=False),
    Action("span('30d')", "m", "m", "30 days", "Show the last 30 days.", palette=False),
    Action("everything", "a", "a", "all servers", "Show all servers, or the chosen one again."),
    Action("again", "r", "r", "again", "Read the history anew."),
    Action("help", "question_mark,f1", "?", "help", "Show this help."),
    Action("back", "escape,q", "Esc", "back", "Back to the servers."),
)

CLEANUP = (
    Action("tick", "space", "Space", "tick", "Choose the entry, or not."),
    Action("go_on", "enter", "Enter", "go on", "See what will be done with the ticked ones, and agree."),
    Action("again", "r", "r", "look again", "Look at every entry anew."),
    WHY,
    Action("help", "question_mark,f1", "?", "help", "Show this help."),
    Action("back", "escape,q", "Esc", "back", "Leave. What was not agreed to is not done."),
)

DIALOG = (Action("close", "escape,q", "Esc", "close", "Close this window."),)

MOVING = (
    ("↑ ↓", "Choose a server or a link; scroll the finding."),
    ("Tab", "The next or the previous part of the screen."),
    ("← →", "Between servers, path and finding."),
    ("Enter", "Deeper: server, path, finding, remedy."),
    ("F9", "Keep a picture of this screen (SVG), to show it to somebody."),
    ("Ctrl+P", "All of this as a list, and the colour themes."),
    ("Ctrl+L", "Paint the screen anew, if something wrote on it."),
    ("Ctrl+C", "Stop. A change under way is finished first."),
)


def bindings(actions: Sequence[Action]) -> "list[Binding]":
    """The table as Textual's key bindings."""
    from textual.binding import Binding

    return [
        Binding(
            each.key, each.id, each.label, show=False, tooltip=each.help, id=each.id, priority=each.at_once
        )
        for each in actions
    ]
