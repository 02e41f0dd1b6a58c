"""Every operation of recovery, each with the state it is for, its remedy as the product builds it, and its answers."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.emergency import open_incidents
from diagnostics.host import Host
from diagnostics.model import Session
from diagnostics.oauth.login import Login, account_of
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import FILE_STORE_VARIABLE, open_store
from recovery.backups.key import identities
from recovery.backups.making import collect, make
from recovery.backups.opening import open_backup
from recovery.backups.restoring import OnConflict, plan_restore
from recovery.cleanup import items_of, look, together
from recovery.emergency import kernel_keyring
from recovery.emergency.incident import close_remedy, end_token_remedy, find, incidents, start_remedy
from recovery.model import Ask, AskKind, Remedy, Step
from recovery.outcome import Outcome
from recovery.planner import remedies_for, unlock_remedy
from recovery.runner import carry_out, resume, undo
from recovery.steps.backup_fill import BACKUP_KEY
from recovery.steps.emergency import ExtendTime, HoldToken
from recovery.steps.entry import TOKEN, TWIN, CopyEntry, DeleteEntry, RepairEntry, SetEntry
from recovery.steps.entry_form import CopyToForm, KeepKernelSecret
from recovery.steps.file import SetMode
from recovery.steps.keychain import SetDefault
from recovery.steps.keyring_merge import SECOND_PASSWORD
from recovery.steps.keyring_rebuild import DAMAGED_PASSWORD
from recovery.steps.login import RenewLogin, StoreLogin
from recovery.steps.migration import NAME, REPLACE
from recovery.steps.rotation import RotateEntry
from recovery.stores.file_store import create_store
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import a_pair
from tests.recovery.faults import monitor_operations
from tests.recovery.faults.stage import PASSWORD, Stage, journal_of, with_env
from tests.recovery.faults.strike import die, strike
from tests.support.lab import LOGIN
from tests.support.said_server import SaidServer
from tests.support.tokens import github

SERVICE = "mcp-secrets"
VALUE, OTHER = github("faults"), github("faults, new")
CONFIG = """{
  // mine
  "mcpServers": {
    "gh": { "command": "npx", "args": ["-y", "some-server"], "env": { "GITHUB_TOKEN": "@TOKEN@", }, },
  },
}
"""

Answers = Mapping[str, str]
Plan = tuple[Remedy, Answers]


@dataclass(frozen=True)
class Operation:
    """One row of the matrix."""

    name: str
    arrange: Callable[[Stage], None]
    """Makes the state, on an unlocked and empty keychain."""
    kinds: tuple[str, ...] = ()
    """Of the steps that its remedy is made of."""
    plan: Callable[[Stage, Host], Plan] | None = None
    """The remedy and what the person answers; None where `deed` needs none."""
    deed: Callable[["Scene"], Outcome | None] | None = None
    """What is done; by default the plan is carried out."""
    host: Callable[[Stage], Host] = lambda stage: stage.lab.host()
    again: Callable[[Stage], None] = lambda _stage: None
    """What belongs to the state and is no file: done after each time the home is put back."""
    opened: bool = True
    """Whether the keychain is unlocked at the start."""
    daemon: bool = True
    one_way: bool = False
    """Whether it can only be finished: what is given up is not brought back."""
    needs: str = ""
    """`kernel` = the kernel's keyring."""
    watched: tuple[str, ...] = ()
    """Names of damaged keychain files, which must stay byte for byte. What is seen of them is what a daemon sees that
    has read the files anew: the one that runs goes on with what it holds."""
    finishes: Answers | None = None
    """The answers, where it finishes an earlier operation: only to be finished here, for that is what is compared."""
    settled_by_undo: bool = False
    """Whether it takes an earlier operation back: the next start ends with the state before that one."""


