"""What the timeline shows: the monitor's history, and what else this host knows of its moments. Used by app and command."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from diagnostics.history import History, key_of, read_history
from diagnostics.history.story import STORE, Change, Happening, changes, happenings, password_before, story_of
from diagnostics.history.telling import NOT_SEEN, Told, tell
from diagnostics.history.traces import of_configs, of_passwords
from diagnostics.host import Host
from diagnostics.model import Server

SPANS: Mapping[str, timedelta] = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}


@dataclass(frozen=True, slots=True)
class Past:
    """A history with what was seen beside it."""

    history: History
    now: datetime
    seen: tuple[Happening, ...] = ()
    """What concerns every credential: the audit trail's deeds, the passwords of this computer."""
    configs: Mapping[str, Happening] = field(default_factory=dict)
    """Server id -> the last change of its config file."""
    trouble: str = ""
    """What could not be read beside the history, in words; "" = nothing."""

    @property
    def fitting(self) -> str:
        """The span to begin with: a day where the history is no older, else a week."""
        rounds = self.history.rounds
        is_young = bool(rounds) and self.now - rounds[0].at <= SPANS["24h"]
        return "24h" if is_young else "7d"

    def told(self, key: str, zone: tzinfo | None = None) -> Told:
        """One credential's story in words."""
        story = story_of(self.history, key)
        if story is None:
            return Told(NOT_SEEN, (), ())
        known = self.history.credentials.get(key)
        own = self.configs.get(known.server) if known is not None else None
        seen = (*self.seen, own) if own is not None else self.seen
        beside = happenings(self.history, key, story, seen)
        return tell(story, beside, self.now, zone, password_before(story, seen))

    def changes(self, key: str, span: timedelta) -> Sequence[Change]:
        """What it became within the span, the newest first."""
        return changes(self.history, key, self.now - span, self.now)

    def keys(self, servers: Sequence[str] | None) -> list[str]:
        """The credentials of these servers (None = of all), the keychain behind them where there is one."""
        known = self.history.credentials
        own = [
            key for key, each in known.items() if each.server and (servers is None or each.server in servers)
        ]
        rest = [key for key, each in known.items() if not each.server]
        store = [key for key in rest if key.startswith(STORE)]
        files = [key for key in rest if key not in store] if servers is None else []
        own.sort(key=lambda key: (known[key].server.partition(":")[2].casefold(), key))
        return [*own, *store, *sorted(files)]

    def label(self, key: str, *, with_server: bool) -> str:
        """What a row is called: the variable, and before it the server where several are shown."""
        if key.startswith(STORE):
            return "the keychain"
        one = self.history.credentials[key]
        place = one.field.removeprefix("env.") or one.name
        if not one.server:
            return f"the file {place}"
        name = one.server.partition(":")[2] or one.server
        if not with_server:
            return place or "the server itself"
        same = {each.server for each in self.history.credentials.values() if each.server.endswith(f":{name}")}
        return " ".join(filter(None, (one.server if len(same) > 1 else name, place)))

    def full_name(self, key: str) -> str:
        """`claude-desktop:github, env.GITHUB_TOKEN, github_token`."""
        one = self.history.credentials[key]
        return (
            "the keychain"
            if key.startswith(STORE)
            else ", ".join(filter(None, (one.server, one.field, one.name)))
        )


def read_past(host: Host, servers: Sequence[Server], now: datetime | None = None) -> Past:
    """Reads the history, the audit trail and the times of some files. Blocks: call it in a thread.

    In: the servers that are configured now; the present. Never raises for what stands in a file.
    """
    from recovery.model import RecoveryError
    from recovery.monitor.deeds import deeds

    history = read_history(host)
    if not history.rounds:
        return Past(history, now or datetime.now(UTC))
    paths: dict[str, Path] = {_id_of(each): each.path for each in servers}
    changed = of_configs(paths.values())
    trouble = ""
    done: tuple[Happening, ...] = ()
    try:
        done = deeds(host)
    except (RecoveryError, OSError) as error:
        trouble = f"What mcp-doctor did is not told here: {error}."
    return Past(
        history,
        now or datetime.now(UTC),
        (*done, *of_passwords(host)),
        {name: changed[path] for name, path in paths.items() if path in changed},
        trouble,
    )


def _id_of(server: Server) -> str:
    """A server's id as the history knows it."""
    return key_of(server)
