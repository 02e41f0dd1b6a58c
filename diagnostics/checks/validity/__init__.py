"""Checks of the stage `validity`."""
