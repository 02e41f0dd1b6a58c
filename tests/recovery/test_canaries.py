"""A secret of its own in every input, a whole session on a real keychain, and then every trace is looked through.

Looked through: every byte that was printed, every file below home, runtime folder and temporary folder, the trail, the
command lines and environments of all processes while it ran, the text of a forced crash, and a core that is forced while
a secret is held. Looked for: each secret, and what it becomes in other spellings.
"""

import base64
import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.oauth.login import Login, account_of
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import open_store
from recovery.backups.making import collect, make
from recovery.emergency import kernel_keyring
from recovery.emergency.incident import incidents
from recovery.journal import Journal
from recovery.model import Remedy
from recovery.planner import remedies_for
from recovery.runner import carry_out, preview, undo
from recovery.steps.entry import TOKEN
from recovery.steps.login import RenewLogin
from recovery.steps.migration import BESIDE
from recovery.steps.rotation import RotateEntry
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import a_pair
from tests.support import tokens
from tests.support.lab import REPO, Lab
from tests.support.provider_server import Conversation, ProviderServer, provider_server
from tests.support.said_server import SaidServer, said_server
from tests.support.terminal import Terminal

__all__ = ["said_server"]
SERVER = "canary_server.py"
_SERVER = """
import base64, json, os, sys
for name in ("PLAIN", "GITHUB_TOKEN", "GITLAB_TOKEN", "SLACK_TOKEN"):
    told = os.environ.get(name, "")
    print("401 bad credentials", told, base64.b64encode(told.encode()).decode(), told[::-1], file=sys.stderr)
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        info = {"name": "canary", "version": "1"}
        result = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": info, "tools": []}
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""
Count = Callable[[str, object], None]


def spellings(secret: str) -> dict[str, bytes]:
    """What a secret may look like elsewhere."""
    raw = secret.encode()
    found = {
        "as it is": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "in an address": quote(secret, safe="").encode(),
        "UTF-16": secret.encode("utf-16-le"),
        "backwards": secret[::-1].encode(),
        "in JSON": json.dumps(secret)[1:-1].encode(),
        "repr": repr(secret)[1:-1].encode(),
    }
    for lead in range(3):  # at each place within the groups of three that base64 is made of
        whole = base64.b64encode(bytes(lead) + raw)
        part = whole[4 if lead else 0 : len(whole) - 4]
        found[f"base64 {lead}"] = part
        found[f"base64url {lead}"] = part.translate(bytes.maketrans(b"+/", b"-_"))
    return found


class Sweep:
    """The canaries, and what was looked through for them."""

    def __init__(self) -> None:
        self.canaries: dict[str, str] = {}
        self.outputs: list[tuple[str, bytes]] = []
        self.processes: set[int] = set()
        self.caught: list[str] = []
        self.bytes = 0
        self.files = 0

    def plant(self, name: str, secret: str) -> str:
        """One more."""
        self.canaries[name] = secret
        return secret

    def needles(self, *but: str) -> list[tuple[str, bytes]]:
        """Every spelling of every canary except those named."""
        return [
            (f"{name}, {how}", text)
            for name, secret in self.canaries.items()
            if name not in but
            for how, text in spellings(secret).items()
        ]

    def look_through(self, where: str, content: bytes, *but: str) -> None:
        """Notes what is found."""
        self.bytes += len(content)
        self.caught += [f"{where}: {what}" for what, text in self.needles(*but) if text in content]

    @contextlib.contextmanager
    def of_processes(self, seconds: float = 0.1) -> Iterator[None]:
        """Meanwhile command line and environment of every other process, again and again."""
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done, seconds), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join(10)

    def _watch(self, done: threading.Event, seconds: float) -> None:
        while not done.wait(seconds):
            raw = [(name, secret.encode()) for name, secret in [*self.canaries.items()]]
            for folder in Path("/proc").iterdir():
                if not folder.name.isdigit() or int(folder.name) == os.getpid():
                    continue
                for part in ("cmdline", "environ"):
                    with contextlib.suppress(OSError):
                        content = (folder / part).read_bytes()
                        self.processes.add(int(folder.name))
                        if not any(secret in content for _, secret in raw):
                            continue
                        if SERVER.encode() in (folder / "cmdline").read_bytes() and part == "environ":
                            continue  # the one that must get them
                        self.caught += [
                            f"{part} of process {folder.name}: {name}"
                            for name, secret in raw
                            if secret in content and not (part == "environ" and name == "variable")
                        ]


class Session:
    """A person's hour with the doctor."""

    def __init__(self, lab: Lab, sweep: Sweep) -> None:
        self.lab, self.sweep = lab, sweep
        self.tmp = lab.root / "tmp"
        self.tmp.mkdir()
        self.config = lab.home / "servers.json"

    @property
    def env(self) -> dict[str, str | None]:
        return {
            "PYTHONPATH": str(REPO),
            "TMPDIR": str(self.tmp),
            "SLACK_TOKEN": self.sweep.canaries["variable"],
        }

    def doctor(self, *words: str, given: str | None = None) -> str:
        """One command; what it printed is kept for the sweep."""
        command = [sys.executable, "-m", "tui", *words]
        done = self.lab.run(command, seconds=60, given=given, env=self.env)
        assert "Traceback" not in done.stderr, done.stderr
        self.sweep.outputs.append((" ".join(words), (done.stdout + done.stderr).encode()))
        return done.stdout + done.stderr

    def carry_out(self, remedy: Remedy, **answers: str) -> None:
        """One remedy, with all that it tells on the way."""
        world = LocalWorld(self.lab.host())
        told: list[object] = [preview(remedy, world)]
        given = {name: Secret(value) for name, value in answers.items()}
        outcome = carry_out(remedy, given, world, Journal(world.host), told.append)
        told += [outcome, remedy]
        self.sweep.outputs.append((remedy.id, repr(told).encode()))
        assert outcome.ok, outcome


