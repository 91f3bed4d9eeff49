"""Keys that change: the new one is there before anybody hears of it, the old one is kept."""

import asyncio
import secrets
from pathlib import Path

import pytest

from config.errors import MisconfiguredError, UnavailableError
from config.settings import Settings
from node.home import Home, create_home
from node.key_changes import restart_engine, rotate_root
from node.keystore import (
    begin_key,
    create_keys,
    finish_key,
    load_key,
    load_retired_keys,
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = create_home(tmp_path / "home")
    create_keys(made.keys, random=secrets.token_bytes)
    return made


def test_a_successor_stays_the_same_until_it_takes_over(home: Home) -> None:
    """A command that was interrupted goes on with the key that the ledger may know already."""
    old = load_key(home.keys, "consensus")
    new = begin_key(home.keys, "consensus", random=secrets.token_bytes)
    assert begin_key(home.keys, "consensus", random=secrets.token_bytes) == new
    assert load_key(home.keys, "consensus") == old

    finish_key(home.keys, "consensus")

    assert load_key(home.keys, "consensus") == new
    assert load_retired_keys(home.keys, "consensus") == [old]


def test_every_key_that_was_given_up_is_kept(home: Home) -> None:
    """The engine's home may hold the last but one after two rotations without a start."""
    given_up = []
    for _ in range(3):
        given_up.append(load_key(home.keys, "consensus"))
        begin_key(home.keys, "consensus", random=secrets.token_bytes)
        finish_key(home.keys, "consensus")

    assert load_retired_keys(home.keys, "consensus") == given_up
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.keys.iterdir())


def test_an_engine_that_does_not_run_is_not_restarted(home: Home) -> None:
    """The next start begins with the new key."""
    with pytest.raises(UnavailableError, match="rochdale start"):
        restart_engine(home)


def _rotate(home: Home) -> None:
    asyncio.run(rotate_root(home, Settings(), now_ms=lambda: 0, random=secrets.token_bytes))


def test_the_root_rotates_only_with_the_key_that_is_kept_apart(home: Home) -> None:
    """It alone can replace the cooperative's key."""
    (home.keys / "cooperative-next.key").unlink()

    with pytest.raises(MisconfiguredError, match="keep apart"):
        _rotate(home)


def test_an_interrupted_rotation_of_the_root_is_finished(home: Home) -> None:
    """Between its last two steps the next key has no name yet."""
    later = begin_key(home.keys, "cooperative-next", random=secrets.token_bytes)
    (home.keys / "cooperative-next.key").unlink()

    _rotate(home)

    assert load_key(home.keys, "cooperative-next") == later
