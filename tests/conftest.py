"""What tests of every part use.

Properties say what holds, not how fast: a busy machine must not fail them, so no example has a
deadline; a test as a whole has one (pyproject.toml). Set on import, because a property reads
its settings when it is defined.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile(
    "rochdale", settings.get_profile(settings.get_current_profile_name()), deadline=None
)
settings.load_profile("rochdale")


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A directory whose path leaves room for a socket's name."""
    directory = Path(tempfile.mkdtemp(prefix="rt-", dir="/tmp"))
    yield directory
    shutil.rmtree(directory)
