"""Who may take a secret out of its wrapping. A new name on this list is a decision, not an accident."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "diagnostics/secret.py": "the type itself, and the scrubber",
    "diagnostics/model.py": "compares a default with the text it stands in",
    "diagnostics/clients/entries.py": "fills the paths that a client puts into an extension's entries",
    "diagnostics/clients/claude_code_policy.py": "compares a command with the organisation's list",
    "diagnostics/bundles/value.py": "tells a sealed value by its mark",
    "diagnostics/bundles/extension.py": "fills an extension's placeholders as its app does",
    "diagnostics/checks/config/extension.py": "looks for tokens, dollar signs and folders among an extension's settings",
    "diagnostics/checks/reference/crossing.py": "looks in a command line for what passes variables on",
    "diagnostics/checks/reference/kind.py": "tells whether a header begins with `Bearer`",
    "diagnostics/references.py": "reads config values to find what they refer to",
    "diagnostics/servers/resolve.py": "puts values into a server's environment and arguments",
    "diagnostics/tokens/credential.py": "tells a credential's provider by its variable and host",
    "diagnostics/tokens/hygiene.py": "looks for damage in a value",
    "diagnostics/tokens/lifetime.py": "reads the end that a token carries in itself",
    "diagnostics/tokens/token_format.py": "looks at a value's shape and check digits",
    "diagnostics/tokens/new_token.py": "hands a server's settings (not the token) to the provider's client",
    "diagnostics/plain/held.py": "tells a credential in a profile by its variable and shape",
    "diagnostics/plain/source.py": "looks for the names of env files among the arguments",
    "diagnostics/checks/config/old_copies.py": "looks for a config's credentials in its backups",
    "diagnostics/connections/connection.py": "takes the percent-encoding off a password",
    "diagnostics/connections/flaw.py": "looks for characters that a password may not have in a URL",
    "diagnostics/tokens/plain_text.py": "hands the password of a database address to the guess about it",
    "diagnostics/connections/greeting.py": "sends Redis its password, over TLS or on loopback, when the person agreed",
    "diagnostics/connections/place.py": "puts values into a connection URL",
    "diagnostics/checks/format/connection_url.py": "hands a connection URL to the search for flaws",
    "diagnostics/tokens/scope.py": "tells the server by its command line",
    "diagnostics/providers/http.py": "sends a token to its provider",
    "diagnostics/providers/placement.py": "puts a token and what belongs to it into the request",
    "diagnostics/providers/verify.py": "reads what a token says about itself",
    "diagnostics/stores/file_store.py": "encrypts entries, and opens the encrypted store with its key",
    "recovery/stores/keyring_plugin.py": "gives an entry to the program that asks the keyring library for it",
    "recovery/stores/file_store.py": "writes the key of a new encrypted store",
    "diagnostics/managers/vault_client.py": "hands the Vault token to Vault's client",
    "diagnostics/managers/vault_setting.py": "asks whether a token can stand in a header",
    "diagnostics/servers/auth0.py": "tells by a token and the entries beside it what Auth0's server makes of them",
    "diagnostics/managers/keytar.py": "asks whether keytar would cut or damage a value",
    "diagnostics/servers/remote_target.py": "replaces references in a remote server's address and headers",
    "diagnostics/oauth/login.py": "reads and writes the keychain's form of a login",
    "diagnostics/oauth/kept_logins.py": "tells which stored login is a server's, by its address and headers",
    "diagnostics/servers/command_line.py": "shows a command line with its credentials masked",
    "diagnostics/checks/format/token.py": "reads what a token says about itself",
    "diagnostics/checks/format/hygiene.py": "names the damage",
    "diagnostics/checks/reference/environment.py": "asks whether a value is empty",
    "diagnostics/checks/reference/expansion.py": "writes the lines that wrap a command",
    "diagnostics/checks/browser_login.py": "fills the headers of mcp-remote as it does itself",
    "diagnostics/checks/start/command.py": "looks for the script among the arguments",
    "diagnostics/checks/reference/variables.py": "tells a server by its command line",
    "diagnostics/servers/reach.py": "asks whether a value is empty, and which variables a container is handed",
    "diagnostics/support/sweep.py": "looks for every known secret in a finished support bundle",
    "recovery/launching/entry.py": "tells an entry that starts the launcher itself by its words",
    "recovery/launching/value.py": "looks for a character that no server can get",
    "recovery/login/endpoint.py": "sends a login's parts to its own authorization server",
    "recovery/login/plan.py": "reads what the person typed that is not secret: address, site, client id",
    "recovery/stores/secret_service.py": "writes to the keychain",
    "recovery/stores/kwallet.py": "hashes a wallet's password as a login does",
    "recovery/stores/ksecretd.py": "hashes a wallet's password as a login does",
    "recovery/stores/keyring_library.py": "writes to the keychain of macOS and Windows",
    "recovery/stores/macos/terminal.py": "types a keychain's password at the terminal of macOS's own program",
    "recovery/stores/windows/keychain.py": "writes to the Credential Manager of Windows",
    "diagnostics/stores/windows/entry.py": "puts what is kept for an undo into a document of the Credential Manager",
    "diagnostics/checks/lookup/windows_entry.py": "counts the bytes that the keyring library would take for UTF-16",
    "recovery/backups/age.py": "hands content and key to the encryption",
    "recovery/backups/comparison.py": "takes the digest of a value",
    "recovery/backups/content.py": "writes values into a backup",
    "recovery/backups/earlier.py": "keeps what stood in a place, inside the keychain",
    "recovery/backups/key.py": "tells whether a passphrase is strong enough",
    "recovery/backups/making.py": "reads back what it is about to encrypt",
    "recovery/steps/backup_fill.py": "reads the path of the private key that opens a backup",
    "recovery/steps/backup.py": "reads the backup that was opened a moment ago",
    "recovery/emergency/kernel_keyring.py": "hands an emergency token to the kernel's memory",
    "recovery/emergency/holder.py": "holds an emergency token where the kernel can't",
    "recovery/emergency/target.py": "tells a start by a digest of its command line",
    "recovery/trail/key.py": "makes the keyed fingerprint by which the audit trail names a credential",
    "diagnostics/configs/entry_edit.py": "finds the place of a credential in its config",
    "diagnostics/configs/variable_edit.py": "looks for a container's variables among the arguments",
    "recovery/edit_record.py": "reads back what an edited file is rebuilt from, kept inside the keychain",
    "recovery/remedies/move_from_env_file.py": "tells whether a container reads the env file",
    "recovery/steps/aside.py": "finds the places of a token in the comments of a config",
    "recovery/steps/variable.py": "notes inside the keychain what a line is rebuilt from",
    "recovery/migration.py": "looks for an option's name among the arguments",
    "recovery/remedies/move_to_keychain.py": "makes sure that a credential is no part of its own name",
    "recovery/steps/migration.py": "notes inside the keychain what the old config is rebuilt from",
    "recovery/salvage/cipher.py": "derives the key of a keyring file from its password",
    "recovery/undo_copies.py": "compares copies that the keychain keeps",
    "tui/screens/backup_key.py": "takes the path of a private key, typed in the open",
    "tui/screens/emergency_start.py": "reads reason, ticket and time, which are typed in the open",
    "tui/secrets_cli.py": "`mcp-secrets get`, to a pipe",
}


@cache
def callers() -> set[str]:
    found = set()
    for folder in ("diagnostics", "recovery", "tui"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr == "reveal":
                    found.add(path.relative_to(ROOT).as_posix())
    return found


def test_nobody_else_reveals_a_secret() -> None:
    assert not callers() - set(ALLOWED)


@pytest.mark.parametrize("path", sorted(ALLOWED))
def test_whoever_may_does(path: str) -> None:
    assert path in callers()