@dataclass
class Scene:
    """An operation on the stage, ready to begin."""

    stage: Stage
    operation: Operation
    host: Host
    remedy: Remedy | None = None
    answers: dict[str, Secret] = field(default_factory=dict)

    def do(self) -> Outcome | None:
        """The operation, in whichever process this is."""
        if self.operation.deed is not None:
            return self.operation.deed(self)
        assert self.remedy is not None
        return carry_out(self.remedy, self.answers, LocalWorld(self.host), journal_of(self.host))


def a_remedy(name: str, *steps: Step, ask: str = "") -> Remedy:
    asks = (Ask(ask, AskKind.TOKEN, "the value"),) if ask else ()
    return Remedy(name, name, "", "", steps, asks)


def _entries(stage: Stage, **values: str) -> None:
    for name, value in values.items():
        stage.lab.add_entry(name, value)


def _context(
    host: Host, config: Path | None = None, whose: str = "claude-desktop", **options: Any
) -> Context:
    asked = Options(
        config=(config,) if config else (), client=whose if config else None, offline=True, **options
    )
    files = discover(host, asked) if config else []
    return Context(
        host, asked, files, [server for each in files for server in each.servers], open_store(host)
    )


def _offered(host: Host, wanted: str, context: Context) -> Remedy:
    remedies = [each for finding in diagnose(context) for each in remedies_for(finding, context)]
    return next(each for each in remedies if each.id == wanted)


def _nothing(_stage: Stage) -> None:
    return None


# ── the keychain ────────────────────────────────────────────────────────────────────────────────────────────


def _unlocking(_stage: Stage, host: Host) -> Plan:
    from diagnostics.stores.secret_service import probe

    return unlock_remedy(host, LocalWorld(host).keychain.state(), probe), {"password": PASSWORD}


def _without_keychain(stage: Stage) -> None:
    stage.end_daemon()
    for each in stage.lab.keyrings.iterdir():
        each.unlink()


def _two_keychains(stage: Stage) -> None:
    stage.lab.create_collection(PASSWORD, "second")


def _open_modes(stage: Stage) -> None:
    stage.lab.keyrings.chmod(0o755)


# ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────


def _set(_stage: Stage, _host: Host) -> Plan:
    return a_remedy("set", SetEntry(SERVICE, "token", "a" * 16), ask=TOKEN), {TOKEN: OTHER}


def _copy(_stage: Stage, _host: Host) -> Plan:
    source = {"service": SERVICE, "username": "tokne", "application": "Python keyring library"}
    return a_remedy("copy", CopyEntry(source, SERVICE, "token", "a" * 16)), {}


def _as_keytar(_stage: Stage, _host: Host) -> Plan:
    source = {"service": SERVICE, "username": "token", "application": "Python keyring library"}
    return a_remedy("copy", CopyToForm(source, LOGIN, SERVICE, "token", "keytar", False, "a" * 16)), {}


_UNMARKED = {"service": SERVICE, "account": "token", "xdg:schema": "org.example.Own"}


def _unmarked_entry(stage: Stage) -> None:
    stage.lab.add(_UNMARKED, VALUE.encode())


def _mark_for_keytar(_stage: Stage, _host: Host) -> Plan:
    return a_remedy("mark", CopyToForm(_UNMARKED, LOGIN, SERVICE, "token", "keytar", True, "a" * 16)), {}


def _left_in_the_kernel(stage: Stage) -> None:
    from recovery.emergency.kernel_keyring import hold

    # Not under a library's name: every other test's checks would see it.
    hold(f"left:{stage.lab.root.name}", Secret(VALUE), 900)


def _keep(stage: Stage, _host: Host) -> Plan:
    name = stage.lab.root.name
    return a_remedy("keep", KeepKernelSecret(f"left:{name}", name, "token", "a" * 16)), {}


def _repair(_stage: Stage, _host: Host) -> Plan:
    return a_remedy("repair", RepairEntry(SERVICE, "token", "a newline", "GITHUB_TOKEN", "a" * 16)), {}


