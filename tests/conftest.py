"""Fixtures that every test may ask for."""

from tests.support.lab import lab, unlocked

__all__ = ["lab", "unlocked"]