@pytest.fixture
def session(lab: Lab) -> Session:
    """A canary in every input; the keychain is locked."""
    sweep = Sweep()
    mark = secrets.token_hex(8)
    sweep.plant("password", f'pass "{mark}" wörd\\')
    sweep.plant("literal in a config", tokens.github(f"literal{mark}"))
    sweep.plant("env file", tokens.gitlab(f"file{mark}"))
    sweep.plant("variable", tokens.slack_bot(f"variable{mark}"))
    sweep.plant("entry", tokens.github(f"entry{mark}"))
    sweep.plant("damaged entry", tokens.github(f"damaged{mark}"))
    sweep.plant("one of twins", tokens.github(f"twin{mark}"))
    sweep.plant("passphrase", f"correct horse {mark} battery")
    sweep.plant("emergency token", tokens.github(f"emergency{mark}"))
    sweep.plant("new token", tokens.github(f"new{mark}"))
    sweep.plant("access token", f"access-{mark}-{'a' * 20}")
    sweep.plant("refresh token", f"refresh-{mark}-{'b' * 20}")
    sweep.plant("renewed token", f"renewed-{mark}-{'c' * 20}")
    sweep.plant("unlocking by hand", f"stored {mark} by hand")
    lab.start(sweep.canaries["password"])
    made = Session(lab, sweep)
    of = sweep.canaries
    lab.add_entry("github_token", of["entry"])
    lab.add_entry("other_token", of["entry"])
    lab.add_entry("damaged", of["damaged entry"] + "\n")
    lab.add_entry("twin", of["one of twins"])
    lab.add({"service": "mcp-secrets", "username": "twin", "target": "default"}, of["one of twins"].encode())
    (lab.home / SERVER).write_text(_SERVER)
    (lab.home / ".env").write_text(f"GITLAB_TOKEN={of['env file']}\n")
    command = {"command": sys.executable, "args": [str(lab.home / SERVER)]}
    servers = {
        "plain": {**command, "env": {"GITHUB_TOKEN": of["literal in a config"]}},
        "gh": {**command, "env": {"GITHUB_TOKEN": "${SECRET:github_token}", "SLACK_TOKEN": "${SLACK_TOKEN}"}},
        "gone": {**command, "env": {"GITHUB_TOKEN": "${SECRET:gone}"}},
        "filed": {**command, "envFile": str(lab.home / ".env")},
    }
    made.config.write_text(json.dumps({"mcpServers": servers}, indent=1))
    lab.lock()
    return made


def echoing(conversation: Conversation) -> None:
    """A provider that says back what it was sent, in every spelling."""
    sent = conversation.headers.get("Authorization", "").rpartition(" ")[2]
    said = [text.decode(errors="replace") for text in spellings(sent).values()] if sent else []
    body = json.dumps({"message": f"Bad credentials: {said}"}).encode()
    conversation.send_response(401)
    conversation.send_header("Content-Type", "application/json")
    conversation.send_header("X-Echo", quote(sent))
    conversation.send_header("Content-Length", str(len(body)))
    conversation.end_headers()
    conversation.wfile.write(body)


