"""Credentials that lie about in plain text: which files hold them, who can read those, where copies of them go."""
