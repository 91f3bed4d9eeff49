"""Homes and files of another user: told in a sentence, and nothing is left there."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.errors import MisconfiguredError
from ledger.store import create_store
from node import exit_codes
from node.home import Home, create_home, open_home
from node.lock import is_locked, take_lock
from node.resetting import set_aside
from tests.node.terminal import Terminal

_NOBODY = 65_534

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")


@pytest.fixture
def home() -> Iterator[Home]:
    """A node's, where every user may look: pytest's own directories are closed."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    made = create_home(directory / "home")
    made.settings_path.touch(mode=0o600)
    shutil.rmtree(made.ledger)
    create_store(made.ledger)
    yield made
    shutil.rmtree(directory)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be nobody, if this is root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def give_away(home: Home) -> None:
    """Let all of it be nobody's."""
    for path in [home.root, *home.root.rglob("*")]:
        os.chown(path, _NOBODY, _NOBODY)


@only_root
def test_root_leaves_nothing_in_the_home_of_a_user(home: Home, member_terminal: Terminal) -> None:
    """The node could not use what root made there; so each command names the user."""
    give_away(home)
    before = sorted(home.root.rglob("*"))

    for command in (("status",), ("ledger", "scrub"), ("ledger", "reset", "--yes"), ("start",)):
        said = " ".join(member_terminal.type(*command, "--home", home.root).split())
        assert member_terminal.code == exit_codes.MISCONFIGURED, command
        assert "belongs to nobody, whose node cannot use what root writes there" in said
        assert "sudo -u 'nobody' rochdale" in said

    assert sorted(home.root.rglob("*")) == before
    os.chown(home.root, 4_000_000_000, 0)
    assert "sudo -u '#4000000000'" in member_terminal.type("status", "--home", home.root)


@only_root
def test_a_home_that_is_closed_to_this_user_is_told(home: Home) -> None:
    """It is not missing."""
    with unprivileged(), pytest.raises(MisconfiguredError, match="run this as the user who owns"):
        open_home(home.root)


def test_a_lock_needs_to_be_read_only_to_be_looked_at(home: Home) -> None:
    """As on a disk that went read-only; and one that cannot be read is told."""
    home.root.chmod(0o755)
    descriptor = take_lock(home.lock_path, wait_s=0)
    home.lock_path.chmod(0o444)
    with unprivileged():
        assert is_locked(home.lock_path)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        assert not is_locked(home.lock_path)
    os.close(descriptor)
    home.lock_path.chmod(0)

    with unprivileged():
        with pytest.raises(MisconfiguredError, match=r"node\.lock cannot be opened .*chown -R"):
            is_locked(home.lock_path)
        with pytest.raises(MisconfiguredError, match=r"node\.lock cannot be opened .*chown -R"):
            take_lock(home.lock_path, wait_s=0)


def test_a_reset_that_may_not_move_a_file_says_where_the_rest_is(home: Home) -> None:
    """First where nothing can be made, then where only a part can be moved."""
    home.engine_data.mkdir(parents=True)
    (home.engine_data / "blockstore.db").mkdir()
    if os.geteuid() == 0:
        give_away(home)

    home.root.chmod(0o500)
    with unprivileged(), pytest.raises(MisconfiguredError, match="run this again as the user"):
        set_aside(home, keep_blocks=False)
    home.root.chmod(0o700)
    home.engine_data.chmod(0o500)
    with unprivileged(), pytest.raises(MisconfiguredError, match=r"put back what .*aside-1 holds"):
        set_aside(home, keep_blocks=False)

    home.engine_data.chmod(0o700)
    assert (home.root / "aside-1" / "ledger").is_dir()
    assert (home.engine_data / "blockstore.db").is_dir()
