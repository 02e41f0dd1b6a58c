"""Logging in at remote servers: what they say about it, whether it holds together, and what logins are stored."""
