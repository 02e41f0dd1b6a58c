"""The Windows Credential Manager: names, bytes, error codes and states (pure), and the calls that read it."""