def _delete(_stage: Stage, _host: Host) -> Plan:
    return a_remedy("delete", DeleteEntry(SERVICE, "token", "a" * 16)), {}


def _twins(stage: Stage, first: str = VALUE, second: str = OTHER) -> None:
    stage.lab.add_entry("token", first)
    stage.lab.add(
        {"service": SERVICE, "username": "token", "target": "default"}, second.encode(), label="twin"
    )


def _keep_one(_stage: Stage, host: Host) -> Plan:
    world = LocalWorld(host)
    (item,) = items_of(look(world, _context(host)))
    (remedy,) = item.remedies
    chosen = next(
        each for each in world.keychain.entries({"username": "token"}) if each.secret == Secret(OTHER)
    )
    return remedy, {TWIN: chosen.path}


def _keep_one_twin(_stage: Stage, host: Host) -> Plan:
    from recovery.steps.entry import KeepOneTwin

    chosen = LocalWorld(host).keychain.entries({"username": "token"})[0].path
    return a_remedy("twin", KeepOneTwin(SERVICE, "token", "a" * 16), ask=TWIN), {TWIN: chosen}


def _damaged_entries(stage: Stage) -> None:
    _entries(stage, newline=f"{VALUE}\n", example="YOUR_TOKEN_HERE", whole=OTHER)
    _twins(stage, VALUE, VALUE)


def _clean_up(_stage: Stage, host: Host) -> Plan:
    (remedy,) = together(items_of(look(LocalWorld(host), _context(host))))
    return remedy, {}


def _replace_damaged(_stage: Stage, host: Host) -> Plan:
    found = items_of(look(LocalWorld(host), _context(host)))
    item = next(each for each in found if each.name == "example")
    return next(each for each in item.remedies if each.id == "replace-entry"), {TOKEN: OTHER}


def _rotate(_stage: Stage, _host: Host) -> Plan:
    steps = (RotateEntry(SERVICE, "token", "a" * 16), RotateEntry(SERVICE, "same", "b" * 16, True))
    return a_remedy("rotate-token", *steps, ask=TOKEN), {TOKEN: OTHER}


def _held_twice(stage: Stage) -> None:
    _entries(stage, token=VALUE, same=VALUE, other="x")
    stage.lab.add({"service": SERVICE, "username": "same", "target": "default"}, VALUE.encode(), label="twin")


# ── configs ─────────────────────────────────────────────────────────────────────────────────────────────────


def _plain_config(stage: Stage) -> None:
    path = stage.lab.home / "mcp.json"
    path.write_text(CONFIG.replace("@TOKEN@", VALUE))
    path.chmod(0o640)
    _entries(stage, github_token="another")


def _migrate(stage: Stage, host: Host) -> Plan:
    context = _context(host, stage.lab.home / "mcp.json")
    finding = next(each for each in diagnose(context) if each.id.startswith("reference.kind"))
    remedy = next(each for each in remedies_for(finding, context) if each.id == "move-to-keychain")
    return remedy, {NAME: REPLACE}


def _env_file(stage: Stage) -> None:
    """Two servers of one config, two credentials of one file, one of them in the keychain already."""
    path = stage.lab.home / ".env"
    path.write_text(f"# mine\r\nexport GITHUB_TOKEN='{VALUE}'\r\nLEVEL=1\r\nSLACK_TOKEN={OTHER}\r\n")
    row = f'{{ "command": "npx", "envFile": "{path}" }}'
    (stage.lab.home / "mcp.json").write_text(f'// mine\n{{ "servers": {{ "a": {row},\n "b": {row} }} }}\n')
    _entries(stage, slack=OTHER)


def _profile(stage: Stage) -> None:
    for name in (".bashrc", ".profile"):
        (stage.lab.home / name).write_text(f"if true; then\n  export GITHUB_TOKEN={VALUE}\nfi\n")
    row = '{ "command": "npx", "env": { "GITHUB_TOKEN": "${env:GITHUB_TOKEN}" } }'
    (stage.lab.home / "mcp.json").write_text(f'// mine\n{{ "servers": {{ "a": {row} }} }}\n')


