"""Where a node's files lie."""

import os
import socket
from pathlib import Path

import pytest

from config.errors import MisconfiguredError
from config.limits import SOCKET_PATH_BYTES_MAX
from node.home import Home, create_home, open_home, prepare_run


def test_a_new_home_is_closed_to_others(tmp_path: Path) -> None:
    """Everything in it is the operator's alone."""
    home = create_home(tmp_path / "a" / "home")

    assert home.root.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in home.root.iterdir()} >= {"keys", "engine", "web", "logs"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.root.iterdir())


def test_never_overwrites_a_home(tmp_path: Path) -> None:
    """Keys lie there: the operator decides what becomes of them."""
    (tmp_path / "something").touch()

    with pytest.raises(MisconfiguredError, match="is not empty"):
        create_home(tmp_path)


def test_says_how_to_make_a_home_that_is_missing(tmp_path: Path) -> None:
    """The sentence holds the command."""
    with pytest.raises(MisconfiguredError, match=f"rochdale init --home {tmp_path}"):
        open_home(tmp_path)


def test_names_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """Such as below a file."""
    (tmp_path / "file").touch()

    with pytest.raises(MisconfiguredError, match="choose another place"):
        create_home(tmp_path / "file" / "home")


def test_sockets_move_to_a_short_path_when_the_home_is_deep(tmp_path: Path) -> None:
    """The engine fails on long socket paths."""
    deep = Home(tmp_path / ("x" * 100))

    assert len(os.fsencode(deep.discovery_socket)) <= SOCKET_PATH_BYTES_MAX
    assert deep.run != Home(tmp_path / ("y" * 100)).run
    prepare_run(deep)
    assert deep.run.stat().st_mode & 0o777 == 0o700
    assert deep.run.parent.stat().st_mode & 0o777 == 0o700
    deep.run.rmdir()


def test_clears_what_a_killed_run_left(tmp_path: Path) -> None:
    """An old socket would keep the engine from listening."""
    home = create_home(tmp_path / "h")
    home.run.mkdir(mode=0o755)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(home.rpc_socket))
    home.status_path.write_text("{}")

    prepare_run(home)

    assert list(home.run.iterdir()) == []
    assert home.run.stat().st_mode & 0o777 == 0o700


def test_refuses_a_run_directory_that_is_no_directory(tmp_path: Path) -> None:
    """Under /tmp anybody could have put something else there."""
    home = create_home(tmp_path / "h")
    home.run.symlink_to(tmp_path)

    with pytest.raises(MisconfiguredError, match="belongs to somebody else"):
        prepare_run(home)
