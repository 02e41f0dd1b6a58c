"""Checks of the stage `lookup`."""