def test_no_trace_of_any_secret_is_anywhere(
    session: Session, said_server: SaidServer, record_property: Count, tmp_path: Path
) -> None:
    with provider_server(tmp_path) as provider:
        provider.script = echoing
        seconds = _live_through(session, provider, said_server)
    sweep = session.sweep
    _sweep_everything(session)
    record_property("count: canaries planted", len(sweep.canaries))
    record_property("count: canary spellings looked for", len(sweep.needles()))
    record_property("count: canary outputs swept", len(sweep.outputs))
    record_property("count: canary files swept", sweep.files)
    record_property("count: canary processes watched", len(sweep.processes))
    assert sweep.caught == []
    assert len(sweep.outputs) > 25
    assert sweep.files > 10
    assert len(sweep.processes) > 5
    assert provider.seen, "the provider was never asked"
    assert seconds < 300


def _live_through(session: Session, provider: ProviderServer, said_server: SaidServer) -> float:
    sweep, lab, of = session.sweep, session.lab, session.sweep.canaries
    at = ("--config", str(session.config), "--client", "vscode")
    asked = (*at, "--provider-url", f"github={provider.url}")
    lab.env["SSL_CERT_FILE"] = str(provider.ca_file)
    began = time.monotonic()
    with sweep.of_processes():
        session.doctor("unlock", "--password-stdin", given=f"{of['password']}-wrong\n")
        session.doctor("unlock", "--password-stdin", given=of["password"] + "\n")
        assert not lab.locked()
        _look_and_ask(session, asked)
        _mend(session, said_server, at)
        _back_up_and_restore(session)
        if not kernel_keyring.trouble(lab.host()):
            _emergency(session, at)
        _take_back_and_tell(session)
        _app(session, asked)
    return time.monotonic() - began


def _look_and_ask(session: Session, asked: tuple[str, ...]) -> None:
    for form in ("text", "json", "junit", "sarif", "markdown", "prometheus"):
        session.doctor(
            "check", *asked, "--format", form, *(("--start",) if form == "json" else ("--no-start",))
        )
    session.doctor("check", *asked, "--offline", "--output", str(session.lab.home / "report.txt"))
    place = session.lab.home / "bundle"
    session.doctor("report", *asked, "--show", "--yes", "--format", "folder", "--output", str(place))
    assert (place / "report.json").exists(), session.sweep.outputs[-1]
    session.doctor("explain", "-", given=f"Error: 401 with {session.sweep.canaries['entry']}\n")
    session.doctor("fix", *asked, "--dry-run")
    session.doctor("clients")


def _mend(session: Session, login_server: SaidServer, at: tuple[str, ...]) -> None:
    of, lab = session.sweep.canaries, session.lab
    session.doctor("cleanup", "--dry-run", "--offline")
    session.doctor("cleanup", "--yes", "--offline")
    assert lab.keyring_get("damaged") == of["damaged entry"]
    steps = tuple(
        RotateEntry("mcp-secrets", name, secrets.token_hex(8)) for name in ("github_token", "other_token")
    )
    from recovery.model import Ask, AskKind

    ask = Ask(TOKEN, AskKind.TOKEN, "new token")
    session.carry_out(Remedy("rotate-token", "Rotate", "", "", steps, (ask,)), **{TOKEN: of["new token"]})
    context = _context(session)
    for wanted in ("move-to-keychain", "move-from-env-file"):
        found = [one for each in diagnose(context) for one in remedies_for(each, context) if one.id == wanted]
        for remedy in found[:1]:
            session.carry_out(remedy, **({each.name: BESIDE for each in remedy.asks}))
        context = _context(session)
    assert of["literal in a config"] not in session.config.read_text()
    answer = {"access_token": of["renewed token"], "token_type": "Bearer", "expires_in": 3600}
    login_server.answers["/token"] = [(200, answer)]
    old = Login(
        Secret(of["access token"]),
        login_server.url,
        f"{login_server.url}/token",
        "c",
        Secret(of["refresh token"]),
        expires_at=1.0,
    )
    lab.add_entry(account_of("example"), old.to_secret().reveal())
    session.carry_out(
        Remedy("renew", "Renew", "", "", (RenewLogin(account_of("example"), secrets.token_hex(8)),))
    )
    code = "import sys; from tui.secrets_cli import main; sys.exit(main(sys.argv[1:]))"
    done = lab.run(
        [sys.executable, "-c", code, "set", "by_hand"], given=of["unlocking by hand"] + "\n", env=session.env
    )
    session.sweep.outputs.append(("mcp-secrets set", (done.stdout + done.stderr).encode()))


