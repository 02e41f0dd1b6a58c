"""Checks of the stage `config`."""
