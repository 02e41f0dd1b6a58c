#!/usr/bin/python
"""Documentation of the action `mcp_doctor_record`, which runs at the control node alone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mcp_doctor_record
short_description: Write what mcp_doctor_check answered into a file at the control node
version_added: 0.1.0
description:
  - Writes one file a host, in one step, for C(mcp-doctor fleet).
  - It runs at the control node and needs no connection, so hosts that could not be reached and hosts
    that gave no report are recorded too. They then show as what they are, not known, instead of being missed.
options:
  answer:
    description: What M(mcp_doctor.fleet.mcp_doctor_check) returned, as registered.
    type: dict
    required: true
  folder:
    description: Folder at the control node. It is made (0700) where there is none; the files are 0600.
    type: path
    required: true
attributes:
  check_mode:
    description: Says where it would write.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  action:
    description: It is an action, so nothing of it runs on the host.
    support: full
author:
  - the mcp-doctor project
"""

EXAMPLES = r"""
- name: Keep what each host answered
  mcp_doctor.fleet.mcp_doctor_record:
    answer: "{{ answer }}"
    folder: ./reports
"""

RETURN = r"""
path:
  description: The host's file.
  returned: always
  type: str
status:
  description: How the gathering ended.
  returned: always
  type: str
  sample: unreachable
"""
