"""What in a server's entry carries, or stands for, a credential."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from functools import partial

from diagnostics.catalog.clients import Client
from diagnostics.configs.container_words import container_variables
from diagnostics.configs.launcher_words import launcher_at
from diagnostics.host import Host
from diagnostics.model import Reference, Server, Syntax
from diagnostics.reference_syntax import find_placeholders
from diagnostics.secret import Secret
from diagnostics.tokens.masking import pasted_token
from diagnostics.tokens.plain_text import Guess, address, argument, is_token, named_value

Guesser = Callable[[str], Guess | None]
_ANY_PLACEHOLDER = re.compile(
    r"\$\{\{[^{}]*+\}\}|\$\{(?:[^{}\n]|\{[^{}\n]*+\})*+\}?|(?<!\$)\{(?:env|file):[^{}]*+\}|^\$[A-Za-z_]\w*$|(?<![%\w])%[A-Z_][A-Z0-9_]{2,}%(?!\w)"
)
_REMOTE_BRIDGE = re.compile(r"mcp-remote(?:@[\w.-]+)?(?:\.cmd)?")
_SEALED = "__encrypted__:"
_VARIABLES_NAME = re.compile(r"[A-Za-z_]\w*")
_SHORTEST_REST = 8
"""Characters beside a reference that may be a credential of their own (`${HOME}/x` has none)."""
_SHELLS = {"sh", "bash", "zsh", "dash", "fish", "ksh", "sh.exe", "bash.exe"}


def with_references(server: Server, one: Client, host: Host | None = None) -> Server:
    """The server with its references, in the order command, args, env, url, headers, names handed on.

    In: the host, where what the client makes of a notation depends on the system or on what is set.
    """
    return dataclasses.replace(server, references=tuple(_of(server, one, host)))


def unwrap(server: Server) -> Server:
    """The server as it runs in the end: `mcp-doctor run -- CMD ...` becomes CMD, whatever starts the launcher.

    Out: the same server when it is not launched by us, or by name (`mcp-doctor run NAME`). The fields of its
    references are those of the new command line.
    """
    words = [arg.reveal() for arg in server.args]
    at = launcher_at(server.command, words)
    if at is None or "--" not in words[at + 1 :]:
        return server
    start = words.index("--", at + 1) + 1
    if start >= len(words):
        return server
    return dataclasses.replace(
        server,
        command=words[start],
        args=server.args[start + 1 :],
        launcher=True,
        references=tuple(_moved(server.references, start)),
    )


def with_home(server: Server, one: Client, host: Host) -> Server:
    """The server with `~` in its command replaced, where its client does that."""
    if not one.fields.tilde or not (server.command or "").startswith("~/"):
        return server
    return dataclasses.replace(server, command=str(host.home / (server.command or "")[2:]))


def is_handed_on_by_docker(reference: Reference) -> bool:
    """Whether the reference is a `docker run -e NAME`, whose value comes from the entry's env or the client's."""
    return reference.field.startswith("args[") and not reference.spelling


def _moved(references: tuple[Reference, ...], start: int) -> Iterator[Reference]:
    for each in references:
        if each.field == "command":
            continue
        if not each.field.startswith("args["):
            yield each
        elif (at := int(each.field[5:-1]) - start) >= 0:
            yield dataclasses.replace(each, field=f"args[{at - 1}]" if at else "command")


def shell_expands(server: Server, field: str) -> bool:
    """Whether the field is a script that a shell reads (`sh -c "... $TOKEN"`), so that it replaces variables."""
    words = [arg.reveal() for arg in server.args]
    if re.split(r"[/\\]", server.command or "")[-1].casefold() in {"cmd", "cmd.exe"}:
        return field.startswith("args[") and re.search(r"%\w+%", words[int(field[5:-1])]) is not None
    if re.split(r"[/\\]", server.command or "")[-1] not in _SHELLS or not field.startswith("args["):
        return False
    script = next((n + 1 for n, word in enumerate(words) if re.fullmatch(r"-[a-z]*c[a-z]*", word)), None)
    return script is not None and int(field[5:-1]) == script


def child_expands(server: Server, reference: Reference) -> bool:
    """Whether what the client starts replaces the placeholder itself, from its own environment.

    mcp-remote does so with `${NAME}` in what follows `--header`.
    """
    if not reference.field.startswith("args[") or not re.fullmatch(r"\$\{\w+\}", reference.spelling):
        return False
    words = [arg.reveal() for arg in server.args]
    at = int(reference.field[5:-1])
    if not any(
        _REMOTE_BRIDGE.fullmatch(re.split(r"[/\\]", word)[-1]) for word in (server.command or "", *words)
    ):
        return False
    return words[at].startswith("--header=") or (at > 0 and words[at - 1] == "--header")


def notation_of(server: Server) -> str:
    """The notation of the file it stands in, as its name says: `json`, `yaml`, `toml`, `xml`; "" where it says none."""
    end = server.path.suffix.casefold().removeprefix(".")
    return {"jsonc": "json", "yml": "yaml"}.get(end, end)


def is_sealed(text: str) -> bool:
    """Whether a text is what Claude Desktop writes in place of a secret: its cipher text, of use to nobody else."""
    return text.startswith(_SEALED)


def _of(server: Server, one: Client, host: Host | None) -> Iterator[Reference]:
    if server.command:
        yield from _referred(server, one, host, "command", "command", server.command)
    words = [arg.reveal() for arg in server.args]
    names_at = _names_handed_on(server.command, words)
    for number, word in enumerate(words):
        field = f"args[{number}]"
        if number in names_at:
            name = names_at[number]
            if token := pasted_token(name):
                yield Reference(server.id, field, Syntax.LITERAL, None, Secret(token))
                continue
            yield Reference(server.id, field, Syntax.ENV, name, Secret(word), expanded_by_client=True)
            continue
        before = words[number - 1] if number else ""
        yield from _in_value(server, one, host, field, "args", word, partial(argument, before=before))
    for name, secret in server.env.items():
        text = secret.reveal()
        if one.fields.bare_env and (named := _bare_name(name, text, host)):
            yield Reference(server.id, f"env.{name}", Syntax.ENV, named, secret, None, True, text)
            continue
        yield from _in_value(server, one, host, f"env.{name}", "env", text, partial(named_value, name))
    if server.url is not None:
        yield from _in_value(server, one, host, "url", "url", server.url.reveal(), address)
    for name, secret in server.headers.items():
        yield from _in_value(
            server, one, host, f"headers.{name}", "headers", secret.reveal(), partial(named_value, name)
        )
    yield from _by_name(server, one)


def _in_value(
    server: Server, one: Client, host: Host | None, field: str, where: str, text: str, guess: Guesser
) -> Iterator[Reference]:
    if is_sealed(text):
        return
    yield from _referred(server, one, host, field, where, text)
    rest = _ANY_PLACEHOLDER.sub("", text)
    if (rest == text or len(rest) >= _SHORTEST_REST) and (said := guess(rest)):
        yield Reference(server.id, field, said.syntax, None, Secret(said.credential))


def _bare_name(variable: str, text: str, host: Host | None) -> str | None:
    """The variable that a bare value names: one that is set, or the very variable the value is for."""
    if not _VARIABLES_NAME.fullmatch(text):
        return None
    return text if text == variable or (host is not None and text in host.env) else None


def _referred(
    server: Server, one: Client, host: Host | None, field: str, where: str, text: str
) -> Iterator[Reference]:
    seen: set[str] = set()
    system = host.platform.value if host else ""
    notation = notation_of(server)
    for each in find_placeholders(text):
        spelling = text[each.start : each.end]
        if each.name in one.expansion.predefined or spelling in seen:
            continue
        seen.add(spelling)
        token = (
            each.name if each.syntax is not Syntax.ENV and is_token(each.name) else pasted_token(each.name)
        )
        if token:  # the credential itself, where its name belongs
            yield Reference(server.id, field, Syntax.LITERAL, None, Secret(token))
            continue
        if each.default and (said := named_value(each.name, each.default)):
            yield Reference(server.id, field, said.syntax, None, Secret(said.credential))
        yield Reference(
            server_id=server.id,
            field=field,
            syntax=each.syntax,
            name=each.name,
            text=Secret(text),
            default=None if each.default is None else Secret(each.default),
            expanded_by_client=one.expansion.expands(each.form, where, system, notation),
            spelling=spelling,
        )


def _by_name(server: Server, one: Client) -> Iterator[Reference]:
    """Variables that the client hands on, or makes headers of, by their names."""
    listed = [(f"{one.fields.env_names}[{number}]", name) for number, name in enumerate(server.env_names)]
    listed += [(f"{one.fields.env_headers}.{header}", name) for header, name in server.env_headers.items()]
    if server.bearer_env:
        listed.append((one.fields.bearer_env or "bearer", server.bearer_env))
    for field, name in listed:
        if token := pasted_token(name):
            yield Reference(server.id, field, Syntax.LITERAL, None, Secret(token))
            continue
        yield Reference(server.id, field, Syntax.ENV, name, Secret(name), expanded_by_client=True)


def _names_handed_on(command: str | None, words: list[str]) -> dict[int, str]:
    """`docker run -e NAME`: the places in the arguments where a variable is handed on without a value."""
    passed = container_variables(command, words)
    return passed.by_name if passed else {}
