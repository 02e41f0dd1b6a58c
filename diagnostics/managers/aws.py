"""`${AWS_SECRET:arn#key}`: a secret in AWS Secrets Manager, by ARN or name, read with botocore in a child.

The credentials come from where AWS's own tools take them on this host. The metadata service of EC2 is only asked on
a machine of EC2, so that nowhere else a request goes out to wait for nobody.
"""

import json
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from diagnostics.child import ChildTimeoutError, run_child
from diagnostics.host import Host
from diagnostics.managers import Answer, Found, Question, Trouble, extra
from diagnostics.managers.fields import text_of
from diagnostics.model import Status, Syntax
from diagnostics.secret import Secret
from diagnostics.text import Words, clean

_PROGRAM = Path(__file__).with_name("aws_child.py")
_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):(\d{12}):secret:([^:]+)(?::(.*))?")
_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}")
"""The characters that Secrets Manager allows in a name (`!` in those that AWS services make)."""
_VENDOR = Path("/sys/class/dmi/id/sys_vendor")
_DOUBT = Status.UNKNOWN
_CAUSES = {
    "no-region": "manager_not_set_up",
    "region-malformed": "config_wrong_endpoint",
    "no-credentials": "manager_not_set_up",
    "no-profile": "manager_not_set_up",
    "config-broken": "config_syntax_error",
    "credentials-half": "manager_not_set_up",
    "credentials-failed": "manager_not_set_up",
    "credentials-refused": "token_invalid",
    "credentials-ended": "token_expired",
    "sso-ended": "token_expired",
    "sso-missing": "manager_not_set_up",
    "denied": "token_insufficient_scope",
    "kms-denied": "token_insufficient_scope",
    "missing": "credential_not_found",
    "no-value": "credential_not_found",
    "deleted": "credential_deleted",
    "clock": "clock_skew",
    "malformed": "reference_malformed",
    "needs-agreement": "config_wrong_endpoint",
    "not-https": "config_wrong_endpoint",
    "certificate": "tls_interception",
    "extra-missing": "manager_extra_missing",
}
_IN_DOUBT = {
    "rate-limited": "rate_limited",
    "server-error": "provider_down",
    "unclear": "provider_answer_unclear",
    "dns": "dns_failure",
    "refused": "connection_refused",
    "no-network": "network_unreachable",
    "no-answer": "provider_timeout",
    "broke-off": "provider_answer_unclear",
    "proxy": "proxy_problem",
    "broke": "provider_answer_unclear",
}
"""What says nothing about the secret, and may be over in a minute."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A reference's secret and key."""

    secret_id: str
    """An ARN or a name."""
    region: str = ""
    """The ARN's, "" for a name."""
    key: str = ""


def wanted_of(name: str) -> Wanted | None:
    """What a reference means: `arn`, `name`, each with `#key`; also the ARN with `:key` behind, as ECS writes it."""
    secret_id, sign, key = name.partition("#")
    if sign and not key:
        return None
    if not secret_id.startswith("arn:"):
        return Wanted(secret_id, key=key) if _NAME.fullmatch(secret_id) else None
    arn = _ARN.fullmatch(secret_id)
    if arn is None:
        return None
    region, _account, _name, more = arn.groups()
    if more:  # key:stage:version, of which only the key can be asked for here
        inner, _, rest = more.partition(":")
        if key or rest.strip(":"):
            return None
        secret_id, key = secret_id.removesuffix(f":{more}"), inner
    return Wanted(secret_id, region, key)


class Aws:
    """Follows `${AWS_SECRET:…}`."""

    id = "aws"
    syntax = Syntax.AWS
    network = True

    def ready(self, question: Question) -> Trouble | None:
        """The reference's form, and the library."""
        if wanted_of(question.name) is None:
            return Trouble("malformed", "reference_malformed", facts={"name": question.name})
        library = extra.load("botocore", "aws")
        return library if isinstance(library, Trouble) else None

    def lookup(self, question: Question) -> Answer:
        """The secret's text, or its key's. Nothing is written; a login is renewed for a start only."""
        wanted = wanted_of(question.name)
        if wanted is None:
            return Trouble("malformed", "reference_malformed", facts={"name": question.name})
        facts: dict[str, object] = {"secret_id": wanted.secret_id, "key": wanted.key, "name": question.name}
        asked = {
            "secret_id": wanted.secret_id,
            "region": wanted.region,
            "endpoint": question.options.provider_urls.get("aws", ""),
            "starting": question.starting,
        }
        try:
            done = run_child(
                [sys.executable, "-P", str(_PROGRAM)],
                env=_environment(question.host),
                seconds=max(0.2, question.seconds - 0.3),
                given=json.dumps(asked).encode(),
            )
            answer = json.loads(done.output)
        except ChildTimeoutError:
            facts |= {"seconds": f"{question.seconds:g}", "address": "AWS"}
            return Trouble("no-answer", "provider_timeout", _DOUBT, facts=facts)
        except (OSError, ValueError):
            return Trouble("broke", "provider_answer_unclear", _DOUBT, facts=facts)
        if "trouble" in answer:
            return _trouble(answer, facts)
        return _value(answer, wanted, facts)


