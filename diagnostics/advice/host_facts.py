"""What this host is: its system, the place, who works on it, what its hardware and kernel could keep."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from diagnostics.advice.fact import Fact, Look, known, unknown
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.place import parents_of, places_of

POLICY = "etc/mcp-doctor/policy.toml"
_LARGEST = 1024 * 1024
_JOBS = {
    "GITHUB_ACTIONS": "GitHub Actions",
    "GITLAB_CI": "GitLab CI",
    "JENKINS_URL": "Jenkins",
    "BUILDKITE": "Buildkite",
    "CIRCLECI": "CircleCI",
    "TF_BUILD": "Azure Pipelines",
    "BITBUCKET_BUILD_NUMBER": "Bitbucket Pipelines",
    "TEAMCITY_VERSION": "TeamCity",
}
"""A variable that a CI system sets in its jobs, as its own documentation names it."""
_NOT_TRUE = {"", "0", "false", "no"}
_UNATTENDED = {"ci", "pod", "system-service", "job"}
_PEOPLE = range(1000, 60_000)
"""Numbers of accounts that useradd gives to people (UID_MIN and UID_MAX of /etc/login.defs)."""
_NO_LOGIN = ("nologin", "false", "sync", "shutdown", "halt")
_DIRECTORIES = {"sss", "ldap", "winbind", "nis", "nisplus", "compat"}
"""Services of nsswitch.conf(5) by which people may log in who are not in /etc/passwd."""


def _platform(context: Context) -> Fact:
    return known("platform", context.host.platform.value)


def _session(context: Context) -> Fact:
    return known("session", context.host.session.value)


def _place(context: Context) -> Fact:
    host = context.host
    found = {each.kind.value: each.evidence for each in places_of(host, parents_of(host, os.getpid()))}
    job = _job_of(host)
    if job:
        found["ci"] = (job,)
    if host.session is Session.CONTAINER and not found.keys() & {"container", "pod"}:
        found["container"] = ()
    seen = [line for lines in found.values() for line in lines]
    return known("place", *(found or {"none": ()}), seen=seen)


def _job_of(host: Host) -> str:
    for variable, name in _JOBS.items():
        if host.env.get(variable, "").casefold() not in _NOT_TRUE:
            return f"{variable} is set: {name}"
    return "CI is set" if host.env.get("CI", "").casefold() not in _NOT_TRUE else ""


def _attended(context: Context) -> Fact:
    """Whether somebody is there who can be asked for a password when a server starts."""
    host = context.host
    place = _place(context).values or frozenset()
    if place & _UNATTENDED or host.session in {Session.SERVICE, Session.CRON}:
        return known("attended", "no")
    if place & {"container"} and not host.env.get("TERM"):
        return known("attended", "no", seen=("a container without a terminal",))
    return known("attended", "yes")


def _users(context: Context) -> Fact:
    host = context.host
    if host.platform is not Platform.LINUX:
        return unknown("users", "this system's accounts are only told by a program of its own")
    switch, accounts = _read(host, "etc/nsswitch.conf"), _read(host, "etc/passwd")
    if accounts is None:
        return unknown("users", "/etc/passwd can't be read")
    line = re.search(r"(?m)^\s*passwd:(.*)$", switch or "")
    directories = sorted(_DIRECTORIES & set(line[1].split())) if line else []
    if directories:
        said = f"people of a directory may log in here (/etc/nsswitch.conf: {', '.join(directories)})"
        return unknown("users", said)
    people = [each for each in accounts.splitlines() if _is_person(each)]
    return known(
        "users",
        "several" if len(people) > 1 else "one",
        seen=(f"/etc/passwd: {len(people)} {'account' if len(people) == 1 else 'accounts'} of people",),
    )


def _is_person(line: str) -> bool:
    fields = line.split(":")
    return (
        len(fields) == 7
        and fields[2].isdigit()
        and int(fields[2]) in _PEOPLE
        and not fields[6].strip().endswith(_NO_LOGIN)
    )


def _tpm(context: Context) -> Fact:
    host = context.host
    if host.platform is not Platform.LINUX or host.root is None:
        return unknown("tpm", "only this system's own tools tell it")
    for path in ("dev/tpmrm0", "sys/class/tpm/tpm0"):
        if (host.root / path).exists():
            return known("tpm", "yes", seen=(f"/{path} is there",))
    return known("tpm", "no")


def _kernel_keyring(context: Context) -> Fact:
    host = context.host
    if host.platform is not Platform.LINUX:
        return known("kernel-keyring", "no")
    there = host.root is not None and (host.root / "proc/keys").exists()
    return known("kernel-keyring", "yes" if there else "no", seen=("/proc/keys is there",) if there else ())


def _policy(context: Context) -> Fact:
    host = context.host
    if host.root is None:
        return known("policy", "no")
    try:
        (host.root / POLICY).stat()
    except (FileNotFoundError, NotADirectoryError):
        return known("policy", "no")
    except OSError as error:
        return unknown("policy", f"/{POLICY} can't be looked at: {error.strerror}")
    return known("policy", "yes", seen=(f"/{POLICY} is there",))


def _read(host: Host, path: str) -> str | None:
    try:
        with ((host.root or Path("/nonexistent")) / path).open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return None


LOOKS: Mapping[str, Look] = {
    "platform": _platform,
    "session": _session,
    "place": _place,
    "attended": _attended,
    "users": _users,
    "tpm": _tpm,
    "kernel-keyring": _kernel_keyring,
    "policy": _policy,
}