def _commented(stage: Stage) -> None:
    text = f'{{ // old: {VALUE} {OTHER}\n "servers": {{ "a": {{ "command": "npx" }} }} }}\n'
    (stage.lab.home / "mcp.json").write_text(text)


def _migrate_from(wanted: str, stage: Stage, host: Host) -> Plan:
    return _offered(host, wanted, _context(host, stage.lab.home / "mcp.json", whose="vscode")), {}


# ── damaged keychain files ──────────────────────────────────────────────────────────────────────────────────


def _cut(stage: Stage, content: Callable[[bytes], bytes] = lambda old: old[:-10]) -> None:
    _entries(stage, **{f"name_{number}": f"name_{number}" for number in range(3)})
    stage.end_daemon()
    path = stage.lab.keyrings / "login.keyring"
    path.write_bytes(content(path.read_bytes()))


def _second_login(stage: Stage) -> None:
    _cut(stage)
    stage.start_daemon()
    stage.lab.create_collection(PASSWORD)
    _entries(stage, newer="newer")


def _two_whole(stage: Stage) -> None:
    _entries(stage, first="first", both="both")
    second = stage.lab.create_collection(f"{PASSWORD}-2", "login")
    for name in ("second", "both"):
        stage.lab.add({"service": SERVICE, "username": name}, name.encode(), collection=second)


def _remedy_for_files(wanted: str, answers: Answers, _stage: Stage, host: Host) -> Plan:
    return _offered(host, wanted, _context(host)), answers


# ── backups ─────────────────────────────────────────────────────────────────────────────────────────────────


def _a_backup(stage: Stage, host: Host) -> None:
    pair = a_pair(stage.lab.home, "pair")
    make(
        collect(LocalWorld(host)), pair.lock, LocalWorld(host), journal_of(host), stage.lab.home / "made.age"
    )


def _cut_with_a_backup(stage: Stage) -> None:
    _entries(stage, **{f"name_{number}": f"name_{number}" for number in range(3)})
    pair = a_pair(stage.lab.home, "pair")
    world = LocalWorld(stage.lab.host())
    make(collect(world), pair.lock, world, journal_of(world.host))
    _cut(stage)


def _rebuild_and_fill(stage: Stage, host: Host) -> Plan:
    answers = {DAMAGED_PASSWORD: PASSWORD, BACKUP_KEY: str(stage.lab.home / "pair.txt")}
    return _remedy_for_files("rebuild-keychain", answers, stage, host)


def _to_back_up(stage: Stage) -> None:
    _entries(stage, token=VALUE, other="x")
    a_pair(stage.lab.home, "pair")


def _back_up(scene: Scene) -> None:
    key = identities([scene.stage.lab.home / "pair.txt"])
    world = LocalWorld(scene.host)
    from recovery.backups.key import recipients

    public = next(
        line.rpartition(" ")[2]
        for line in (scene.stage.lab.home / "pair.txt").read_text().splitlines()
        if "public" in line
    )
    from recovery.model import RecoveryError

    try:
        made = make(
            collect(world),
            recipients([public]),
            world,
            journal_of(scene.host),
            scene.stage.lab.home / "made.age",
        )
        assert len(open_backup(made.path, key, scene.host).backup.entries) == 2
    except RecoveryError:
        return


def _backed_up(stage: Stage) -> None:
    _entries(stage, differs="old", gone="1", gone_too="2", same="3")
    _a_backup(stage, stage.lab.host())
    keychain = LocalWorld(stage.lab.host()).keychain
    for name in ("gone", "gone_too"):
        keychain.delete(keychain.entries({"username": name})[0].path)
    _entries(stage, differs="new")