def manager() -> Aws:
    """The one of this module."""
    return Aws()


def _environment(host: Host) -> Mapping[str, str]:
    """The host's own, with limits for the metadata service, which is shut off where there can't be one."""
    env = {"AWS_METADATA_SERVICE_TIMEOUT": "1", "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "1", **host.env}
    if "AWS_EC2_METADATA_SERVICE_ENDPOINT" not in env and not _is_on_ec2():
        env.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    return {**env, "PYTHONDONTWRITEBYTECODE": "1"}


def _is_on_ec2() -> bool:
    """By what the machine's firmware calls itself: no request is made to find out."""
    try:
        return "amazon" in _VENDOR.read_text(encoding="ascii", errors="replace").casefold()
    except OSError:
        return False


def _value(answer: Mapping[str, Any], wanted: Wanted, facts: dict[str, object]) -> Answer:
    facts |= _known(answer)
    evidence = (f"credentials from: {facts['method']}, region {facts['region']}",)
    if answer.get("binary") is True:
        return Trouble("binary", "credential_corrupted", evidence=evidence, facts=facts)
    text = str(answer.get("text", ""))
    if not text:
        return Trouble("empty", "credential_empty", evidence=evidence, facts=facts)
    fields = _fields(text)
    if wanted.key:
        if fields is None:
            return Trouble("not-json", "credential_not_found", evidence=evidence, facts=facts)
        found = text_of(fields, wanted.key)
        if isinstance(found, Trouble):
            return replace(found, evidence=evidence, facts={**facts, **found.facts})
        return Found(found, evidence, facts)
    if fields is None:
        return Found(Secret(text), evidence, facts)
    names = [clean(str(each), 60) for each in list(fields)[:12]]
    facts |= {"fields": ", ".join(names), "example": names[0] if names else "key"}
    whole = Trouble("whole-json", "reference_malformed", Status.WARN, facts=facts)
    return Found(Secret(text), evidence, facts, (whole,))


def _fields(text: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _known(answer: Mapping[str, Any]) -> dict[str, object]:
    names = ("region", "method", "profile", "address", "code", "said", "status", "operation", "endpoint")
    known: dict[str, object] = {name: clean(str(answer.get(name, "")), 300) for name in names}
    known["address"] = known["address"] or "AWS"
    return known


def _trouble(answer: Mapping[str, Any], facts: dict[str, object]) -> Trouble:
    outcome = str(answer["trouble"])
    facts |= _known(answer)
    profile = str(facts["profile"])
    choice = f" --profile {shlex.quote(profile)}" if profile else ""
    facts |= {
        "seconds": "a few",
        "login": Words(f"aws sso login{choice}"),
        "configure": Words(f"aws configure{choice}"),
        "who": Words(f"aws sts get-caller-identity{choice}"),
        "module": "botocore",
        "command": Words(extra.install_line("aws")),
        "skew": _minutes(answer.get("skew")),
    }
    evidence = tuple(
        line
        for line in (
            f"AWS says: {facts['code']}: {facts['said']}" if facts["code"] else str(facts["said"]),
            f"credentials from: {facts['method']}" if facts["method"] else "",
            f"region {facts['region']}" if facts["region"] else "",
        )
        if line
    )
    if outcome == "sso-renews":
        return Trouble(outcome, None, Status.SKIP, evidence, facts)
    if outcome in _CAUSES:
        return Trouble(outcome, _CAUSES[outcome], evidence=evidence, facts=facts)
    outcome = outcome if outcome in _IN_DOUBT else "broke"
    return Trouble(outcome, _IN_DOUBT[outcome], _DOUBT, evidence, facts)


def _minutes(skew: object) -> str:
    if not isinstance(skew, int | float):
        return "an unknown time"
    return f"{abs(skew) / 60:.0f} minutes {'behind' if skew > 0 else 'ahead'}"