def _context(session: Session) -> Context:
    host = session.lab.host()
    asked = Options(config=(session.config,), client="vscode", offline=True)
    files = discover(host, asked)
    return Context(
        host, asked, files, [server for each in files for server in each.servers], open_store(host)
    )


def _back_up_and_restore(session: Session) -> None:
    of, lab = session.sweep.canaries, session.lab
    pair = a_pair(lab.home, "pair")
    session.doctor("backup", "create", "--recipient", pair.public)
    session.doctor(
        "backup",
        "create",
        "--passphrase-stdin",
        "--output",
        str(lab.home / "b.age"),
        given=of["passphrase"] + "\n",
    )
    assert (lab.home / "b.age").exists()
    world = LocalWorld(lab.host())
    made = make(collect(world), Secret(of["passphrase"]), world, Journal(world.host))
    session.sweep.outputs.append(("make", repr(made).encode()))
    session.doctor("backup", "list")
    session.doctor(
        "backup", "show", str(lab.home / "b.age"), "--passphrase-stdin", given=of["passphrase"] + "\n"
    )
    session.doctor(
        "backup", "show", str(lab.home / "b.age"), "--passphrase-stdin", given=of["passphrase"] + "-no\n"
    )
    world.keychain.delete(world.keychain.entries({"username": "damaged"})[0].path)
    key = ("--identity", str(pair.path))
    newest = next(each for each in (lab.host().data_home / "mcp-doctor/backups").glob("*.age"))
    session.doctor("backup", "verify", str(newest), *key)
    session.doctor(
        "backup",
        "restore",
        str(lab.home / "b.age"),
        "--passphrase-stdin",
        "--yes",
        given=of["passphrase"] + "\n",
    )
    assert lab.keyring_get("damaged") == of["damaged entry"]


def _emergency(session: Session, at: tuple[str, ...]) -> None:
    of, lab = session.sweep.canaries, session.lab
    said = session.doctor(
        "emergency", "start", "gh", *at, "--reason", "the keychain is broken", "--token-stdin", "--offline", "--yes",
        "--field", "github_token", given=of["emergency token"] + "\n",
    )  # fmt: skip
    host = lab.host()
    found = incidents(host, Journal(host))
    assert found, said
    try:
        entry = json.loads(session.config.read_text())["mcpServers"]["gh"]
        served = lab.run(
            [sys.executable, "-m", "tui", "run", "--", entry["command"], *entry["args"]],
            given="", env={**session.env, **entry["env"], "SLACK_TOKEN": of["variable"]}, seconds=30,
        )  # fmt: skip
        # What the server itself says is its own: it goes to its client. What the launcher adds must hold nothing.
        own = [line for line in served.stderr.splitlines() if not line.startswith("401 bad credentials")]
        session.sweep.outputs.append(("run", "\n".join(own).encode()))
        session.doctor("emergency", "status")
        session.doctor("emergency", "close", found[0].id, *at, "--offline", "--anyway", "--revoked")
    finally:
        for each in found:
            kernel_keyring.let_go(f"mcp-doctor:{each.id}")


def _take_back_and_tell(session: Session) -> None:
    session.doctor("undo")
    host = session.lab.host()
    done = [each.id for each in Journal(host).operations() if each.remedy == "rotate-token"]
    outcome = undo(done[-1], LocalWorld(host), Journal(host))
    session.sweep.outputs.append(("undo", repr(outcome).encode()))
    assert outcome.ok, outcome
    session.doctor("audit", "show")
    session.doctor("audit", "verify")
    session.doctor("audit", "export", "--format", "json")
    session.doctor("audit", "export", "--format", "markdown", "--output", str(session.lab.home / "audit.md"))


