"""Everything a check may look at: the host, what was discovered, the store's state. Reading only."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostics import managers
from diagnostics.host import Host
from diagnostics.model import ClientFile, Reference, Server, Syntax
from diagnostics.providers.once import Once
from diagnostics.secret import Scrubber, Secret
from diagnostics.stores import AskedByName, CredentialStore, Entry, NamesAlike, StoreError
from diagnostics.stores.similar import SimilarEntries

if TYPE_CHECKING:
    from diagnostics.servers.needs.known import Packages
    from diagnostics.stores.keyring_backend import KeyringQuestion

SERVICE = "mcp-secrets"
"""The keyring service below which `${SECRET:name}` lives, user name = the secret's name (the contract)."""


_IN_THE_KEYCHAIN = {Syntax.SECRET, Syntax.KEYTAR, Syntax.OAUTH}


@dataclass(frozen=True, slots=True)
class Options:
    """What the person asked for on the command line."""

    config: tuple[Path, ...] = ()
    """Files to read instead of discovering any."""
    client: str | None = None
    offline: bool = False
    start: bool = False
    timeout: float | None = None
    """Seconds a check; None = each check's own limit."""
    provider_urls: Mapping[str, str] = field(default_factory=dict)
    """Provider id -> address the person agreed to, https or http on loopback."""


def _is_harmless(name: str | None) -> bool:
    """Whether a variable's value may be shown: without the home folder's name no path could be told."""
    from diagnostics.servers.needs.need import is_harmless

    return name is not None and is_harmless(name)


@dataclass
class Context:
    """One run's view of the host. Caches what is asked once: the store's state, its entries, resolved values."""

    host: Host
    options: Options
    files: Sequence[ClientFile]
    servers: Sequence[Server]
    """The chosen ones; all of `files` when none was named."""
    store: CredentialStore
    scrubber: Scrubber = field(default_factory=Scrubber)
    answers: Once[Hashable, Any] = field(default_factory=Once)
    """What providers said in this run (`diagnostics.providers.verify.Answer`), so that one token is sent once."""
    looked_up: Once[Hashable, "managers.Answer"] = field(default_factory=Once)
    """What other stores gave in this run, by manager and name."""
    remotes: Once[Hashable, Any] = field(default_factory=Once)
    """What remote servers and their authorization servers said in this run, so that each is asked once."""
    logs: Once[str, Any] = field(default_factory=Once)
    """What the clients' logs say (`diagnostics.logs.reading.ClientLogs`), by client, each read once a run."""
    keyring_question: "KeyringQuestion | None" = None
    """What was asked of the keyring library ahead of its check, None = nothing."""

    def __post_init__(self) -> None:
        for each in self.references:
            if each.syntax is Syntax.LITERAL:
                self.scrubber.learn(each.text)
        for server in self.servers:
            for secret in server.extension.secrets if server.extension else ():
                self.scrubber.learn(secret)
        if isinstance(self.store, AskedByName):
            ours = {Syntax.SECRET: "", Syntax.OAUTH: "oauth:"}
            mine = [each for each in self.references if each.name and each.syntax in ours]
            self.store.expect(f"{ours[each.syntax]}{each.name}" for each in mine)

    @property
    def references(self) -> list[Reference]:
        """Every reference of the chosen servers."""
        return [reference for server in self.servers for reference in server.references]

    @property
    def needs_store(self) -> bool:
        """Whether anything chosen rests on the keychain (or nothing is configured, and the store is the question)."""
        if not self.servers or any(each.syntax in _IN_THE_KEYCHAIN for each in self.references):
            return True
        from diagnostics.servers.auth0 import is_auth0

        return any(is_auth0(each) for each in self.servers)

    @cached_property
    def packages(self) -> "Packages":
        """What is known of the servers' packages on this host, each read once a run."""
        from diagnostics.servers.needs.known import Packages

        return Packages()

    def server(self, server_id: str) -> Server:
        """The chosen server with this id."""
        return self._servers[server_id]

    @cached_property
    def _servers(self) -> Mapping[str, Server]:
        return {each.id: each for each in self.servers}

    @cached_property
    def _named(self) -> Mapping[str, Sequence[Entry]]:
        index: dict[str, list[Entry]] = {}
        for entry in self.store.entries():
            if entry.service == SERVICE and entry.account_attribute == "username":
                index.setdefault(entry.account, []).append(entry)
        return index

    def entries_named(self, name: str) -> Sequence[Entry]:
        """The entries that `${SECRET:name}` means: service `mcp-secrets`, user name `name`, byte-exact.

        Raises:
            StoreError: the store could not be read.
        """
        if isinstance(self.store, NamesAlike):
            return self.store.entries_named(SERVICE, name)
        return self._named.get(name, ())

    @cached_property
    def similar_entries(self) -> SimilarEntries:
        """The store's entries by what a person may have meant.

        Raises:
            StoreError: the store could not be read.
        """
        return SimilarEntries(self.store.entries(), SERVICE)

    def value_of(self, reference: Reference) -> Secret | None:
        """The credential behind a reference, None where there is none (yet) or it can't be resolved here.

        In: any reference. What only the client knows (`input`, a sealed setting of an extension) can't be. What is found is taught to
        the scrubber.
        """
        from diagnostics.client_variables import content_of, variable_of

        found: Secret | None = None
        match reference.syntax:
            case Syntax.LITERAL:
                found = reference.text
            case Syntax.ENV if reference.name:
                value = variable_of(
                    reference, self._servers.get(reference.server_id), self.host, self.env_file
                )
                found = Secret(value) if value is not None else reference.default
            case Syntax.FILE if reference.expanded_by_client:
                found = content_of(reference, self._servers.get(reference.server_id), self.host)
            case Syntax.SECRET if reference.name:
                try:
                    read = [each.secret for each in self.entries_named(reference.name)]
                    known = sorted((each for each in read if each is not None), key=lambda each: not each)
                    found = next(iter(known), None)  # an empty one only where there is no other
                except StoreError:
                    found = None
            case Syntax.USER_CONFIG if reference.name:
                server = self._servers.get(reference.server_id)
                found = server.extension.credential(reference.name) if server and server.extension else None
            case Syntax.KEYTAR | Syntax.VAULT | Syntax.AWS | Syntax.OAUTH:
                answer = self.answer_of(reference)
                found = answer.value if isinstance(answer, managers.Found) else None
            case _:
                found = None
        if found is not None and not (reference.syntax is Syntax.ENV and _is_harmless(reference.name)):
            self.scrubber.learn(found)
        return found

    def env_file(self, path: Path) -> Mapping[str, str]:
        """The variables that a `.env` file sets, read once a run."""
        from diagnostics.client_variables import variables_in

        variables: Mapping[str, str] = self.answers.get(("env-file", path), lambda: variables_in(path))
        return variables

    def answer_of(self, reference: Reference) -> "managers.Answer | None":
        """What the manager of another store says to the reference, asked once a run; None where nobody follows it.

        Takes as long as `managers.SECONDS`, or the run's own limit. Teaches the scrubber what it finds.
        """
        manager = managers.find(reference.syntax)
        name = reference.name
        if manager is None or not name:
            return None
        seconds = self.options.timeout or managers.SECONDS
        asked = managers.Question(name, self.host, self.options, seconds, self.store)
        answer = self.looked_up.get((manager.id, name), lambda: managers.ask(manager, asked))
        if isinstance(answer, managers.Found):
            self.scrubber.learn(answer.value)
        return answer
