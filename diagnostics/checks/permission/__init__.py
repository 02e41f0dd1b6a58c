"""Checks of the stage `permission`."""
