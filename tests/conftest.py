"""Fixtures that every test may ask for."""

from tests.support.bundles import app_reads, mcpb
from tests.support.counts import pytest_addoption, pytest_terminal_summary
from tests.support.desktops import keepassxc, kwallet, wallet
from tests.support.kernel_left_behind import kernel_keys_alone, kernel_keys_as_they_are
from tests.support.keytar import keytar_folder, keytar_in, napi_folder, napi_in
from tests.support.lab import lab, unlocked
from tests.support.oauth_server import oauth_modules, oauth_server
from tests.support.platforms import pytest_collection_modifyitems, pytest_make_collect_report
from tests.support.second_try import pytest_itemcollected
from tests.support.servers import bare_packages, fake_server, npm_server, pypi_server
from tests.support.windows import credentials, windows, wine

__all__ = [
    "app_reads",
    "bare_packages",
    "credentials",
    "fake_server",
    "keepassxc",
    "kernel_keys_alone",
    "kernel_keys_as_they_are",
    "keytar_folder",
    "keytar_in",
    "kwallet",
    "lab",
    "mcpb",
    "napi_folder",
    "napi_in",
    "npm_server",
    "oauth_modules",
    "oauth_server",
    "pypi_server",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_itemcollected",
    "pytest_make_collect_report",
    "pytest_terminal_summary",
    "unlocked",
    "wallet",
    "windows",
    "wine",
]
