"""Made-up tokens, put together at run time: no file of this project holds anything that looks like a real one."""

import base64
import json
import zlib
from string import ascii_lowercase, ascii_uppercase, digits

_BASE_62 = digits + ascii_uppercase + ascii_lowercase
_BASE_36 = digits + ascii_lowercase


def _in_digits(number: int, alphabet: str, width: int) -> str:
    out = ""
    for _ in range(width):
        number, rest = divmod(number, len(alphabet))
        out = alphabet[rest] + out
    return out


def _body(seed: str, length: int) -> str:
    """Letters and digits that depend on the seed, and look like nothing else."""
    found = ""
    number = 0
    while len(found) < length:
        found += _in_digits(zlib.crc32(f"{seed}{number}".encode()), _BASE_62, 5)
        number += 1
    return found[:length]


def github(seed: str = "a", kind: str = "ghp") -> str:
    """A GitHub token of the forty-character form, its six check digits right."""
    body = _body(seed, 30)
    return f"{kind}_{body}{_in_digits(zlib.crc32(body.encode()), _BASE_62, 6)}"


def github_fine_grained(seed: str = "a") -> str:
    return "_".join(("github", "pat", _body(seed, 22), _body(seed + "b", 59)))


def gitlab(seed: str = "a") -> str:
    return "glpat" + "-" + _body(seed, 20)


def gitlab_routable(seed: str = "a") -> str:
    payload = base64.urlsafe_b64encode(_body(seed, 24).encode()).decode().rstrip("=")
    head = "glpat" + f"-{payload}.01." + _in_digits(len(payload), _BASE_36, 2)
    return head + _in_digits(zlib.crc32(head.encode()), _BASE_36, 7)


def slack_bot(seed: str = "a") -> str:
    return "-".join(("xoxb", "0" * 12, "0" * 12, _body(seed, 24)))


def slack_app(seed: str = "a") -> str:
    return "-".join(("xapp", "1", "A" + "0" * 8, "0" * 12, _body(seed, 64).lower()))


def notion(seed: str = "a") -> str:
    return "ntn" + "_" + "0" * 11 + _body(seed, 35)


def linear(seed: str = "a") -> str:
    return "_".join(("lin", "api", _body(seed, 40)))


def openai(seed: str = "a") -> str:
    return "-".join(("sk", "proj", _body(seed, 74) + base64.b64encode(b"OpenAI").decode() + _body(seed, 74)))


def anthropic(seed: str = "a") -> str:
    return "-".join(("sk", "ant", "api03", _body(seed, 93) + "AA"))


def brave(seed: str = "a") -> str:
    return "BSA" + _body(seed, 28)


def sentry_user(seed: str = "a") -> str:
    return "sntryu" + "_" + _hex(seed, 64)


def sentry_org(seed: str = "a", url: str = "https://sentry.io") -> str:
    payload = json.dumps({"iat": 0, "url": url, "region_url": "https://us.sentry.io", "org": "x"})
    tail = base64.b64encode(_body(seed, 32).encode()).decode().rstrip("=")
    return "_".join(("sntrys", base64.b64encode(payload.encode()).decode(), tail))


def stripe(seed: str = "a", kind: str = "sk") -> str:
    return "_".join((kind, "test", _body(seed, 40)))


def grafana(seed: str = "a") -> str:
    head = "glsa" + "_" + _body(seed, 32)
    return f"{head}_{zlib.crc32(head.encode()).to_bytes(4, 'little').hex()}"


def cloudflare(seed: str = "a") -> str:
    body = _body(seed, 40)
    return "cfut" + f"_{body}{zlib.crc32(body.encode()):08x}"


def jwt(ends: int, **claims: object) -> str:
    """A JSON web token that says when it ends, and these further things. Its signature is none."""

    def part(what: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(what).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'exp': ends, 'sub': 'nobody', **claims})}.{'0' * 43}"


def _hex(seed: str, length: int) -> str:
    return "".join(f"{zlib.crc32(f'{seed}{n}'.encode()):08x}" for n in range(length // 8 + 1))[:length]


EVERY = {
    "github_pat_classic": github,
    "github_pat_fine_grained": github_fine_grained,
    "github_oauth_token": lambda seed="a": github(seed, "gho"),
    "github_app_user_token": lambda seed="a": github(seed, "ghu"),
    "github_app_installation_token": lambda seed="a": github(seed, "ghs"),
    "github_refresh_token": lambda seed="a": github(seed, "ghr"),
    "gitlab_pat": gitlab,
    "gitlab_pat_routable": gitlab_routable,
    "slack_bot_token": slack_bot,
    "slack_app_level_token": slack_app,
    "notion_token": notion,
    "linear_api_key": linear,
    "openai_api_key": openai,
    "anthropic_api_key": anthropic,
    "brave_search_key": brave,
    "sentry_user_token": sentry_user,
    "sentry_org_token": sentry_org,
    "stripe_secret_key": stripe,
    "stripe_restricted_key": lambda seed="a": stripe(seed, "rk"),
    "stripe_publishable_key": lambda seed="a": stripe(seed, "pk"),
    "grafana_service_account": grafana,
    "cloudflare_user_token": cloudflare,
}
"""Provider id -> maker of a token of its shape."""
