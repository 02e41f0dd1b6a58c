#!/usr/bin/python
"""The module that runs on each host: `mcp-doctor check --format json`, bounded in time and size. It changes nothing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mcp_doctor_check
short_description: Ask mcp-doctor on a host why MCP servers do not get their credentials
version_added: 0.1.0
description:
  - Runs C(mcp-doctor check --format json) as the user of the connection and returns its report.
  - It only looks. No dialog is opened, no daemon started, nothing written; check mode does the very same.
  - A finding that fails is an answer, not a failure of the task. The task fails where there is no report,
    because mcp-doctor is not installed, took too long or broke off.
  - The report holds no credential and no part of one.
options:
  executable:
    description:
      - The mcp-doctor to run, as a path or a name on the host's E(PATH).
      - By default C(mcp-doctor) or C(mcp-credential-doctor) on the host's E(PATH), else the one in C(~/.local/bin),
        where C(uv tool install) and C(pipx) put it and which a connection without a login shell does not look in.
    type: str
  servers:
    description: The servers to look at, by name. None means all.
    type: list
    elements: str
    default: []
  config:
    description: Config files to read instead of discovering any.
    type: list
    elements: path
    default: []
  client:
    description: The client to look at alone, or, with O(config), whose format the files have.
    type: str
  offline:
    description: Ask no provider over the network.
    type: bool
    default: false
  check_timeout:
    description: Seconds that one check may take. By default each has its own limit.
    type: int
  deadline:
    description: Seconds after which mcp-doctor is ended and the task fails.
    type: int
    default: 120
attributes:
  check_mode:
    description: Looking changes nothing, so it is done in check mode too.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: POSIX hosts with Python 3.8 or newer.
    support: full
    platforms: posix
author:
  - the mcp-doctor project
"""

EXAMPLES = r"""
- name: Why do MCP servers not get their credentials?
  mcp_doctor.fleet.mcp_doctor_check:
  register: answer

- name: One server, without asking its provider
  mcp_doctor.fleet.mcp_doctor_check:
    servers: [github]
    offline: true

- name: Stop a rollout where a credential is not in order
  mcp_doctor.fleet.mcp_doctor_check:
  register: answer
  failed_when: answer.failed or answer.failing
"""

RETURN = r"""
report:
  description: The whole report, schema C(mcp-doctor.report/1).
  returned: when there is one
  type: dict
failing:
  description: Whether at least one finding fails.
  returned: when there is a report
  type: bool
summary:
  description: How many findings are in which state.
  returned: when there is a report
  type: dict
  sample: {ok: 31, warn: 1, fail: 2, skip: 4, unknown: 0}
executable:
  description: What was run.
  returned: always
  type: str
exit_code:
  description: mcp-doctor's. 0 nothing fails, 1 something does, 3 something could not be found out.
  returned: when it ended by itself
  type: int
seconds:
  description: How long it took.
  returned: always
  type: float
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from ansible.module_utils.basic import AnsibleModule

SCHEMA = "mcp-doctor.report/"
NAMES = ("mcp-doctor", "mcp-credential-doctor")
BESIDE_THE_PATH = ("~/.local/bin", "/usr/local/bin", "/opt/mcp-doctor/bin")
MOST_BYTES = 8 * 1024 * 1024
ENDED_IN_ORDER = (0, 1, 3)


class NoReportError(Exception):
    """Why there is no report, in words for the one who reads the playbook's output."""


def find(wanted):
    """The program's path. Raises NoReportError where there is none."""
    for name in (wanted,) if wanted else NAMES:
        found = shutil.which(expanded(name))
        for folder in () if found or os.sep in name else BESIDE_THE_PATH:
            found = found or shutil.which(name, path=expanded(folder))
        if found:
            return found
    raise NoReportError(
        "mcp-doctor is not installed for this user: there is no %s. Install it there (uv tool install, pipx install), "
        "or name it: mcp_doctor_executable in the playbook, `executable` of this module."
        % (wanted or " or ".join(NAMES) + " on the PATH or in ~/.local/bin")
    )


