"""What reaches beyond this host: Vault, a cloud's secrets, and an identity that this very workload was given.

Told by variables and files alone. Their values are credentials or addresses and are not shown.
"""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from diagnostics.advice.fact import Fact, Look, known, unknown
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.model import Syntax

_POD = "var/run/secrets/kubernetes.io/serviceaccount/token"
_MACHINES = {
    "Amazon EC2": "EC2",
    "Google": "Google Compute Engine",
    "Microsoft Corporation": "Azure or Hyper-V",
}
"""sys_vendor of a machine (dmi) -> what it may be."""
_IDENTITIES = {
    "AWS_WEB_IDENTITY_TOKEN_FILE": "aws",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "aws",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "aws",
    "AZURE_FEDERATED_TOKEN_FILE": "azure",
    "IDENTITY_ENDPOINT": "azure",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "github",
    "SPIFFE_ENDPOINT_SOCKET": "spiffe",
}
"""Variables by which a platform hands a workload its identity, as their documentation names them."""
_CLOUDS = {
    "aws": (
        ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
        (".aws/config", ".aws/credentials"),
    ),
    "gcp": (
        ("GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG"),
        (".config/gcloud/application_default_credentials.json",),
    ),
    "azure": (("AZURE_CLIENT_ID", "AZURE_TENANT_ID"), (".azure/azureProfile.json",)),
}


def _vault(context: Context) -> Fact:
    host, env = context.host, context.host.env
    found: dict[str, str] = {}
    for name in ("VAULT_ADDR", "BAO_ADDR"):
        if env.get(name):
            found["address"] = f"{name} is set"
    for name in ("VAULT_AGENT_ADDR", "VAULT_PROXY_ADDR"):
        if env.get(name):
            found["agent"] = f"{name} is set"
    if env.get("VAULT_TOKEN"):
        found |= {"token": "VAULT_TOKEN is set"}
    elif (host.home / ".vault-token").exists():
        found |= {"token": "~/.vault-token is there"}
    if any(each.syntax is Syntax.VAULT for each in context.references):
        found["reference"] = "a config names ${VAULT:…}"
    return known("vault", *(found or ("none",)), seen=list(found.values()))


def _cloud(context: Context) -> Fact:
    found = {
        name: seen
        for name, (variables, files) in _CLOUDS.items()
        if (seen := list(_signs(context.host, variables, files)))
    }
    if any(each.syntax is Syntax.AWS for each in context.references):
        found.setdefault("aws", []).append("a config names ${AWS_SECRET:…}")
    return known("cloud", *(found or ("none",)), seen=[each for lines in found.values() for each in lines])


def _signs(host: Host, variables: tuple[str, ...], files: tuple[str, ...]) -> Iterator[str]:
    yield from (f"{name} is set" for name in variables if host.env.get(name))
    yield from (f"~/{path} is there" for path in files if (host.home / path).exists())


def _workload(context: Context) -> Fact:
    host = context.host
    set_here = {name: value for name, value in _IDENTITIES.items() if host.env.get(name)}
    lost = [each for each in set_here if each.endswith("_FILE") and not _is_file(host, host.env[each])]
    found = {value: f"{name} is set" for name, value in set_here.items() if name not in lost}
    if host.root is not None and (host.root / _POD).exists():
        found["kubernetes"] = f"/{_POD} is there"
    if found:
        return known("workload", *found, seen=list(found.values()))
    if lost:
        return unknown("workload", f"{lost[0]} is set, and names a file that is not there or is none")
    machine = _machine(host)
    if machine:
        said = f"this is a machine of {machine}; whether it was given a role is only told by its metadata service, which advise does not ask"
        return unknown("workload", said)
    return known("workload", "none")


def _is_file(host: Host, path: str) -> bool:
    try:
        return (host.root / path.lstrip("/") if host.root is not None else Path(path)).is_file()
    except (OSError, ValueError):
        return False


def _machine(host: Host) -> str:
    if host.root is None:
        return ""
    try:
        vendor = (host.root / "sys/class/dmi/id/sys_vendor").read_text("utf-8", "replace").strip()[:100]
    except OSError:
        return ""
    return _MACHINES.get(vendor, "")


def _extras(context: Context) -> Fact:  # noqa: ARG001 - the same for every host
    """Which of our own optional parts are installed."""
    told = {"vault": "hvac", "aws": "botocore"}
    values = [name if find_spec(module) else f"no-{name}" for name, module in told.items()]
    return known("extras", *values)


LOOKS: Mapping[str, Look] = {"vault": _vault, "cloud": _cloud, "workload": _workload, "extras": _extras}
