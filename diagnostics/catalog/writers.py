"""Programs that keep credentials in the system's store, and how their entries look: `writers.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from diagnostics.catalog import read


@dataclass(frozen=True, slots=True)
class Writer:
    """One of them. The patterns hold `{service}` and `{account}`."""

    id: str
    name: str
    tools: str
    """What people know it by."""
    account: str
    """The attribute that holds the account: `username` or `account`."""
    label: str
    sees: str
    """The collections that it looks into: `default`, `login` or `all`."""
    marks: Mapping[str, str] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    schema: str = ""
    """The `xdg:schema` without which it does not see an entry; "" = it does not ask for one."""
    kernel: str = ""
    """The name of its keys in the kernel's keyring, "" = it keeps none there."""
    macos_prefix: str = ""
    """What it puts before the value on macOS."""

    def attributes(self, service: str, account: str) -> dict[str, str]:
        """What it files an entry under."""
        found = {"service": service, self.account: account, **self.marks}
        return found | ({"xdg:schema": self.schema} if self.schema else {})

    def label_of(self, service: str, account: str) -> str:
        """The label that it gives an entry."""
        return _filled(self.label, service, account)


@cache
def writers() -> Mapping[str, Writer]:
    """All of them, in the order in which they are asked."""
    return {
        key: Writer(id=key, **{**row, "lacks": tuple(row.get("lacks", ()))})
        for key, row in read("writers.toml").items()
    }


def _filled(pattern: str, service: str, account: str) -> str:
    """Both at once, for a service may well hold the text `{account}`."""
    before, found, after = pattern.partition("{service}")
    if not found:
        return pattern.replace("{account}", account)
    return before.replace("{account}", account) + service + after.replace("{account}", account)
