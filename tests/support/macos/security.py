"""`/usr/bin/security` of the stand-in Mac: a program, run as one. Ends with the low byte of the OSStatus."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.support.macos.state import DENIED, Mac, MacError

APPLE = "/usr/bin/security"


def main(arguments: Sequence[str], here: Mac | None = None) -> int:
    mac = here or Mac.here()
    with (mac.root / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(list(arguments)) + "\n")
    if not arguments or arguments[0] not in COMMANDS:
        return 2
    slow = mac.root / "hang"
    if slow.exists() and slow.read_text() == arguments[0]:
        mac.asks = True
        import time

        time.sleep(3600)
    try:
        return COMMANDS[arguments[0]](mac, list(arguments[1:])) or 0
    except MacError as error:
        sys.stderr.write(f"security: {arguments[0]}: Das hat nicht funktioniert.\n")
        return error.status & 0xFF


def _options(arguments: list[str], with_value: str, flags: str = "") -> tuple[dict[str, str], list[str]]:
    found: dict[str, str] = {}
    while arguments and arguments[0].startswith("-") and len(arguments[0]) == 2:
        name = arguments.pop(0)[1]
        if name in with_value:
            found[name] = arguments.pop(0)
        elif name in flags:
            found[name] = ""
        else:
            raise SystemExit(2)
    return found, arguments


ANSWERS: list[str] = []
"""What is typed, where the stand-in is called without a terminal of its own (`in_process`)."""


def _password(prompt: str) -> str:
    """As getpass(3): from /dev/tty, never from standard input."""
    if ANSWERS:
        return ANSWERS.pop(0)
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        raise SystemExit(1) from None
    import getpass  # late, as plistlib below: each call is a new process

    return getpass.getpass(prompt)


def list_keychains(mac: Mac, arguments: list[str]) -> None:
    options, rest = _options(arguments, "d", "s")
    with mac.system() as state:
        if "s" in options:
            state["searched"] = rest
            return
        found = list(state["searched"])
    for each in found if options.get("d") == "user" else [*found, mac.for_everybody]:
        print(f'    "{each}"')


def default_keychain(mac: Mac, arguments: list[str]) -> None:
    options, rest = _options(arguments, "d", "s")
    with mac.system() as state:
        if "s" in options:
            state["default"] = rest[0] if rest else ""
            return
        found = state["default"]
    if not found:
        raise MacError(-25307)
    print(f'    "{found}"')


def show_keychain_info(mac: Mac, arguments: list[str]) -> None:
    (path,) = arguments
    content = mac.load(path)
    if not mac.is_open(path):
        mac.window(f"unlock {path}")
    words = [" lock-on-sleep"] if content["sleep"] else []
    words.append(" no-timeout" if content["timeout"] is None else f" timeout={content['timeout']}s")
    sys.stderr.write(f'Keychain "{path}"{"".join(words)}\n')


def unlock_keychain(mac: Mac, arguments: list[str]) -> None:
    options, rest = _options(arguments, "p")
    password = options["p"] if "p" in options else _password(f"Passwort für {rest[0]}: ")
    mac.unlock(rest[0], password)


def lock_keychain(mac: Mac, arguments: list[str]) -> None:
    mac.lock(arguments[0])


def create_keychain(mac: Mac, arguments: list[str]) -> int | None:
    options, rest = _options(arguments, "p")
    if "p" in options:
        mac.create(rest[0], options["p"])
        return None
    for _ in range(3):
        first = _password("Passwort des neuen Schlüsselbunds: ")
        if _password("Passwort wiederholen: ") == first:
            mac.create(rest[0], first)
            return None
        sys.stderr.write("Die Passwörter sind verschieden.\n")
    return 1


def delete_keychain(mac: Mac, arguments: list[str]) -> None:
    Path(arguments[0]).unlink()


def dump_keychain(mac: Mac, arguments: list[str]) -> None:
    options, rest = _options(arguments, "", "adr")
    for path in rest or mac.searched():
        content = mac.load(path)
        if options and not mac.is_open(path):
            mac.window(f"unlock {path}")
        if "d" in options:
            mac.window(f"{APPLE} wants {path}")
        for each in content["items"]:
            print(_record(path, each))
            if "a" in options:
                print("\n".join(_rules(mac, each)))


def find_generic_password(mac: Mac, arguments: list[str]) -> None:
    options, _ = _options(arguments, "sa", "gw")
    path, _, each = mac.find(options["s"], options["a"])
    value = mac.read(options["s"], options["a"], APPLE) if options.keys() & {"g", "w"} else ""
    if "w" in options:
        raw = value.encode("utf-8", "surrogateescape")
        print(value if _printable(raw) else raw.hex())
        return
    print(_record(path, each))
    if "g" in options:
        sys.stderr.write(f"password: {printed(value)}\n")


def set_partition_list(mac: Mac, arguments: list[str]) -> int | None:
    options, rest = _options(arguments, "Ssak")
    password = options["k"] if "k" in options else _password("Passwort: ")
    content = mac.load(rest[0])
    if content["password"] != password:  # setting the list takes it, also where the keychain is open
        raise MacError(DENIED)
    mac.unlock(rest[0], password)
    for each in content["items"]:
        if (each["service"], each["account"]) == (options["s"], options["a"]):
            each["access"]["partitions"] = options["S"].split(",")
            mac.save(rest[0], content)
            return None
    return 1


COMMANDS: dict[str, Callable[[Mac, list[str]], int | None]] = {
    "list-keychains": list_keychains,
    "default-keychain": default_keychain,
    "show-keychain-info": show_keychain_info,
    "unlock-keychain": unlock_keychain,
    "lock-keychain": lock_keychain,
    "create-keychain": create_keychain,
    "delete-keychain": delete_keychain,
    "dump-keychain": dump_keychain,
    "find-generic-password": find_generic_password,
    "set-generic-password-partition-list": set_partition_list,
}


def _record(path: str, entry: dict[str, Any]) -> str:
    return "\n".join(
        (
            f'keychain: "{path}"',
            "version: 512",
            'class: "genp"',
            "attributes:",
            f"    0x00000007 <blob>={printed(entry['service'])}",
            "    0x00000008 <blob>=<NULL>",
            f'    "acct"<blob>={printed(entry["account"])}',
            '    "cdat"<timedate>=0x32303236303630333137343032385A00  "20260603174028Z\\000"',
            f'    "svce"<blob>={printed(entry["service"])}',
        )
    )


def _rules(mac: Mac, entry: dict[str, Any]) -> list[str]:
    rule = entry["access"]
    asks = "        require-password" if rule["asks"] else "        don't-require-password"
    programs = ["        applications: <null>"]
    if rule["programs"] is not None:
        programs = [f"        applications ({len(rule['programs'])}):"]
        for number, each in enumerate(rule["programs"]):
            state = "OK" if mac.cdhash(each["path"]) == each["cdhash"] else "status -67068"
            programs.append(f"            {number}: {each['path']} ({state})")
            programs.append(f'                requirement: cdhash H"{each["cdhash"]}"')
    import plistlib

    listed = plistlib.dumps({"Partitions": rule["partitions"]}).hex()
    return [
        "access: 3 entries",
        "    entry 0:", "        authorizations (1): encrypt", "        don't-require-password",
        f"        description: {entry['service']}", "        applications: <null>",
        "    entry 1:", "        authorizations (6): decrypt derive export_clear export_wrapped mac sign", asks,
        f"        description: {entry.get('description', entry['service'])}", *programs,
        "    entry 2:", "        authorizations (1): partition_id", "        don't-require-password",
        f"        description: {listed}", "        applications: <null>",
    ]  # fmt: skip


def _printable(raw: bytes) -> bool:
    return all(0x20 <= each < 0x7F for each in raw)


def printed(value: str) -> str:
    """As print_buffer: quotes as they are, a backslash or anything not printable makes hex."""
    raw = value.encode("utf-8", "surrogateescape")
    if _printable(raw) and b"\\" not in raw:
        return f'"{value}"' if raw else ""
    shown = "".join(chr(each) if 0x20 <= each < 0x7F and each != 0x5C else f"\\{each:03o}" for each in raw)
    return f'0x{raw.hex().upper()}  "{shown}"'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