def expanded(path):
    """The path with the user's home in place of `~`."""
    return os.path.expanduser(path)  # noqa: PTH111 - a name without a folder stays one


def command_of(params, executable):
    """The call, from the task's parameters."""
    command = [executable, "check", "--format", "json"]
    for path in params["config"]:
        command += ["--config", path]
    if params["client"]:
        command += ["--client", params["client"]]
    if params["offline"]:
        command.append("--offline")
    if params["check_timeout"]:
        command += ["--timeout", str(params["check_timeout"])]
    for name in params["servers"]:
        if name.startswith("-"):
            raise NoReportError("a server's name can't begin with a dash: %r" % name)
    return command + params["servers"]


def run(command, deadline):
    """Exit code, standard output and the last line of standard error. Raises NoReportError after the deadline, or where it says too much."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd="/", start_new_session=True
            )
        except OSError as error:
            raise NoReportError("%s can't be run: %s" % (command[0], error.strerror)) from error
        ends = time.monotonic() + deadline
        wait = 0.01
        try:
            while child.poll() is None:
                if time.monotonic() > ends:
                    raise NoReportError(
                        "mcp-doctor did not end within %d seconds, so it was ended" % deadline
                    )
                if too_much(out, err):
                    break
                time.sleep(wait)
                wait = min(0.2, wait * 1.5)
            if too_much(out, err):
                what = "the report is" if too_much(out) else "what it complained of is"
                raise NoReportError("%s larger than %d MB, so it was not taken" % (what, MOST_BYTES >> 20))
        finally:
            end(child)
        out.seek(0)
        err.seek(max(0, os.fstat(err.fileno()).st_size - 2000))
        said = err.read().decode("utf-8", "replace").strip().splitlines()
        return child.returncode, out.read(), said[-1] if said else ""


def too_much(*files):
    """Whether a file has grown larger than any report is."""
    return any(os.fstat(each.fileno()).st_size > MOST_BYTES for each in files)


def end(child):
    """Ends the program with all that it started; nothing is left on the host."""
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def report_in(raw, code, said):
    """The report, if that is what came. Raises NoReportError."""
    because = "".join(character if character.isprintable() else "?" for character in said[:400])
    try:
        report = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        said = "mcp-doctor gave no report (exit code %s): %s" % (code, because or "it said nothing")
        raise NoReportError(said) from error
    schema = report.get("schema") if isinstance(report, dict) else None
    if not isinstance(schema, str) or not schema.startswith(SCHEMA):
        raise NoReportError("what came is no report of mcp-doctor: its schema is %r" % (schema,))
    if code not in ENDED_IN_ORDER:
        raise NoReportError("mcp-doctor broke off (exit code %s): %s" % (code, because or "it said nothing"))
    return report


def main():
    """Looks once."""
    module = AnsibleModule(
        argument_spec={
            "executable": {"type": "str"},
            "servers": {"type": "list", "elements": "str", "default": []},
            "config": {"type": "list", "elements": "path", "default": []},
            "client": {"type": "str"},
            "offline": {"type": "bool", "default": False},
            "check_timeout": {"type": "int"},
            "deadline": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    began = time.monotonic()
    answer = {"changed": False, "executable": ""}
    try:
        answer["executable"] = find(module.params["executable"])
        command = command_of(module.params, answer["executable"])
        # Not `rc`: Ansible takes a result with another rc than 0 for a failed task.
        answer["exit_code"], raw, said = run(command, module.params["deadline"])
        report = report_in(raw, answer["exit_code"], said)
    except NoReportError as error:
        module.fail_json(msg=str(error), seconds=round(time.monotonic() - began, 3), **answer)
    summary = report.get("summary")
    module.exit_json(
        report=report,
        summary=summary if isinstance(summary, dict) else {},
        failing=answer["exit_code"] == 1,
        seconds=round(time.monotonic() - began, 3),
        **answer,
    )


if __name__ == "__main__":
    main()
