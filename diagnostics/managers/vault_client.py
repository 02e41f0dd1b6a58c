"""hvac with everything ambient shut off: one request to Vault at a time, whose failures are troubles with names."""

import contextlib
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from diagnostics.managers import Trouble
from diagnostics.managers.network import trouble_of
from diagnostics.managers.vault_setting import Setting
from diagnostics.providers.http_error import HttpError, named
from diagnostics.text import clean

if TYPE_CHECKING:
    from requests import Response


class StopError(Exception):
    """The conversation ends here, with this trouble."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.outcome)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `document` is its JSON object, empty for anything else."""

    status: int
    document: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def data(self) -> Mapping[str, Any]:
        """What stands under `data`, empty where there is none."""
        found = self.document.get("data")
        return found if isinstance(found, dict) else {}

    @property
    def errors(self) -> tuple[str, ...]:
        """What Vault says itself: errors, then warnings."""
        found: list[str] = []
        for key in ("errors", "warnings"):
            said = self.document.get(key)
            found += [clean(str(each), 300) for each in said[:5]] if isinstance(said, list) else []
        return tuple(f"Vault says: {each}" for each in found)

    @property
    def target(self) -> str:
        """The host that a redirect points to; its path may hold a secret and stays away."""
        try:
            where = urlsplit(self.headers.get("location", "")).netloc
        except ValueError:
            return "an address that makes no sense"
        return clean(where.rpartition("@")[2] or "the same host", 120)


class Client:
    """Asks one Vault. Use as a context manager.

    Raises:
        StopError: the certificate authorities can't be read.
    """

    def __init__(self, setting: Setting, seconds: float) -> None:
        from diagnostics.providers.http import session_for

        self._setting = setting
        self._seconds = seconds
        try:
            self._session = session_for(setting.env)
        except HttpError as error:
            raise StopError(trouble_of(error, setting.host, seconds)) from None
        self._adapter = _adapter(setting, self._session, seconds)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._session.close()

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        with_token: bool = True,
        with_namespace: bool = True,
    ) -> Reply:
        """One request. In: the path below `/v1/`.

        Raises:
            StopError: no answer came.
        """
        self._adapter.token = self._setting.token.reveal() if with_token else ""
        self._adapter.namespace = self._setting.namespace if with_namespace else ""
        given = {"json": body} if body is not None else {}
        try:
            response: Response = self._adapter.request(method, f"/v1/{path}", raise_exception=False, **given)
            return Reply(response.status_code, _document(response), _lower(response.headers))
        except Exception as error:
            found = named(error, bool(self._session.proxies))
            trouble = trouble_of(found, self._setting.host, self._seconds)
            if trouble.outcome == "certificate" and self._setting.skip_verify:
                trouble = dataclasses.replace(trouble, outcome="certificate-skip-verify")
            raise StopError(trouble) from None


def _adapter(setting: Setting, session: Any, seconds: float) -> Any:
    """hvac's own, told all that it would else read from its process's environment."""
    import hvac
    from hvac.adapters import RawAdapter

    from diagnostics.providers.proxy import proxy_for

    proxy = proxy_for(setting.address, setting.env)
    session.proxies = {"http": proxy, "https": proxy} if proxy else {}
    return hvac.Client(
        url=setting.address,
        token="",
        cert=(),
        verify=True,
        timeout=seconds,
        proxies=session.proxies,
        allow_redirects=False,
        session=session,
        adapter=RawAdapter,
    ).adapter


def _document(response: "Response") -> Mapping[str, Any]:
    try:
        found = response.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _lower(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}
