"""A task of Windows' Task Scheduler. Source: the schema of tasks (http://schemas.microsoft.com/windows/2004/02/mit/task)."""

import re
import subprocess
from xml.sax.saxutils import escape, unescape

from diagnostics.monitor.schedule import Job, UnfitError, plain

TASK = "mcp-doctor monitor"
MARK = "Made by mcp-doctor; to change or remove it: mcp-doctor monitor install, mcp-doctor monitor uninstall"
_LONGEST = 8000
"""Characters of a command line."""


def task(job: Job, seconds: int) -> str:
    """The task's description. It runs only while its user is logged in, for only then can the credentials be read.

    Raises:
        UnfitError: such a command can't be written into it.
    """
    program, *arguments = plain(job)
    line = subprocess.list2cmdline(arguments)
    if len(program) + len(line) > _LONGEST:
        raise UnfitError(f"the command is longer than {_LONGEST} characters")
    return f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{escape(MARK)}</Description>
  </RegistrationInfo>
  <Triggers>
    <TimeTrigger>
      <Repetition>
        <Interval>PT{job.minutes}M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
      <StartBoundary>2020-01-01T00:{job.minute % 60:02}:00</StartBoundary>
      <Enabled>true</Enabled>
    </TimeTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <Enabled>true</Enabled>
    <Hidden>true</Hidden>
    <ExecutionTimeLimit>PT{seconds}S</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{escape(program)}</Command>
      <Arguments>{escape(line)}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


def command_in(text: str) -> tuple[str, str]:
    """Program and arguments of a task's description; two empty texts where there are none."""
    found = [re.search(rf"<{name}>([^<]*)</{name}>", text) for name in ("Command", "Arguments")]
    program, arguments = (unescape(each[1]).strip() if each else "" for each in found)
    return program, arguments
