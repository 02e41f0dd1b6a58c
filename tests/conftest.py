"""Fixtures that every test may ask for."""

from tests.support.lab import lab, unlocked
from tests.support.servers import fake_server, npm_server, pypi_server

__all__ = ["fake_server", "lab", "npm_server", "pypi_server", "unlocked"]
