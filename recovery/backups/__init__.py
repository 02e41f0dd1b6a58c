"""Backups of the keychain in the age format: made, listed, read, verified and restored."""
