"""What in a server's entry carries, or stands for, a credential."""

from diagnostics.catalog.clients import Client
from diagnostics.model import Server


def with_references(server: Server, one: Client) -> Server:
    """The server with its references."""
    return server