def _app(session: Session, asked: tuple[str, ...]) -> None:
    words = [sys.executable, "-m", "tui", *asked]
    env: Mapping[str, str] = session.lab.environment({**session.env, "TERM": "xterm-256color"})
    with Terminal(words, env) as screen:
        screen.wait_for(r"checks are done")
        screen.press("p")
        screen.wait_for(r"This is all of it")
        screen.press("esc")
        screen.wait_gone(r"This is all of it")
        screen.write("\x1b[20~")  # F9
        screen.wait_for(r"A picture was kept")
        for key in ("down", "enter", "e", "esc", "w", "esc", "down", "enter", "m", "esc", "esc"):
            screen.press(key)
            screen.read(0.3)
        screen.press("ctrl+q")
        while screen.read(0.5):
            pass
        session.sweep.outputs.append(("app", screen.stream))


def _sweep_everything(session: Session) -> None:
    sweep, lab = session.sweep, session.lab
    for where, content in sweep.outputs:
        sweep.look_through(f"output of {where}", content)
    for path in [*lab.root.rglob("*")]:
        if not path.is_file():
            continue
        sweep.files += 1
        belongs = {".env": ("env file",), "servers.json": ()}.get(path.name, ())
        sweep.look_through(str(path), path.read_bytes(), *belongs)
        sweep.look_through(f"the name of {path}", str(path).encode())
    trail = Journal(lab.host())
    assert trail.verify() == []
    sweep.look_through("the trail", repr(trail.records()).encode())


def test_the_sweep_finds_every_spelling_and_every_process() -> None:
    sweep = Sweep()
    sweep.plant("one", f"canary {secrets.token_hex(8)} ü")
    for how, text in spellings(sweep.canaries["one"]).items():
        sweep.caught = []
        sweep.look_through("here", b"before " + text + b" after")
        assert any(each == f"here: one, {how}" for each in sweep.caught), how
    sweep.caught = []
    canary = sweep.canaries["one"]
    with sweep.of_processes(0.01):
        child = subprocess.Popen(["sleep", "20"], env={"HELD": canary, "PATH": os.environ["PATH"]})
        ends = time.monotonic() + 15
        while not sweep.caught and time.monotonic() < ends:
            time.sleep(0.01)
        child.kill()
        child.wait()
    assert sweep.caught[0] == f"environ of process {child.pid}: one"


def test_a_crash_with_all_its_variables_shows_no_secret(record_property: Count) -> None:
    """Even a traceback that prints every variable of every frame."""
    canary = f"crash-canary-{secrets.token_hex(12)}"
    held = Secret(canary)
    login = Login(held, "https://example.org", "https://example.org/token", "c", held)
    answers = {"token": held, "login": login.to_secret()}
    try:
        _breaks(answers, login)
    except ZeroDivisionError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    shown = shown.replace(f"canary = {canary!r}", "")
    assert "answers = " in shown
    assert not [how for how, text in spellings(canary).items() if text in shown.encode()]
    record_property("count: canaries planted", 1)


def _breaks(answers: Mapping[str, Secret], login: Login) -> float:
    assert answers
    assert login.can_renew
    return 1 / 0


_HOLDING = """
import os, resource, signal, sys
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
from diagnostics.secret import Secret
from recovery import runner
def dies(*words, **more):
    print("held", flush=True)
    os.kill(os.getpid(), signal.SIGABRT)
from recovery import entries
import recovery.journal
recovery.journal.Journal.append = dies
from tui.secrets_cli import main
sys.exit(main(["set", "token"]))
"""


def test_a_core_that_is_forced_while_a_secret_is_held_has_none(unlocked: Lab, record_property: Count) -> None:
    """`ulimit -c unlimited` and SIGABRT at the moment when the value has been read and is about to be stored."""
    import resource

    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if (
        pattern.startswith(("|", "/"))
        or resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY
    ):
        pytest.skip(
            f"cores of this system do not lie beside the process ({pattern}), so none can be looked into"
        )
    canary = f"core-canary-{secrets.token_hex(12)}"
    done = unlocked.run(
        [sys.executable, "-c", _HOLDING],
        given=canary + "\n",
        env={"PYTHONPATH": str(REPO)},
        fresh=True,
        seconds=30,
    )
    assert "held" in done.stdout, done.stderr
    assert done.returncode < 0
    cores = [each for each in unlocked.home.glob("core*") if each.is_file()]
    holding = [each.name for each in cores if canary.encode() in each.read_bytes()]
    record_property("count: canaries planted", 1)
    assert holding == []
