"""What is saved of a damaged keyring file is right, whatever the damage; swept over every byte of a real file."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.secret import Secret
from diagnostics.stores.keyring_file import MAGIC
from recovery.salvage.salvage import Salvage, Verdict, salvage
from tests.recovery.salvage.conftest import PASSWORD

_KEY = Secret(PASSWORD)
_RIGHT = {Verdict.WHOLE, Verdict.HEALED}


def pairs(found: Salvage) -> Counter[tuple[tuple[tuple[str, str], ...], str]]:
    return Counter((tuple(sorted(each.attributes.items())), each.secret.reveal()) for each in found.saved)


def test_a_whole_file_gives_everything(keyring_file: bytes) -> None:
    found = salvage(keyring_file, _KEY)
    assert found.verdict is Verdict.WHOLE
    assert len(found.saved) == 6
    assert not found.lost
    by_label = {each.label: each.secret for each in found.saved}
    assert by_label["gh"] == Secret("another program's")
    assert by_label["Password for 'name_2' on 'mcp-secrets'"] == Secret("value-2-" + "abcdefgh" * 2)


def test_bytes_that_are_no_text_come_back_byte_for_byte(binary_file: bytes) -> None:
    found = salvage(binary_file, _KEY)
    raw = [each.secret.reveal().encode("utf-8", "surrogateescape") for each in found.saved]
    assert bytes(range(256)) in raw


@pytest.mark.parametrize("cut", [10, 200])
def test_a_wrong_password_is_told_from_damage(keyring_file: bytes, cut: int) -> None:
    damaged = keyring_file[:-cut]
    assert salvage(damaged, _KEY).verdict is Verdict.DAMAGED
    assert salvage(damaged, Secret("wrong")).verdict is Verdict.NOTHING_FITS
    assert salvage(keyring_file, Secret("wrong")).verdict is Verdict.NOTHING_FITS


def test_every_flipped_bit_is_healed_or_told(keyring_file: bytes) -> None:
    """One bit of every byte: never a crash, never a wrong value, and only salt and iterations can't be healed."""
    whole = pairs(salvage(keyring_file, _KEY))
    seen: Counter[Verdict] = Counter()
    for at in range(len(keyring_file)):
        damaged = bytearray(keyring_file)
        damaged[at] ^= 1 << (at % 8)
        found = salvage(bytes(damaged), _KEY)
        assert pairs(found) <= whole, at
        if found.verdict in _RIGHT:
            assert pairs(found) == whole, at
        seen[found.verdict] += 1
    assert seen.total() == len(keyring_file)
    assert seen[Verdict.HEALED] > 500
    assert seen[Verdict.WHOLE] > 500
    assert seen[Verdict.NOTHING_FITS] + seen[Verdict.NOT_READABLE] + seen[Verdict.DAMAGED] <= 48


def test_every_overwritten_place_loses_only_what_stood_there(keyring_file: bytes) -> None:
    """Twenty foreign bytes at every fourth place: never a wrong value; most of the others are still saved."""
    whole = pairs(salvage(keyring_file, _KEY))
    begins = len(keyring_file) - salvage_length(keyring_file)
    saved = []
    for at in range(0, len(keyring_file) - 20, 4):
        damaged = keyring_file[:at] + random.Random(at).randbytes(20) + keyring_file[at + 20 :]
        found = salvage(damaged, _KEY, seconds=0.0)
        assert pairs(found) <= whole, at
        if at >= begins + 16:
            saved.append(len(found.saved))
    assert min(saved) >= 3
    assert sum(saved) / len(saved) > 4


def salvage_length(content: bytes) -> int:
    from diagnostics.stores.keyring_file import parse_header

    return parse_header(content).encrypted_length


def test_every_cut_keeps_what_stands_before_it(keyring_file: bytes) -> None:
    whole = pairs(salvage(keyring_file, _KEY))
    counts = []
    for cut in range(len(keyring_file)):
        found = salvage(keyring_file[:cut], _KEY, seconds=0.0)
        assert pairs(found) <= whole, cut
        counts.append(len(found.saved))
    assert counts == sorted(counts)
    assert counts[-200] >= 4
    assert counts[-10] >= 5


def test_bytes_of_another_program_survive_a_cut(binary_file: bytes) -> None:
    saved = salvage(binary_file[:-10], _KEY).saved
    assert bytes(range(256)) in [each.secret.reveal().encode("utf-8", "surrogateescape") for each in saved]


def test_no_bytes_pass_as_right_where_nothing_proves_them(binary_file: bytes) -> None:
    """Sixteen bytes within a value that is no text: nothing can tell that it is damaged, so it is not saved."""
    whole = pairs(salvage(binary_file, _KEY))
    for at in range(len(binary_file) - salvage_length(binary_file), len(binary_file) - 16, 5):
        damaged = binary_file[:at] + bytes(16) + binary_file[at + 16 :]
        assert pairs(salvage(damaged, _KEY, seconds=0.0)) <= whole, at


@pytest.mark.parametrize("appended", [b"\0" * 7, b"more" * 10])
def test_what_was_appended_does_no_harm(keyring_file: bytes, appended: bytes) -> None:
    assert salvage(keyring_file + appended, _KEY).verdict is Verdict.WHOLE


def test_a_garbled_mark_at_the_beginning_does_no_harm(keyring_file: bytes) -> None:
    found = salvage(bytes(16) + keyring_file[16:], _KEY)
    assert found.verdict is Verdict.WHOLE
    assert len(found.saved) == 6


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 4096, b"[keyring]\n", MAGIC, random.Random(7).randbytes(3000)]
)
def test_what_is_no_keyring_gives_nothing(content: bytes) -> None:
    assert salvage(content, _KEY).verdict is Verdict.NOT_READABLE


def test_an_entry_that_is_lost_is_counted_and_named_if_it_can_be(keyring_file: bytes) -> None:
    found = salvage(keyring_file[:-10], _KEY)
    assert len(found.saved) + len(found.lost) == 6


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600), st.integers(0, 3000), st.booleans())
def test_no_damage_at_all_makes_it_raise(junk: bytes, at: int, mark: bool) -> None:
    content = (MAGIC if mark else b"") + bytes(4) + junk
    salvage(content[:at] if at < len(content) else content, _KEY, seconds=0.0)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_damage_passes_a_wrong_value_as_right(keyring_file: bytes, data: st.DataObject) -> None:
    """Cuts, insertions, swaps and overwritten stretches, several at once."""
    whole = pairs(salvage(keyring_file, _KEY))
    content = keyring_file
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 64))
        content = content[:at] + data.draw(st.binary(max_size=64)) + content[at + length :]
    assert pairs(salvage(content, _KEY, seconds=0.0)) <= whole
