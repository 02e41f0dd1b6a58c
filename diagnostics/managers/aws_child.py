"""Asks AWS Secrets Manager for one secret. Run as a program of its own, for botocore knows neither our `Host` nor a
deadline: it reads its own process's environment, and a credential chain may call programs and metadata services.

One JSON object comes on standard input (`secret_id`, `region`, `endpoint`, `starting`), one goes to standard output:
`{"text": …}` or `{"binary": true}` for a secret, or `{"trouble": name, …}` with what is known. Imports nothing of the
doctor, so that it runs wherever botocore does.
"""

import email.utils
import ipaddress
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

_AWS_DOMAINS = (
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".api.aws",
    ".api.amazonwebservices.com.cn",
    ".amazonaws.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
)
"""Where AWS has its services (the partitions of botocore's endpoints.json)."""
_CONNECT_SECONDS = 4
_READ_SECONDS = 6


class StopError(Exception):
    """The end, with a trouble's name and what is known of it."""

    def __init__(self, trouble: str, **known: object) -> None:
        super().__init__(trouble)
        self.answer = {"trouble": trouble, **known}


def main() -> None:
    """Reads the question, prints the answer."""
    asked = json.load(sys.stdin)
    known: dict[str, Any] = {}
    try:
        answer = _ask(asked, known)
    except StopError as stop:
        answer = stop.answer
    except Exception as error:
        answer = _named(error)
        if answer["trouble"] == "sso-ended" and known.get("renewable"):
            answer["trouble"] = "sso-renews"
    print(json.dumps({**known, **answer}))


def _ask(asked: Mapping[str, Any], known: dict[str, Any]) -> Mapping[str, Any]:
    try:
        import botocore.session
        from botocore.config import Config
        from botocore.tokens import SSOTokenProvider
    except ImportError as error:
        raise StopError("extra-missing", said=str(error)) from error
    if not asked["starting"]:
        # A look must not renew a login: that writes a new one to the disk.
        def not_now(_provider: object, token: Mapping[str, Any]) -> None:
            known["renewable"] = "refreshToken" in token

        SSOTokenProvider._refresh_access_token = not_now  # noqa: SLF001 - there is no public switch
    session = botocore.session.Session()
    known["profile"] = session.get_config_variable("profile") or ""
    own_region = os.environ.get("AWS_REGION") or session.get_config_variable("region")
    region = asked["region"] or own_region
    if not region:
        raise StopError("no-region")
    known["region"] = region
    credentials = session.get_credentials()
    if credentials is None:
        raise StopError("no-credentials")
    known["method"] = credentials.method
    credentials.get_frozen_credentials()
    client = session.create_client(
        "secretsmanager",
        region_name=region,
        endpoint_url=asked["endpoint"] or None,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": 1},
        ),
    )
    known["address"] = _address(client.meta.endpoint_url, asked["endpoint"])
    given = client.get_secret_value(SecretId=asked["secret_id"])
    if "SecretString" not in given:
        return {"binary": True}
    return {"text": given["SecretString"]}


def _address(endpoint: str, agreed: str) -> str:
    """The host that is asked. Raises StopError where it is neither AWS's own, nor this machine, nor agreed to."""
    parts = urlsplit(endpoint)
    name = (parts.hostname or "").lower()
    local = name == "localhost" or name.endswith(".localhost") or _is_loopback(name)
    if parts.scheme != "https" and not local:
        raise StopError("not-https", address=parts.netloc)
    if not (local or agreed or name.endswith(_AWS_DOMAINS)):
        raise StopError("needs-agreement", address=parts.netloc, endpoint=f"{parts.scheme}://{parts.netloc}")
    return parts.netloc


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


# ── what went wrong ─────────────────────────────────────────────────────────────────────────────────────────

