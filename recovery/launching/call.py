"""The words after `mcp-doctor run`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recovery.launching.failure import USAGE, LaunchError


@dataclass(frozen=True, slots=True)
class Call:
    """The words after `run`."""

    config: tuple[Path, ...] = ()
    client: str | None = None
    name: str | None = None
    command: tuple[str, ...] = ()
    agreed: Mapping[str, str] = field(default_factory=dict)
    """`--provider-url ID=URL`: where another store may be asked than at its usual address."""


def parse(argv: Sequence[str]) -> Call:
    """Reads the words after `mcp-doctor run`.

    Raises:
        LaunchError: with USAGE; they are no call.
    """
    config: list[Path] = []
    client: str | None = None
    agreed: dict[str, str] = {}
    words = list(argv)
    while words:
        word = words.pop(0)
        option, _, value = word.partition("=")
        if word == "--":
            if not words:
                raise _wrong_call("a command must follow `--`")
            return Call(tuple(config), client, command=tuple(words), agreed=agreed)
        if option in {"--config", "--client", "--provider-url"}:
            if not value:
                if not words:
                    raise _wrong_call(f"{option} needs a value")
                value = words.pop(0)
            if option == "--config":
                config.append(Path(value))
            elif option == "--client":
                client = value
            else:
                provider, _, url = value.partition("=")
                agreed[provider] = url
        elif word == "--no-color":
            continue
        elif word.startswith("-"):
            raise _wrong_call(f"unknown option {word}")
        elif words:
            raise _wrong_call(
                f"a server's own arguments stand in its config; to start a command: run -- {word} …"
            )
        else:
            return Call(tuple(config), client, name=word, agreed=agreed)
    raise _wrong_call("name a server, or a command after `--`")


def _wrong_call(said: str) -> LaunchError:
    return LaunchError(
        USAGE, "config_schema_error", f"{said} (mcp-doctor run SERVER | mcp-doctor run -- COMMAND …)"
    )
