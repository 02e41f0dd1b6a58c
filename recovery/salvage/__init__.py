"""Reading damaged gnome-keyring files offline: what can be saved with the password, and what is lost."""
