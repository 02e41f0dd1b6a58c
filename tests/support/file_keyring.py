"""A keychain that knows an entry by service and user name alone, as those of macOS and Windows: for tests, in a file."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Keeps everything in the file that the variable FILE_KEYRING names; refuses while `FILE.locked` is there."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return self._all().get(service, {}).get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        found = self._all()
        found.setdefault(service, {})[username] = password
        self._file.write_text(json.dumps(found))

    def delete_password(self, service: str, username: str) -> None:
        found = self._all()
        if username not in found.get(service, {}):
            raise PasswordDeleteError("not there")
        del found[service][username]
        self._file.write_text(json.dumps(found))

    @property
    def _file(self) -> Path:
        return Path(os.environ["FILE_KEYRING"])

    def _all(self) -> dict[str, dict[str, str]]:
        if self._file.with_suffix(".locked").exists():
            raise OSError("(-25308, 'Unknown Error')")
        return json.loads(self._file.read_text()) if self._file.exists() else {}
