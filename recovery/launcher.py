"""`mcp-doctor run`: gives a server its credentials and becomes it. Everything here stands in a server's start.

Standard output belongs to the server from the first byte, so nothing is ever printed there; standard error gets one
line, and only when the start fails or an emergency incident is open. Imports stand where they are needed: a start
pays for what it uses.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diagnostics.host import Host
from diagnostics.model import Platform, Reference, Server, Syntax
from diagnostics.secret import Secret
from diagnostics.servers.resolve import Launch, UnresolvedError, resolve
from diagnostics.stores import StoreError
from diagnostics.stores.one_entry import Entries

USAGE = 2
UNRESOLVED = 78
"""EX_CONFIG of sysexits.h."""
NOT_EXECUTABLE = 126
NOT_FOUND = 127

_UNREADABLE = {
    Syntax.OAUTH: "an OAuth login",
    Syntax.USER_CONFIG: "a value that only the client knows",
    Syntax.INPUT: "a value that only the client can ask for",
}


_UNLOCK_HELPS = {
    "dbus_no_session_bus",
    "keyring_collection_missing",
    "keyring_locked",
    "macos_keychain_locked",
    "secret_service_not_provided",
}


class LaunchError(Exception):
    """The start ends here, with this code and these words."""

    def __init__(
        self,
        code: int,
        cause: str,
        said: str,
        *,
        server: str | None = None,
        program: str | None = None,
        reference: Reference | None = None,
    ) -> None:
        super().__init__(said)
        self.code = code
        self.cause = cause
        self.server = server
        self.program = program
        self.reference = reference


@dataclass(frozen=True, slots=True)
class _Call:
    """The words after `run`."""

    config: tuple[Path, ...] = ()
    client: str | None = None
    name: str | None = None
    command: tuple[str, ...] = ()
    agreed: Mapping[str, str] = field(default_factory=dict)
    """`--provider-url ID=URL`: where another store may be asked than at its usual address."""


def run(argv: Sequence[str], host: Host) -> int:
    """Becomes the server; returns only when that fails (on Windows: when the server has ended).

    In: the words after `mcp-doctor run`: `SERVER` or `-- COMMAND ARG …`, before them `--config PATH` and
    `--client NAME`. Out: 2 for a wrong call, 78 when a reference has no value, 127 and 126 for a command that is
    not there or can't be executed, else the server's own code.
    """
    server: Server | None = None
    try:
        call = _parse(argv)
        server = _of_command(call.command, host) if call.command else _of_name(call, host)
        return _become(launch_of(server, host, call.agreed), host)
    except UnresolvedError as error:
        asked = None if server is None else server.name
        failure = LaunchError(
            UNRESOLVED, error.cause, _in_words(error, asked or None), reference=error.reference
        )
        return _end(failure, server, host)
    except LaunchError as error:
        return _end(error, server, host)


def launch_of(server: Server, host: Host, agreed: Mapping[str, str]) -> Launch:
    """What starting this entry means, with all its values. From here on this process leaves no core.

    Raises:
        UnresolvedError: a reference has no value.
        LaunchError: what belongs to the entry can't be read.
    """
    from recovery.core_dump import forbid

    in_emergency = _emergency(server, host)
    forbid(host, becomes_another=True)
    with Entries(host, hand_out=_hand_out) as entries:

        def read(reference: Reference) -> Secret | None:
            held = in_emergency(reference) if in_emergency is not None else None
            return _value(reference, entries, host, agreed) if held is None else held

        return resolve(server, read, _inherited(server, host))


def _hand_out(bus: Any, collection: str) -> bool:
    """Whether a locked collection is unlocked now: a wallet that is open needs neither a password nor a window.

    After every login to a desktop of KDE the wallet is open, and its Secret Service calls it locked until someone asks.
    """
    from diagnostics.stores.bus import BusError
    from recovery.model import RecoveryError
    from recovery.stores.kwallet import hand_out

    try:
        return hand_out(bus, collection)
    except (BusError, RecoveryError):
        return False


def _parse(argv: Sequence[str]) -> _Call:
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
            return _Call(tuple(config), client, command=tuple(words), agreed=agreed)
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
            return _Call(tuple(config), client, name=word, agreed=agreed)
    raise _wrong_call("name a server, or a command after `--`")


def _wrong_call(said: str) -> LaunchError:
    return LaunchError(
        USAGE, "config_schema_error", f"{said} (mcp-doctor run SERVER | mcp-doctor run -- COMMAND …)"
    )


# ── what is to be started ───────────────────────────────────────────────────────────────────────────────────


def _of_command(command: Sequence[str], host: Host) -> Server:
    """`run -- COMMAND`: the references in this process's own environment and in the arguments."""
    args = {f"args[{at}]": word for at, word in enumerate(command[1:])}
    env = {f"env.{name}": value for name, value in host.env.items() if "${" in value}
    references = [each for where, text in (env | args).items() for each in _references(where, text)]
    return Server(
        id="",
        name="",
        client="",
        path=Path(),
        transport="stdio",
        command=command[0],
        args=tuple(map(Secret, args.values())),
        env={name.removeprefix("env."): Secret(value) for name, value in env.items()},
        references=tuple(references),
    )


