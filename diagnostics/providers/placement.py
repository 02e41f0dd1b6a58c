"""Puts a token and its companions where the catalogue says: header, user and password, address, body, signature."""

import base64
import json
import logging
import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from urllib.parse import quote, urlsplit

from diagnostics.catalog.providers import Companion, Verify
from diagnostics.providers.address import Address, Refusal
from diagnostics.providers.http import Request, is_sendable
from diagnostics.secret import Secret

_NAME = re.compile(r"\{([a-z_]+)\}")
_HIDDEN = "-"
"""Stands for the token in the address that is safe to keep."""


def placed(
    verify: Verify, where: Address, token: Secret, companions: Mapping[str, Secret]
) -> Request | Refusal:
    """The request, complete. Nothing secret is in its plain fields.

    In: the address to ask (its path still with the catalogue's `{names}`); the companions that were found, by the
    catalogue's names.

    Out: a Refusal with `other-half` (the value is the part of a pair that is not asked about), `needs-companion`,
    `lacks-companion` (such a token is worth nothing without it) or `companion-odd` (its `host` says what is missing),
    `unsendable`, or `needs-extra` (the package that signs such requests is not installed).
    """
    if verify.only and not re.fullmatch(verify.only, token.reveal()):
        return Refusal("other-half")
    lacking = _lacking(verify, token, companions)
    if lacking:
        return lacking
    if not is_sendable(token):
        return Refusal("unsendable")
    values = {"token": token.reveal()}
    for name in verify.companions:
        values[name] = companions[name].reveal().strip() if name in companions else ""
    url = _filled(where.url, values, _in_path)
    public = _filled(where.url, {**values, "token": _HIDDEN}, _in_path)
    headers, secret_headers = _headers(verify, values)
    body = verify.body
    secret_body = None
    if verify.auth == "basic":
        pair = f"{_filled(verify.user, values, _as_it_is)}:{values['token']}"
        secret_headers["Authorization"] = Secret("Basic " + base64.b64encode(pair.encode()).decode())
    elif verify.auth == "query":
        pairs = "&".join(
            f"{name}={quote(_filled(text, values, _as_it_is), safe='')}"
            for name, text in verify.query.items()
        )
        url += ("&" if "?" in url else "?") + pairs
    elif verify.auth == "body":
        secret_body = Secret(_filled(verify.body, values, _in_json))
        body = ""
    elif verify.auth == "aws":
        if find_spec("botocore") is None:
            return Refusal("needs-extra")
        secret_headers.update(_signed(verify, url, values))
    if not all(map(is_sendable, secret_headers.values())):
        return Refusal("unsendable")
    return Request(
        method=verify.method,
        url=public,
        headers=headers,
        body=body,
        more_secrets=secret_headers,
        secret_url=Secret(url) if url != public else None,
        secret_body=secret_body,
    )


def _lacking(verify: Verify, token: Secret, companions: Mapping[str, Secret]) -> Refusal | None:
    for name, each in verify.companions.items():
        value = companions.get(name)
        if value is None or not value.reveal().strip():
            if each.needed_for and re.fullmatch(each.needed_for, token.reveal()):
                return Refusal("lacks-companion", wanted(each))
            if not each.optional:
                return Refusal("needs-companion", wanted(each))
        elif each.form and not re.fullmatch(each.form, value.reveal().strip()):
            return Refusal("companion-odd", wanted(each))
    return None


def wanted(companion: Companion) -> str:
    """What it is and where it would be found, in words."""
    return f"{companion.what} ({' or '.join(companion.env[:2])})"


def _headers(verify: Verify, values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Secret]]:
    plain: dict[str, str] = {}
    secret: dict[str, Secret] = {}
    for name, text in verify.headers.items():
        filled = _filled(text, values, _as_it_is)
        if any(verify.companions[each].secret for each in _NAME.findall(text)):
            secret[name] = Secret(filled)
        elif filled:
            plain[name] = filled
    if verify.auth == "header":
        value = _filled(verify.auth_value, values, _as_it_is)
        secret[verify.auth_header] = Secret(f"{verify.auth_scheme} {value}" if verify.auth_scheme else value)
    return plain, secret


def _filled(text: str, values: Mapping[str, str], form: Callable[[str], str]) -> str:
    """In one pass: what was put in is not looked at again."""
    return _NAME.sub(lambda match: form(values[match[1]]), text)


def _as_it_is(value: str) -> str:
    return value


def _in_path(value: str) -> str:
    return quote(value, safe=":")


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _signed(verify: Verify, url: str, values: Mapping[str, str]) -> dict[str, Secret]:
    """The headers of AWS's signature (version 4), computed by AWS's own library. The key's secret is not sent."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    logging.getLogger("botocore").setLevel(logging.CRITICAL)  # it logs what it signs, session token included
    keys = Credentials(values["token"], values["secret"], values["session"] or None)
    request = AWSRequest(method=verify.method, url=url, data=verify.body, headers=dict(verify.headers))
    SigV4Auth(keys, "sts", _region(url)).add_auth(request)
    names = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")
    return {name: Secret(request.headers[name]) for name in names if request.headers.get(name)}


def _region(url: str) -> str:
    found = re.fullmatch(r"sts\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?", urlsplit(url).hostname or "")
    return found[1] if found else "us-east-1"
