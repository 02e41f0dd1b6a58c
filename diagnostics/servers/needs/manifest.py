"""What a server's own manifest says of the variables it takes: `server.json`, `manifest.json`, `mcp.json`, `server.yaml`.

Sources: the schemas of the MCP registry (2025-07-09 with snake_case names, 2025-09-29 to 2025-12-11 with camelCase),
of MCPB/DXT bundles (0.1 to 0.4) and of Docker's MCP catalogue; for `mcp.json` no shape is established, so the ones
that are met in the wild are read: `env: {NAME: {description, required}}` and lists named `requiredEnv`, `optionalEnv`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from diagnostics.servers.needs.need import Knowledge, Need, Source

FILES = ("server.json", "manifest.json", "mcp.json", ".mcp/server.json", "server.yaml")
_LARGEST = 1024 * 1024
_VARIABLE = re.compile(r"[A-Za-z_]\w{0,199}")
_DEEPEST = 6


def read_manifests(folder: Path, package: str | None = None) -> Knowledge:
    """What the manifests at the top of a package's folder say; nothing where there is none, or it is broken.

    In: `package` chooses among the packages of one `server.json`. Reads only regular files of the folder itself.
    """
    needs: list[Need] = []
    reads: dict[str, str] = {}
    for name in FILES:
        data = _load(folder / name)
        if data is None:
            continue
        for variable, required, why in _variables(name, data, package):
            evidence = f"{folder / name}: {why}"
            reads.setdefault(variable, evidence)
            if required and not any(variable in each.names for each in needs):
                needs.append(Need(((variable,),), Source.MANIFEST, evidence))
    return Knowledge(tuple(needs), reads)


def _load(path: Path) -> Any:
    try:
        if not path.is_file() or path.is_symlink() or path.stat().st_size > _LARGEST:
            return None
        text = path.read_text(encoding="utf-8-sig")
        return _secrets_of_yaml(text) if path.suffix == ".yaml" else json.loads(text)
    except (OSError, ValueError, RecursionError):
        return None


_Found = tuple[str, bool, str]
"""A variable, whether it is required, and the words of the manifest that say so."""


def _variables(name: str, data: Any, package: str | None) -> Iterator[_Found]:
    if not isinstance(data, Mapping):
        return
    if name.endswith("server.json"):
        yield from _of_registry(data, package)
    elif name == "manifest.json":
        yield from _of_bundle(data)
    elif name == "mcp.json":
        yield from _of_plain(data)
    else:
        yield from ((each, True, "a secret of its config") for each in data.get("secrets", ()))


def _of_registry(data: Mapping[str, Any], package: str | None) -> Iterator[_Found]:
    rows = [each for each in _list(data.get("packages")) if isinstance(each, Mapping)]
    own = [
        each for each in rows if package is None or (each.get("identifier") or each.get("name")) == package
    ]
    for row in own or rows[:1]:
        for variable in _list(row.get("environmentVariables", row.get("environment_variables"))):
            yield from _of_input(variable, "environmentVariables")
        for key in ("packageArguments", "package_arguments", "runtimeArguments", "runtime_arguments"):
            for argument in _list(row.get(key)):
                yield from _docker_names(argument)


def _of_input(row: Any, where: str) -> Iterator[_Found]:
    """One KeyValueInput; required only where it says so and brings no value of its own."""
    name = row.get("name") if isinstance(row, Mapping) else None
    if not isinstance(name, str) or not _is_name(name):
        return
    required = row.get("isRequired", row.get("is_required")) is True
    has_value = any(row.get(key) not in (None, "") for key in ("default", "value"))
    if required and isinstance(row.get("value"), str) and isinstance(row.get("variables"), Mapping):
        has_value = False  # a template, such as `Bearer {token}`
    yield (
        name,
        required and not has_value,
        f"{where}, isRequired" if required else f"{where}, optional",
    )


def _docker_names(argument: Any) -> Iterator[_Found]:
    """`-e NAME={value}` among the arguments for `docker run`."""
    if isinstance(argument, Mapping) and str(argument.get("name")) in {"-e", "--env"}:
        name = str(argument.get("value") or "").partition("=")[0]
        if _is_name(name):
            required = argument.get("isRequired", argument.get("is_required")) is True
            yield name, required and argument.get("default") is None, "runtimeArguments"


def _of_bundle(data: Mapping[str, Any]) -> Iterator[_Found]:
    """Variables that a bundle's user settings fill, or that it sets itself (then nobody has to)."""
    server = data.get("server")
    config = server.get("mcp_config") if isinstance(server, Mapping) else None
    env = config.get("env") if isinstance(config, Mapping) else None
    settings = data.get("user_config")
    settings = settings if isinstance(settings, Mapping) else {}
    for name, value in env.items() if isinstance(env, Mapping) else ():
        hit = re.fullmatch(r"\$\{user_config\.([^{}]+)\}", value) if isinstance(value, str) else None
        if not _is_name(name):
            continue
        row = settings.get(hit[1]) if hit else None
        row = row if isinstance(row, Mapping) else {}
        required = row.get("required") is True and row.get("default") in (None, "")
        yield name, required, f"user_config.{hit[1]}, required" if hit and required else "mcp_config.env"


def _of_plain(data: Mapping[str, Any], depth: int = 0) -> Iterator[_Found]:
    """The unsettled `mcp.json`: lists of names, or a table by name; a client's own config of that name gives nothing."""
    for key, required in (("requiredEnv", True), ("optionalEnv", False)):
        for each in _list(data.get(key)):
            name = each.get("name") if isinstance(each, Mapping) else each
            if isinstance(name, str) and _is_name(name):
                yield name, required, key
    for key in ("env", "environment", "environmentVariables"):
        rows = data.get(key)
        if isinstance(rows, Mapping):
            for name, row in rows.items():
                if _is_name(name) and isinstance(row, Mapping):
                    needed = (row.get("required") is True or row.get("isRequired") is True) and row.get(
                        "default"
                    ) is None
                    yield name, needed, f"{key}, required" if needed else key
        for row in _list(rows):
            yield from _of_input(row, key)
    if depth < _DEEPEST:
        for value in data.values():
            if isinstance(value, Mapping):
                yield from _of_plain(value, depth + 1)


def _secrets_of_yaml(text: str) -> Mapping[str, Any]:
    """The variables of `config.secrets[].env` in Docker's `server.yaml`: that list alone, read line by line."""
    names: list[str] = []
    depth: int | None = None
    for line in text.splitlines():
        bare = line.lstrip(" ")
        indent = len(line) - len(bare)
        if bare.rstrip() == "secrets:":
            depth = indent
        elif depth is not None and bare:
            if indent < depth or (indent == depth and not bare.startswith("-")):
                depth = None
            elif (hit := re.match(r"(?:- )?env:\s*[\"']?(\w+)[\"']?\s*$", bare)) and _is_name(hit[1]):
                names.append(hit[1])
    return {"secrets": names}


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(_VARIABLE.fullmatch(value))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
