"""Checks of the stage `reference`."""
