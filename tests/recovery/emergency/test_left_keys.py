"""The tests leave no token in the kernel's keyring of whoever runs them."""

from recovery.emergency import kernel_keyring
from tests.recovery.emergency.conftest import Desk
from tests.support.kernel_keys import revoke_tokens_of


def test_what_a_test_leaves_in_the_kernels_keyring_is_found_by_its_trail_and_revoked(desk: Desk) -> None:
    assert desk.start("made-up-token-0123").returncode == 0
    (opened,) = desk.incidents()
    name = f"mcp-doctor:{opened.id}"
    assert kernel_keyring.is_held(name)
    assert revoke_tokens_of(desk.home) == [name]
    assert not kernel_keyring.is_held(name)
    assert revoke_tokens_of(desk.home) == []