def _references(where: str, text: str) -> list[Reference]:
    """The references in one value, whose meaning is beyond doubt.

    A shell's environment and arguments hold `$VAR` and `${VAR}` for many reasons, so a plain variable counts only
    where it is the whole value.
    """
    from diagnostics.reference_syntax import find_malformed, find_references

    found = []
    for each in find_references(text):
        is_whole = each.start == 0 and each.end == len(text)
        if each.form == "$VAR" or (each.form in {"${VAR}", "${VAR:-default}"} and not is_whole):
            continue
        default = None if each.default is None else Secret(each.default)
        spelling = text[each.start : each.end]
        found.append(Reference("", where, each.syntax, each.name, Secret(text), default, spelling=spelling))
    for wrong in find_malformed(text):
        spelling = text[wrong.start : wrong.end]
        reference = Reference("", where, Syntax.SECRET, None, Secret(text), spelling=spelling)
        hint = f", write {wrong.meant}" if wrong.meant else ""
        raise UnresolvedError(reference, "config_schema_error", f"is not a reference as it is written{hint}")
    return found


def _of_name(call: _Call, host: Host) -> Server:
    """`run SERVER`: the configured entry of that name which is not itself this very call."""
    from diagnostics.context import Options
    from diagnostics.discovery import (
        ConfigFileError,
        UnknownClientError,
        UnknownServerError,
        choose,
        discover,
    )

    name = call.name or ""
    try:
        named = choose(discover(host, Options(config=call.config, client=call.client)), [name])
    except (ConfigFileError, UnknownClientError, UnknownServerError) as error:
        raise LaunchError(USAGE, "config_schema_error", str(error), server=name) from error
    usable = [each for each in named if not _is_this_call(each, name)]
    if not usable:
        said = (
            f"the entry {name!r} starts `mcp-doctor run {name}`, which would start itself without end. Put the "
            "server's own command into it: mcp-doctor run -- COMMAND …"
        )
        raise LaunchError(USAGE, "config_schema_error", said, server=named[0].id)
    one = usable[0]
    if one.transport != "stdio" or one.command is None:
        raise LaunchError(
            USAGE,
            "config_wrong_endpoint",
            f"{one.id} is reached by its address, there is nothing to run",
            server=one.id,
        )
    if any(_start_of(each) != _start_of(one) for each in usable[1:]):
        ids = ", ".join(each.id for each in usable)
        raise LaunchError(
            USAGE,
            "config_schema_error",
            f"several clients have a different {name!r}: say which ({ids})",
            server=name,
        )
    return one


def _start_of(server: Server) -> tuple[object, ...]:
    return server.command, server.args, dict(server.env), server.cwd


def _is_this_call(server: Server, name: str) -> bool:
    """Whether the entry is `mcp-doctor run NAME` itself, whatever starts the launcher."""
    from diagnostics.configs.launcher_words import launcher_at

    words = [each.reveal() for each in server.args]
    at = launcher_at(server.command, words)
    if at is None:
        return False
    rest = words[at + 1 :]
    wanted = {each.casefold() for each in (name, server.name, server.id)}
    return "--" not in rest and bool(rest) and rest[-1].casefold() in wanted