def _restore(stage: Stage, host: Host) -> Plan:
    keys = [stage.lab.home / "pair.txt"]
    opened = open_backup(stage.lab.home / "made.age", identities(keys), host)
    return plan_restore(
        opened, LocalWorld(host), on_conflict=OnConflict.OVERWRITE, identities=keys
    ).remedy, {}


# ── the file store ──────────────────────────────────────────────────────────────────────────────────────────


def with_store(stage: Stage) -> Host:
    """A host that chose the encrypted file."""
    return with_env(stage.lab.host(), **{FILE_STORE_VARIABLE: str(stage.lab.home / "keys/key")})


def _create_store(_stage: Stage, host: Host) -> Plan:
    return _offered(host, "create-file-store", _context(host)), {}


def minimal(stage: Stage) -> Host:
    """A container without a bus, and without a program to start one."""
    host = stage.lab.host()
    env = {name: value for name, value in host.env.items() if name != "DBUS_SESSION_BUS_ADDRESS"}
    env |= {"PATH": str(stage.lab.home), "XDG_RUNTIME_DIR": str(stage.lab.home / "none")}
    return dataclasses.replace(host, session=Session.CONTAINER, env=env)


def _choose_store(_stage: Stage, host: Host) -> Plan:
    return _offered(host, "choose-file-store", _context(host)), {}


def _a_store(stage: Stage) -> None:
    host = with_store(stage)
    create_store(host, "made by a test")
    world = LocalWorld(host)
    for name, value in (("token", VALUE), ("other", "x")):
        attributes = {"service": SERVICE, "username": name, "application": "Python keyring library"}
        world.keychain.put("file", f"Password for '{name}' on '{SERVICE}'", attributes, Secret(value))


# ── emergency access ────────────────────────────────────────────────────────────────────────────────────────

INCIDENT = "fa017"


def _emergency(_stage: Stage, _host: Host) -> Plan:
    step = HoldToken(INCIDENT, "gh", ("c:gh",), ("0" * 64,), ("secret:token",), 600, "the keychain is broken")
    return start_remedy(step, None), {"token": VALUE}


def _began(stage: Stage) -> None:
    remedy, answers = _emergency(stage, stage.lab.host())
    host = stage.lab.host()
    given = {name: Secret(value) for name, value in answers.items()}
    assert carry_out(remedy, given, LocalWorld(host), journal_of(host)).ok


def _no_token(_stage: Stage) -> None:
    kernel_keyring.let_go(f"mcp-doctor:{INCIDENT}")


def _token_again(_stage: Stage) -> None:
    _no_token(_stage)
    kernel_keyring.hold(f"mcp-doctor:{INCIDENT}", Secret(VALUE), 600)


def _end_token(_stage: Stage, _host: Host) -> Plan:
    return end_token_remedy(INCIDENT), {}


def _longer(_stage: Stage, host: Host) -> Plan:
    (opened,) = open_incidents(host)
    return a_remedy("emergency-extend", ExtendTime(INCIDENT, "gh", 900, "it takes longer", opened.ends)), {}


def _close(_stage: Stage, host: Host) -> Plan:
    incident = find(incidents(host, journal_of(host)), INCIDENT)
    return close_remedy(incident, "ok", token_revoked=True), {}


# ── logins ──────────────────────────────────────────────────────────────────────────────────────────────────

_servers: list[SaidServer] = []


def _server() -> SaidServer:
    """A stand-in whose refresh tokens may be used again: one for this process."""
    if not _servers:
        made = SaidServer()
        answer = {"access_token": "renewed-" * 4, "token_type": "Bearer", "expires_in": 3600}
        made.answers["/token"] = [(200, answer)]
        _servers.append(made)
    return _servers[0]


def _old_login(stage: Stage) -> None:
    url = _server().url
    old = Login(Secret("old-" * 8), url, f"{url}/token", "c", Secret("refresh-" * 4), expires_at=1.0)
    stage.lab.add_entry(account_of("example"), old.to_secret().reveal())