_BY_CLASS = {
    "ProfileNotFound": "no-profile",
    "ConfigParseError": "config-broken",
    "InvalidConfigError": "config-broken",
    "InfiniteLoopConfigError": "config-broken",
    "PartialCredentialsError": "credentials-half",
    "NoCredentialsError": "no-credentials",
    "UnauthorizedSSOTokenError": "sso-ended",
    "SSOTokenLoadError": "sso-missing",
    "TokenRetrievalError": "sso-ended",
    "LoginTokenLoadError": "sso-missing",
    "LoginRefreshRequired": "sso-ended",
    "CredentialRetrievalError": "credentials-failed",
    "MetadataRetrievalError": "credentials-failed",
    "ParamValidationError": "malformed",
    "InvalidRegionError": "region-malformed",
    "SSLError": "certificate",
    "ProxyConnectionError": "proxy",
    "InvalidProxiesConfigError": "proxy",
    "ConnectTimeoutError": "no-answer",
    "ReadTimeoutError": "no-answer",
    "ConnectionClosedError": "broke-off",
}
_BY_CODE = {
    "UnrecognizedClientException": "credentials-refused",
    "InvalidClientTokenId": "credentials-refused",
    "InvalidSignatureException": "credentials-refused",
    "SignatureDoesNotMatch": "credentials-refused",
    "IncompleteSignatureException": "credentials-refused",
    "MissingAuthenticationToken": "credentials-refused",
    "AuthFailure": "credentials-refused",
    "ExpiredToken": "credentials-ended",
    "ExpiredTokenException": "credentials-ended",
    "RequestTimeTooSkewed": "clock",
    "RequestExpired": "clock",
    "RequestInTheFuture": "clock",
    "AccessDenied": "denied",
    "AccessDeniedException": "denied",
    "UnauthorizedOperation": "denied",
    "OptInRequired": "denied",
    "KMSAccessDeniedException": "kms-denied",
    "DecryptionFailure": "kms-denied",
    "DecryptionFailureException": "kms-denied",
    "ResourceNotFoundException": "missing",
    "Throttling": "rate-limited",
    "ThrottlingException": "rate-limited",
    "ThrottledException": "rate-limited",
    "TooManyRequestsException": "rate-limited",
    "RequestLimitExceeded": "rate-limited",
    "RequestThrottled": "rate-limited",
    "SlowDown": "rate-limited",
    "InternalServiceError": "server-error",
    "InternalFailure": "server-error",
    "ServiceUnavailable": "server-error",
    "InvalidParameterException": "malformed",
    "ValidationException": "malformed",
}


def _named(error: Exception) -> dict[str, object]:
    response = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        return _refusal(error, response)
    chain = list(_chain(error))
    names = {type(each).__name__ for each in chain}
    said = str(error)[:300]
    if "custom-process" in said:  # whatever the person's own program wrote may hold a secret
        said = "the program that credential_process names failed"
    if "EndpointConnectionError" in names:
        return {"trouble": _unreached(names, " ".join(map(str, chain))), "said": said}
    for one in type(error).__mro__:
        if one.__name__ in _BY_CLASS:
            return {"trouble": _BY_CLASS[one.__name__], "said": said}
    return {"trouble": "broke", "said": type(error).__name__}


def _refusal(error: Exception, response: Mapping[str, Any]) -> dict[str, object]:
    """What an answer of AWS with an error means."""
    code, message = str(response["Error"].get("Code", "")), str(response["Error"].get("Message", ""))
    about = response.get("ResponseMetadata", {})
    status, headers = about.get("HTTPStatusCode", 0), about.get("HTTPHeaders", {})
    operation = str(getattr(error, "operation_name", ""))
    low = message.lower()
    trouble = _BY_CODE.get(code, "server-error" if status >= 500 else "unclear")
    if trouble == "credentials-refused" and any(
        sign in low for sign in ("signature expired", "not yet current", "is now earlier", "is now later")
    ):
        trouble = "clock"
    if trouble == "denied" and "kms" in low:
        trouble = "kms-denied"
    if code == "InvalidRequestException":
        trouble = "deleted" if "delet" in low else "unclear"
    if trouble == "missing" and "staging label" in low:
        trouble = "no-value"
    if operation not in {"GetSecretValue", ""} and trouble in {"denied", "unclear", "missing"}:
        trouble = "credentials-failed"
    return {
        "trouble": trouble,
        "code": code,
        "said": message[:300],
        "status": status,
        "operation": operation,
        "skew": _skew(headers),
    }


def _unreached(names: set[str], said: str) -> str:
    if names & {"NameResolutionError", "gaierror"} or "resolve" in said:
        return "dns"
    if "ConnectionRefusedError" in names or "refused" in said:
        return "refused"
    return "no-network"


def _skew(headers: Mapping[str, str]) -> float | None:
    """Seconds that their clock is ahead of ours."""
    try:
        return email.utils.parsedate_to_datetime(headers["date"]).timestamp() - time.time()
    except (KeyError, ValueError, TypeError):
        return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error with those that led to it; botocore keeps them among its `kwargs`."""
    seen: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting:
        one = waiting.pop(0)
        if any(one is each for each in seen):
            continue
        seen.append(one)
        yield one
        kept = getattr(one, "kwargs", {})
        more = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        more = (*more, *(kept.values() if isinstance(kept, dict) else ()))
        waiting += [each for each in more if isinstance(each, BaseException)]


if __name__ == "__main__":
    main()
