"""Checks of the stage `format`."""
