"""The keychains of macOS as recovery touches them: `security` without a word of a password among its arguments."""