def _emergency(server: Server, host: Host) -> Callable[[Reference], Secret | None] | None:
    """Gives a reference's value while an incident is open for its server; None = no incident is open at all."""
    try:
        if not os.listdir(host.state_dir / "emergency"):  # noqa: PTH208 - a start waits for this
            return None
    except OSError:
        return None
    from recovery.emergency.serving import Serving

    return Serving(server, host).value


def _inherited(server: Server, host: Host) -> Mapping[str, str]:
    return host.env if server.env_file is None else {**host.env, **_env_file(server, host)}


def _env_file(server: Server, host: Host) -> Mapping[str, str]:
    """The entry's `.env` file, as its client would read it."""
    from diagnostics.servers.env_file import EnvFileError, variables_of

    try:
        return variables_of(server, host)
    except EnvFileError as error:
        said = f"its env file {error.path} can't be read ({error})"
        raise LaunchError(UNRESOLVED, "path_not_found", said, server=server.id) from error


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────


def _value(reference: Reference, entries: Entries, host: Host, agreed: Mapping[str, str]) -> Secret | None:
    value: Secret | None
    match reference.syntax:
        case Syntax.LITERAL:
            return None
        case Syntax.PLACEHOLDER:
            raise UnresolvedError(
                reference, "env_placeholder_not_expanded", "still holds the placeholder of an example"
            )
        case Syntax.ENV:
            value = _variable(reference, host)
        case Syntax.SECRET:
            value = _entry(reference, entries)
        case _:
            value = _managed(reference, host, agreed)
    if "\0" in value.reveal():
        raise UnresolvedError(
            reference, "credential_corrupted", "holds a NUL character, so no server can get it"
        )
    return value


def _variable(reference: Reference, host: Host) -> Secret:
    name = reference.name or ""
    value = host.env.get(name)
    refers_to_itself = reference.field == f"env.{name}" and value is not None and value == reference.spelling
    if value is not None and not refers_to_itself and not (value == "" and reference.default is not None):
        return Secret(value)
    if reference.default is not None:
        return reference.default
    raise UnresolvedError(reference, "env_var_missing", f"needs the variable {name}, which is not set here")


def _entry(reference: Reference, entries: Entries) -> Secret:
    name = reference.name or ""
    try:
        found = entries.read(name)
    except StoreError as error:
        raise UnresolvedError(reference, error.cause, f"can't be read: {error}") from error
    if found is None:
        raise UnresolvedError(
            reference, "credential_not_found", "names an entry that the keychain does not have"
        )
    if not found.secret:
        raise UnresolvedError(reference, "credential_not_found", "names an entry that is empty")
    return found.secret


def _managed(reference: Reference, host: Host, agreed: Mapping[str, str]) -> Secret:
    """What another store keeps; its manager, and what that needs, is only loaded for a reference to it."""
    from diagnostics import managers
    from diagnostics.context import Options

    manager = managers.find(reference.syntax)
    if manager is None or reference.name is None:
        what = _UNREADABLE.get(reference.syntax, "something")
        raise UnresolvedError(
            reference, "credential_not_found", f"stands for {what}, which `run` can't read yet"
        )
    options = Options(provider_urls=agreed)
    question = managers.Question(reference.name, host, options, managers.LAUNCH_SECONDS, starting=True)
    answer = managers.ask(manager, question)
    if isinstance(answer, managers.Found):
        return answer.value
    own = {"name": reference.name, "spelling": reference.shown}
    said = managers.in_words(manager, answer, own)
    raise UnresolvedError(reference, answer.cause or "credential_not_found", f"has no value: {said}")


# ── becoming the server ─────────────────────────────────────────────────────────────────────────────────────


