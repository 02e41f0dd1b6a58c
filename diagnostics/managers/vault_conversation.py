"""The questions to Vault about one reference, in the order in which one settles what the next would mean."""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from diagnostics.expiry import FACT, fact
from diagnostics.managers import Answer, Found, Question, Trouble
from diagnostics.managers.vault_answer import value_in
from diagnostics.managers.vault_client import Client, Reply, StopError
from diagnostics.managers.vault_setting import Setting, Wanted
from diagnostics.model import Status
from diagnostics.text import clean

_KEPT = {"kv", "generic", "cubbyhole"}
"""Engines that give back what was stored; all others make something when they are read."""
_SOON = 24 * 3600
"""Seconds before its end from which a token that nobody can renew is worth a warning."""
_SOON_RENEWABLE = 3600
_REFUSED = "token_insufficient_scope"
_MISSING = "credential_not_found"


class Conversation:
    """The questions about one reference, until one of them settles it."""

    def __init__(self, question: Question, setting: Setting, wanted: Wanted) -> None:
        self._question = question
        self._setting = setting
        self._wanted = wanted
        self._evidence: list[str] = []
        self._warnings: list[Trouble] = []
        self._ends = ""
        """When the token ends that nobody can renew, as a fact."""

    def answer(self) -> Answer:
        """What the questions lead to.

        Raises:
            StopError: one of them could not be answered, or its answer settles it.
        """
        with Client(self._setting, self._question.seconds) as self._client:
            self._health()
            if self._setting.skip_verify and self._setting.address.startswith("https:"):
                self._warnings.append(Trouble("skip-verify", "tls_verification_off", Status.WARN))
            self._token()
            return self._read(self._mount())

    # ── the server ──────────────────────────────────────────────────────────────────────────────────────────

    def _health(self) -> None:
        reply = self._client.ask("GET", "sys/health", with_token=False, with_namespace=False)
        sealed = reply.document.get("sealed") is True
        match reply.status:
            case 501:
                raise StopError(Trouble("not-initialized", "manager_sealed", evidence=reply.errors))
            case 503 if sealed:
                raise StopError(Trouble("sealed", "manager_sealed", evidence=("GET sys/health: sealed",)))
            case 472:
                raise StopError(Trouble("dr-secondary", "manager_sealed", Status.UNKNOWN))
            case 429 if "standby" in reply.document:
                self._evidence.append("the node that answered is a standby; it hands requests on")
            case 473:
                self._evidence.append("the node that answered is a performance standby")
            case 200 if "sealed" not in reply.document:
                raise StopError(Trouble("not-vault", "config_wrong_endpoint"))
            case 200:
                version = reply.document.get("version")
                self._evidence.append(f"{self._setting.host} answers, version {clean(str(version), 40)}")
            case _:
                self._general(reply)  # others (403, 404) are filters before it: the next questions tell

    def _general(self, reply: Reply) -> None:
        """What may come in answer to any question."""
        if 300 <= reply.status < 400:
            facts = {"target": reply.target}
            raise StopError(Trouble("redirected", "config_wrong_endpoint", facts=facts))
        if reply.status == 429:
            facts = {"after": clean(reply.headers.get("retry-after", "") or "a while", 40)}
            raise StopError(Trouble("rate-limited", "rate_limited", Status.UNKNOWN, reply.errors, facts))
        if reply.status == 503 and any("sealed" in each.casefold() for each in reply.errors):
            raise StopError(Trouble("sealed", "manager_sealed", evidence=reply.errors))
        if reply.status >= 500:
            facts = {"status": str(reply.status)}
            raise StopError(Trouble("server-error", "provider_down", Status.UNKNOWN, reply.errors, facts))

    # ── the token ───────────────────────────────────────────────────────────────────────────────────────────

    def _token(self) -> None:
        reply = self._client.ask("GET", "auth/token/lookup-self")
        if reply.status == 200:
            self._judge_token(reply.data)
            return
        self._general(reply)
        said = " ".join(reply.errors).casefold()
        if self._setting.namespace:
            elsewhere = self._client.ask("GET", "auth/token/lookup-self", with_namespace=False)
            if elsewhere.status == 200:
                raise StopError(Trouble("wrong-namespace", "config_wrong_endpoint", evidence=reply.errors))
        may = self._capabilities()
        if may is None or "invalid token" in said:
            # Vault says the same of tokens that ended, were revoked, or belong to another server.
            raise StopError(Trouble("token-refused", "token_invalid", evidence=reply.errors))
        self._evidence.append("the token may not look at its own state")

    def _judge_token(self, data: Mapping[str, Any]) -> None:
        ttl = data.get("ttl")
        policies = data.get("policies")
        if isinstance(policies, list):
            names = ", ".join(clean(str(each), 60) for each in policies[:10])
            self._evidence.append(f"the token's policies: {names}")
        if not isinstance(ttl, int) or isinstance(ttl, bool) or ttl <= 0:
            return  # a root token, which never ends
        renewable = data.get("renewable") is True
        facts = {"left": _span(ttl), "expires": clean(str(data.get("expire_time") or ""), 40)}
        if renewable and ttl < _SOON_RENEWABLE:
            self._warnings.append(Trouble("token-ends-renewable", "token_expired", Status.WARN, facts=facts))
        elif not renewable and ttl < _SOON:
            self._warnings.append(Trouble("token-ends", "token_expired", Status.WARN, facts=facts))
        if not renewable:
            self._ends = fact(time.time() + ttl)
        self._evidence.append(f"the token ends in {_span(ttl)}" + (", renewable" if renewable else ""))

    def _capabilities(self) -> tuple[str, ...] | None:
        """What the token may do with the path, None where Vault does not tell (then the token itself is refused)."""
        reply = self._client.ask("POST", "sys/capabilities-self", {"paths": [self._wanted.path]})
        found = reply.data.get(self._wanted.path) or reply.document.get("capabilities")
        return tuple(map(str, found)) if reply.status == 200 and isinstance(found, list) else None

    # ── the secret ──────────────────────────────────────────────────────────────────────────────────────────

    def _mount(self) -> Mapping[str, Any]:
        """The engine that holds the path: its type, options and where it is mounted; empty where that is not told."""
        reply = self._client.ask("GET", f"sys/internal/ui/mounts/{self._wanted.url_path}")
        if reply.status == 200:
            return reply.data
        self._general(reply)
        return {}

    def _read(self, mount: Mapping[str, Any]) -> Answer:
        kind = str(mount.get("type", ""))
        if kind and kind not in _KEPT and not self._question.starting:
            return Trouble("made-on-read", None, Status.SKIP, facts={"engine": clean(kind, 40)})
        if not kind and not _may_read(self._capabilities()):
            return self._no_policy(())
        if _is_versioned(mount) and not self._is_below_data(mount):
            place = self._with_data(mount)
            return Trouble("needs-data", _MISSING, facts={"meant": place, "mount": _mount_path(mount)})
        reply = self._client.ask("GET", self._wanted.url_path)
        if reply.status == 200:
            found = value_in(reply.data, self._wanted.key, tuple(self._evidence), tuple(self._warnings))
            if isinstance(found, Found) and self._ends:
                return dataclasses.replace(found, facts={**found.facts, FACT: self._ends})
            return found
        self._general(reply)
        if reply.status == 404:
            return self._not_there(reply, mount)
        if reply.status in {401, 403}:
            may = self._capabilities()
            if may is not None and _may_read(may):
                return Trouble("read-refused", _REFUSED, evidence=reply.errors)
            return self._no_policy(reply.errors)
        facts = {"status": str(reply.status)}
        return Trouble("unclear", "provider_answer_unclear", Status.UNKNOWN, reply.errors, facts)

    def _no_policy(self, said: tuple[str, ...]) -> Trouble:
        evidence = (*self._evidence, *said)
        return Trouble("no-policy", _REFUSED, evidence=evidence)

    def _not_there(self, reply: Reply, mount: Mapping[str, Any]) -> Trouble:
        metadata = reply.data.get("metadata")
        if isinstance(metadata, dict):  # a version that was there
            facts = {"version": clean(str(metadata.get("version", "")), 20)}
            if metadata.get("destroyed") is True:
                return Trouble("destroyed", "credential_deleted", facts=facts)
            facts["deleted"] = clean(str(metadata.get("deletion_time", "")), 40)
            return Trouble("deleted", "credential_deleted", facts=facts)
        said = " ".join(reply.errors).casefold()
        if "versioned k/v" in said or "versioned kv" in said:
            return Trouble("needs-data", _MISSING, facts={"meant": self._with_data(mount), "mount": ""})
        if str(mount.get("type")) in _KEPT and not _is_versioned(mount) and self._is_below_data(mount):
            plain = self._wanted.path.replace(f"{_mount_path(mount)}data/", _mount_path(mount), 1)
            return Trouble("no-data-needed", _MISSING, facts={"meant": self._named(plain)})
        evidence = (*self._evidence, *reply.errors)
        outcome = "no-mount" if not mount or "no handler" in said else "missing"
        return Trouble(outcome, _MISSING, evidence=evidence)

    def _is_below_data(self, mount: Mapping[str, Any]) -> bool:
        return self._wanted.path.startswith(f"{_mount_path(mount)}data/")

    def _with_data(self, mount: Mapping[str, Any]) -> str:
        """The reference with `data/` behind the mount, where the second version of the engine has its values."""
        at = _mount_path(mount) or self._wanted.path.partition("/")[0] + "/"
        rest = self._wanted.path.removeprefix(at)
        return self._named(f"{at}data/{rest.removeprefix('metadata/')}")

    def _named(self, path: str) -> str:
        return f"${{VAULT:{path}" + (f"#{self._wanted.key}" if self._wanted.key else "") + "}"


def _may_read(capabilities: tuple[str, ...] | None) -> bool:
    """Whether these let a token read; where Vault does not tell, the read itself will."""
    return capabilities is None or bool({"read", "root"} & set(capabilities))


def _is_versioned(mount: Mapping[str, Any]) -> bool:
    options = mount.get("options")
    return isinstance(options, dict) and str(options.get("version")) == "2"


def _mount_path(mount: Mapping[str, Any]) -> str:
    path = clean(str(mount.get("path", "")), 200).strip("/")
    return f"{path}/" if path else ""


def _span(seconds: int) -> str:
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {name}" + ("s" if count > 1 else "")
    return f"{seconds} seconds"
