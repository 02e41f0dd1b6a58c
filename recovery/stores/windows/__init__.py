"""The Windows Credential Manager as recovery touches it."""