def _become(launch: Launch, host: Host) -> int:
    program = re.split(r"[\\/]", launch.command)[-1]
    try:
        if launch.cwd is not None:
            os.chdir(Path(launch.cwd).expanduser())
    except OSError as error:
        said = f"its working directory {launch.cwd} can't be entered ({error.strerror})"
        raise LaunchError(UNRESOLVED, "path_not_found", said, program=program) from error
    try:
        if host.platform is Platform.WINDOWS:
            return _as_child(launch, program)
        _as_if_never_python()
        os.execvpe(launch.command, [launch.command, *launch.args], dict(launch.env))  # noqa: S606
    except FileNotFoundError as error:
        if _is_file(launch):
            said = f"{launch.command} names an interpreter in its first line that is not installed"
        else:
            said = (
                f"the command {_shown(launch.command)} is not on the PATH ({launch.env.get('PATH', 'empty')})"
            )
        raise LaunchError(NOT_FOUND, "command_not_found", said, program=program) from error
    except (PermissionError, NotADirectoryError) as error:
        said = f"the command {_shown(launch.command)} can't be executed ({error.strerror})"
        raise LaunchError(NOT_EXECUTABLE, "not_executable", said, program=program) from error
    except OSError as error:
        said = f"the command {_shown(launch.command)} can't be executed ({error.strerror})"
        cause = "config_schema_error" if error.errno == 7 else "binary_incompatible"  # E2BIG, ENOEXEC
        raise LaunchError(NOT_EXECUTABLE, cause, said, program=program) from error


def _shown(command: str) -> str:
    """A command as people may see it: some are a whole shell line, with the token in it."""
    from diagnostics.tokens.masking import mask_tokens

    return repr(mask_tokens(command))


def _is_file(launch: Launch) -> bool:
    import shutil

    return shutil.which(launch.command, path=launch.env.get("PATH")) is not None


def _as_if_never_python() -> None:
    """Python ignores SIGPIPE and SIGXFSZ, and exec would hand that on: a server must find them as a shell leaves them."""
    import signal

    for name in ("SIGPIPE", "SIGXFSZ"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_DFL)


def _as_child(launch: Launch, program: str) -> int:
    from recovery.windows_start import UnsafeArgumentError, start

    try:
        return start(launch)
    except UnsafeArgumentError as error:
        raise LaunchError(UNRESOLVED, "windows_cmd_wrapper_needed", str(error), program=program) from error


# ── the failure ─────────────────────────────────────────────────────────────────────────────────────────────


def _in_words(error: UnresolvedError, server: str | None) -> str:
    reference = error.reference
    said = f"{reference.field} {reference.shown}".strip() + f" {error}"
    doctor = f"mcp-doctor {server}" if server else "mcp-doctor"
    if error.cause in {"credential_not_found", "credential_corrupted"} and reference.syntax is Syntax.SECRET:
        return f"{said}. Store it: mcp-secrets set {reference.name}, or see: {doctor}"
    if error.cause in _UNLOCK_HELPS:
        return f"{said}. Open it: mcp-doctor unlock, or see: {doctor}"
    return f"{said}. See: {doctor}"


def _end(error: LaunchError, server: Server | None, host: Host) -> int:
    from diagnostics.standard_error import tell
    from diagnostics.text import clean
    from diagnostics.tokens.masking import mask_pasted, mask_tokens

    server_id = error.server or (server.id if server is not None and server.id else None)
    who = f"{server_id}: " if server_id else ""
    line = mask_pasted(clean(f"mcp-doctor: {who}{error}", 1000))
    tell(line)
    if error.code != USAGE:
        program = error.program
        if program is None and server is not None and server.command is not None:
            program = re.split(r"[\\/]", server.command)[-1]
        error.program = program and mask_tokens(mask_pasted(clean(program, 200)))
        _record(error, server_id, line, host)
    return error.code


def _record(error: LaunchError, server_id: str | None, line: str, host: Host) -> None:
    """Writes the failure record; where that is not possible the start's own failure is what matters."""
    import contextlib
    import json
    from datetime import UTC, datetime

    from diagnostics.servers.failure_record import KEPT, FailureRecord, folder
    from diagnostics.tokens.masking import mask_pasted

    now = datetime.now(UTC)
    reference = error.reference
    record = FailureRecord(
        at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        exit_code=error.code,
        cause=error.cause,
        message=line,
        server=server_id,
        program=error.program,
        field=None if reference is None else mask_pasted(reference.field),
        reference=(mask_pasted(reference.shown) or None) if reference is not None else None,
    )
    place = folder(host)
    with contextlib.suppress(OSError):
        host.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.mkdir(exist_ok=True, mode=0o700)
        path = place / f"{now.strftime('%Y%m%dT%H%M%S.%f')}-{os.getpid()}.json"
        unfinished = path.with_suffix(".new")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(record.to_json(), file)
        unfinished.replace(path)
        for old in sorted(place.glob("*.json"))[:-KEPT]:
            old.unlink(missing_ok=True)
