"""Showing: the commands and the full-screen app."""
