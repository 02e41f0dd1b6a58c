"""One session for all the faults of a worker."""

from collections.abc import Iterator

import pytest

from tests.recovery.faults.stage import Stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """Its home is put back before every fault."""
    with Stage() as made:
        yield made