def _renew(_stage: Stage, _host: Host) -> Plan:
    return a_remedy("renew-login", RenewLogin(account_of("example"), "a" * 16)), {}


def _store_login(_stage: Stage, _host: Host) -> Plan:
    url = _server().url
    new = Login(
        Secret("new-" * 8), url, f"{url}/token", "c", Secret("again-" * 4), expires_at=time.time() + 3600
    )
    step = StoreLogin(account_of("example"), "a" * 16, True, url)
    return a_remedy("sign-in", step, ask=TOKEN), {TOKEN: new.to_secret().reveal()}


# ── operations about operations ─────────────────────────────────────────────────────────────────────────────


def _undone(scene: Scene) -> Outcome:
    return undo(None, LocalWorld(scene.host), journal_of(scene.host))


def _done(arrange: Callable[[Stage], None], plan: Callable[[Stage, Host], Plan], stage: Stage) -> None:
    """The state after an operation, which is then taken back."""
    arrange(stage)
    host = stage.lab.host()
    remedy, answers = plan(stage, host)
    given = {name: Secret(value) for name, value in answers.items()}
    outcome = carry_out(remedy, given, LocalWorld(host), journal_of(host))
    assert outcome.ok, outcome


def _cut_off(
    arrange: Callable[[Stage], None], plan: Callable[[Stage, Host], Plan], at: int, stage: Stage
) -> None:
    """The state after an operation that was killed at a point in its middle."""
    arrange(stage)
    host = stage.lab.host()
    remedy, answers = plan(stage, host)
    given = {name: Secret(value) for name, value in answers.items()}
    struck = strike(
        stage.lab.root, lambda: carry_out(remedy, given, LocalWorld(host), journal_of(host)), at, die
    )
    assert struck.died
    assert len(journal_of(host).interrupted()) == 1


def _finished(answers: Answers, scene: Scene) -> Outcome | None:
    journal = journal_of(scene.host)
    given = {name: Secret(value) for name, value in answers.items()}
    for each in journal.interrupted():
        return resume(each.id, LocalWorld(scene.host), journal, finish=True, answers=given)
    return None


FROM_A_FILE = ("store-variable", "refer-to-variables", "take-out-variables")
# ── the monitor ─────────────────────────────────────────────────────────────────────────────────────────────


def _of_the_monitor(steps: Callable[[Host], list[Step]], _stage: Stage, host: Host) -> Plan:
    return a_remedy("monitor", *steps(host)), {}


_MONITOR: tuple[tuple[str, Callable[[Stage], None], tuple[str, ...], Callable[[Host], list[Step]]], ...] = (
    ("monitor into cron", _nothing, ("set-cron-block",), monitor_operations.into_cron),
    (
        "another line of the monitor in cron",
        monitor_operations.line_was_there,
        ("set-cron-block",),
        monitor_operations.other_line_in_cron,
    ),
    (
        "monitor into systemd",
        _nothing,
        ("set-timer-file", "switch-systemd-timer"),
        monitor_operations.into_systemd,
    ),
    (
        "monitor out of systemd into cron",
        monitor_operations.timer_was_there,
        ("set-timer-file", "switch-systemd-timer", "set-cron-block"),
        monitor_operations.out_of_systemd_into_cron,
    ),
    (
        "monitor into launchd",
        monitor_operations.agent_was_there,
        ("set-timer-file", "switch-launch-agent"),
        monitor_operations.into_launchd,
    ),
    (
        "monitor into the Task Scheduler",
        _nothing,
        ("set-scheduled-task",),
        monitor_operations.into_the_task_scheduler,
    ),
)


