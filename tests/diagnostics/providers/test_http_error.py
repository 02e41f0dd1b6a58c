"""What the errors below a request mean."""

import socket

from diagnostics.providers.http_error import named


def test_a_silent_name_server_is_no_word_about_the_name() -> None:
    assert named(socket.gaierror(socket.EAI_AGAIN, "later"), proxied=False).trouble == "unreachable"
    assert named(socket.gaierror(socket.EAI_NONAME, "no such name"), proxied=False).trouble == "dns"
