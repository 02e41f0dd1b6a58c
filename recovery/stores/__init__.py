"""Credential stores as recovery touches them: one adapter per kind, behind `recovery.world.Keychain`."""
