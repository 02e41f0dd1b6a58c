"""The remedies, one a file; the file's name is the remedy's id. `recovery.planner` finds them here."""
