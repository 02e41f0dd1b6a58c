"""The monitor's history of this host: which credential was how, round by round. Reading only.

`mcp-doctor monitor run` appends one round at a time to `STATE/monitor/history.jsonl` (0600; `recovery/monitor/history.py`
writes it). The app's timeline, `monitor status` and the monitor itself read it by `read_history`.

The file is UTF-8 text, one JSON object a line. The first line is its head:

    {"schema": "mcp-doctor.history/1"}

Every other line is one round, oldest first:

    round    its number, from 1, ever higher; the order of the file is the order of the rounds, whatever the clock said
    at       when it began, UTC, ISO 8601, by the clock on the wall (which may have been set back since the round before)
    boot     a random name of that start of the computer, "" = it has none
    since    seconds from that start, sleep included; a clock that nobody can set
    took     seconds that the round took
    whole    true: `states` has all credentials. Else only those that are not as the round before left them
    states   key -> state: see below
    gone     keys that the round before had and this one has not (the server is no longer configured)
    clock    how the wall clock was set since the round before, in words; left out where it ran
    said     what the monitor told people in this round: [kind, key] pairs; left out when it kept silent
    memory   what the next rounds must know so that nothing is told twice; the monitor's own

A state:

    server    the server's id ("claude-desktop:github"), "" for the keychain and for a config file
    field     where the credential stands ("env.GITHUB_TOKEN"); "" where the server names none
    name      what it is called ("github_token"), "" for one without a name
    status    ok, warn, fail, unknown (could not find out: neither good nor bad), skip (switched off)
    cause     the cause's label, "" for none
    check     the check that decided it, "" for none
    outcome   that check's outcome
    title     that finding in words
    expires   when the credential ends, UTC, ISO 8601, "" = not known

A key is `key_of` of the subject: of a reference, of a server without one, of the keychain, of a config file that is
broken. All texts are cleaned when they are written and again when they are read: the file is the user's, and may hold
anything. A last line without a line break was cut off by a crash and is left out in silence; any other line that is no
round makes `History.trouble`, and what can be read is still given. After a line that is lost (also one that only its
number is missed by) every credential counts as not known, until a line tells it anew.
"""

from diagnostics.history.model import Condition, Credential, History, Round
from diagnostics.history.reading import HEAD, LARGEST, SCHEMA, history_path, key_of, read_history

__all__ = [
    "HEAD",
    "LARGEST",
    "SCHEMA",
    "Condition",
    "Credential",
    "History",
    "Round",
    "history_path",
    "key_of",
    "read_history",
]