OPERATIONS = (
    Operation("unlock", _nothing, ("unlock",), _unlocking, opened=False),
    Operation(
        "start the daemon and unlock",
        _nothing,
        ("start-provider", "unlock"),
        _unlocking,
        opened=False,
        daemon=False,
    ),
    Operation("create keychain", _without_keychain, ("create-keychain",), _unlocking, opened=False),
    Operation(
        "set default",
        _two_keychains,
        ("set-default",),
        lambda stage, _host: (
            a_remedy(
                "default",
                SetDefault("/org/freedesktop/secrets/collection/second", "second", stage.lab.read_alias()),
            ),
            {},
        ),
    ),
    Operation(
        "fix permissions",
        _open_modes,
        ("set-mode",),
        lambda stage, _host: (a_remedy("mode", SetMode(str(stage.lab.keyrings), 0o700, 0o755)), {}),
    ),
    Operation("store credential", partial(_entries, token=VALUE), ("set-entry",), _set),
    Operation("rename", partial(_entries, tokne=VALUE), ("copy-entry",), _copy),
    Operation("write as keytar does", partial(_entries, token=VALUE), ("copy-to-form",), _as_keytar),
    Operation(
        "mark for keytar",
        _unmarked_entry,
        ("copy-to-form",),
        _mark_for_keytar,
    ),
    Operation(
        "keep what the kernel has", _left_in_the_kernel, ("keep-kernel-secret",), _keep, needs="kernel"
    ),
    Operation("repair", partial(_entries, token=f"{VALUE}\n"), ("repair-entry",), _repair),
    Operation("delete", _twins, ("delete-entry",), _delete),
    Operation("clean up", _damaged_entries, ("mend-entry", "merge-alike"), _clean_up),
    Operation(
        "set aside and store anew", _damaged_entries, ("quarantine-entry", "set-entry"), _replace_damaged
    ),
    Operation("keep one of twins", _twins, ("keep-one-of",), _keep_one),
    Operation("keep one twin", _twins, ("keep-one-twin",), _keep_one_twin),
    Operation("rotate", _held_twice, ("rotate-entry",), _rotate),
    Operation("migrate", _plain_config, ("move-to-keychain-asking",), _migrate),
    Operation(
        "rebuild damaged keyring",
        _cut,
        ("try-salvage", "move-keyring-aside", "create-like-damaged", "import-salvaged"),
        partial(_remedy_for_files, "rebuild-keychain", {DAMAGED_PASSWORD: PASSWORD}),
        opened=False,
        watched=("login.keyring",),
    ),
    Operation(
        "begin new keychain",
        partial(_cut, content=lambda _old: b"no keyring at all" * 50),
        ("move-keyring-aside", "create-named-keychain"),
        partial(_remedy_for_files, "begin-new-keychain", {"password": PASSWORD}),
        opened=False,
        watched=("login.keyring",),
    ),
    Operation(
        "promote second login",
        _second_login,
        ("move-keyring-aside", "promote-keyring", "unlock"),
        partial(_remedy_for_files, "promote-second-login", {"password": PASSWORD}),
        opened=False,
        watched=("login.keyring",),
    ),
    Operation(
        "merge second login",
        _two_whole,
        ("merge-keyring", "move-merged-aside"),
        partial(_remedy_for_files, "merge-second-login", {SECOND_PASSWORD: f"{PASSWORD}-2"}),
        watched=("login_1.keyring",),
    ),
    Operation(
        "rebuild and fill",
        _cut_with_a_backup,
        ("try-salvage", "move-keyring-aside", "create-like-damaged", "import-salvaged", "fill-from-backup"),
        _rebuild_and_fill,
        opened=False,
        watched=("login.keyring",),
    ),
    Operation("make backup", _to_back_up, (), None, _back_up),
    Operation("restore", _backed_up, ("restore-entries",), _restore),
    Operation(
        "create file store",
        _nothing,
        ("create-file-store",),
        _create_store,
        host=with_store,
        daemon=False,
        opened=False,
    ),
    Operation(
        "choose file store",
        _nothing,
        ("choose-file-store", "create-file-store"),
        _choose_store,
        host=minimal,
        daemon=False,
        opened=False,
    ),
    Operation(
        "write to file store", _a_store, ("set-entry",), _set, host=with_store, daemon=False, opened=False
    ),
    Operation(
        "emergency start", _nothing, ("hold-emergency-token",), _emergency, again=_no_token, needs="kernel"
    ),
    Operation(
        "emergency end of token",
        _began,
        ("let-go-of-emergency-token",),
        _end_token,
        again=_token_again,
        one_way=True,
        needs="kernel",
    ),
    Operation(
        "emergency close",
        _began,
        ("close-incident",),
        _close,
        again=_token_again,
        one_way=True,
        needs="kernel",
    ),
    Operation("emergency longer", _began, ("extend-emergency",), _longer, again=_token_again, needs="kernel"),
    Operation("renew login", _old_login, ("renew-login",), _renew),
    Operation("sign in", _old_login, ("store-login",), _store_login),
    Operation(
        "undo of a cleanup",
        partial(_done, _damaged_entries, _clean_up),
        (),
        None,
        _undone,
        settled_by_undo=True,
    ),
    Operation("migrate an env file", _env_file, FROM_A_FILE, partial(_migrate_from, "move-from-env-file")),
    Operation(
        "migrate a comment",
        _commented,
        ("move-out-of-comment",),
        partial(_migrate_from, "move-out-of-comment"),
    ),
    Operation("migrate a profile", _profile, FROM_A_FILE, partial(_migrate_from, "move-from-profile")),
    Operation(
        "undo of a profile's migration",
        partial(_done, _profile, partial(_migrate_from, "move-from-profile")),
        (),
        None,
        _undone,
        settled_by_undo=True,
    ),
    Operation(
        "undo of a migration",
        partial(_done, _plain_config, _migrate),
        (),
        None,
        _undone,
        settled_by_undo=True,
    ),
    Operation(
        "undo of a restore", partial(_done, _backed_up, _restore), (), None, _undone, settled_by_undo=True
    ),
    Operation(
        "undo of a rotation", partial(_done, _held_twice, _rotate), (), None, _undone, settled_by_undo=True
    ),
    Operation(
        "finish what was cut off",
        partial(_cut_off, _plain_config, _migrate, 6),
        (),
        None,
        partial(_finished, {NAME: REPLACE}),
        finishes={NAME: REPLACE},
    ),
    *(
        Operation(
            name,
            monitor_operations.arranged(state),
            kinds,
            partial(_of_the_monitor, steps),
            host=monitor_operations.host,
            opened=False,
            daemon=False,
        )
        for name, state, kinds, steps in _MONITOR
    ),
)

_IN_A_WALLET = "needs kwalletd: tests/recovery/faults/test_in_a_wallet.py"
ELSEWHERE: dict[str, str] = {
    "start-bus": "a bus outlives its test's session: tests/recovery/test_unlocking.py and test_remainder.py",
    "use-bus": "changes nothing: tests/recovery/test_unlocking.py",
    "continue-provider": "one signal, nothing to lose: tests/recovery/test_unlocking.py",
    "restart-provider": "one signal and a start, nothing to take back: tests/recovery/test_unlocking.py",
    "move-to-keychain": "the same as move-to-keychain-asking where the name is free: tests/recovery/test_migration.py",
    "end-strays": "signals alone: tests/recovery/test_unlocking.py",
    "log-in-to-wallet": "needs ksecretd (KDE Frameworks 6.14): tests/diagnostics/stores/test_ksecretd.py",
    "start-kwallet": _IN_A_WALLET,
    "restart-kwallet": _IN_A_WALLET,
    "hand-out-wallet": _IN_A_WALLET,
    "create-wallet": _IN_A_WALLET,
    "open-wallet": _IN_A_WALLET,
}
"""Kinds of steps that no operation here is made of, and where they are tested instead."""
