"""The doctor's own colour themes; Textual's are in the palette too."""

from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="doctor-dark",
    primary="#6cb6ff",
    secondary="#c3a6ff",
    accent="#6cb6ff",
    foreground="#d8dee9",
    background="#10141b",
    surface="#151b24",
    panel="#1e2631",
    success="#7ddc93",
    warning="#f2c45c",
    error="#ff7b72",
    dark=True,
    variables={"border": "#2f3b4a", "border-blurred": "#2f3b4a", "footer-key-foreground": "#6cb6ff"},
)
LIGHT = Theme(
    name="doctor-light",
    primary="#0a5fb4",
    secondary="#6b3fb0",
    accent="#0a5fb4",
    foreground="#1d2530",
    background="#f7f8fa",
    surface="#ffffff",
    panel="#e6eaf0",
    success="#17733a",
    warning="#8a5a00",
    error="#b3261e",
    dark=False,
    variables={"border": "#b9c3cf", "border-blurred": "#b9c3cf"},
)
CONTRAST = Theme(
    name="doctor-contrast",
    primary="#00e5ff",
    secondary="#ff9cff",
    accent="#00e5ff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    success="#00ff66",
    warning="#ffe600",
    error="#ff8080",
    dark=True,
    variables={
        "border": "#ffffff",
        "border-blurred": "#ffffff",
        "text-muted": "#ffffff",
        "text-success": "#00ff66",
        "text-warning": "#ffe600",
        "text-error": "#ff8080",
        "text-primary": "#00e5ff",
        "text-secondary": "#ff9cff",
    },
)
SIXTEEN = replace(
    BUILTIN_THEMES["ansi-dark"],
    name="doctor-16",
    primary="ansi_cyan",
    secondary="ansi_magenta",
    accent="ansi_cyan",
)
"""The terminal's own colours, for those that have only sixteen, and without any for NO_COLOR."""
ALL = (DARK, LIGHT, CONTRAST, SIXTEEN)
