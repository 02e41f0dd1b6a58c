"""Checks of the stage `backend`."""
