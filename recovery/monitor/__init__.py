"""Checks at intervals where nobody is watching: one round, what has changed, and the timer that starts it."""
