"""Asking a provider about a token: where, over which network, and what the answer means."""
