"""Property tests say what holds, not how fast: a busy machine must not fail them."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("governance", deadline=None)


@pytest.fixture(autouse=True, scope="package")
def _without_deadline() -> Iterator[None]:
    previous = settings.get_current_profile_name()
    settings.load_profile("governance")
    yield
    settings.load_profile(previous)
